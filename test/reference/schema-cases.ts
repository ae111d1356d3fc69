// Schemas of others: the groups of JSON-Schema-Test-Suite in each draft that is there, every schema within them, the same in
// the words of draft-07, and the components of OpenAI's own interface, each with what it refers to.
import { readFileSync, readdirSync } from 'node:fs'
import { parse } from 'yaml'
import { isJsonObject, type JsonObject } from '../../src/json.js'
import type { Draft } from '../grammar/validators.js'
import { reference } from './folder.js'

export interface Instance {
  readonly data: unknown
  readonly valid: boolean
}

export interface SchemaCase {
  readonly name: string
  readonly draft: Draft
  readonly schema: unknown
  readonly tests: readonly Instance[]
}

interface Group {
  readonly description: string
  readonly schema: unknown
  readonly tests: readonly Instance[]
}

/** Places of schemas within a schema: one, a list, or by name. */
const ONE = ['additionalProperties', 'items', 'not', 'if', 'then', 'else', 'contains', 'propertyNames', 'additionalItems', 'unevaluatedItems', 'unevaluatedProperties'] // prettier-ignore
const LIST = ['allOf', 'anyOf', 'oneOf', 'prefixItems', 'items']
const NAMED = ['properties', 'patternProperties', '$defs', 'definitions', 'dependentSchemas']

/** The schemas directly within one, each once. */
function within(schema: JsonObject): unknown[] {
  const one = ONE.map((key) => schema[key])
  const lists = LIST.flatMap((key) => (Array.isArray(schema[key]) ? (schema[key] as unknown[]) : []))
  const named = NAMED.flatMap((key) => (isJsonObject(schema[key]) ? Object.values(schema[key]) : []))
  return [...one, ...lists, ...named].filter(isJsonObject)
}

/** A schema and all within it. */
export function schemasOf(schema: unknown): JsonObject[] {
  return isJsonObject(schema) ? [schema, ...within(schema).flatMap(schemasOf)] : []
}

const DRAFTS: Readonly<Record<string, Draft>> = { 'draft2020-12': '2020-12', draft7: 'draft-07' }

/** The groups of the suite, those of its folder of optional behaviour too. */
export function suiteCases(): SchemaCase[] {
  const root = reference('real/json-schema')
  return Object.entries(DRAFTS).flatMap(([folder, draft]) => {
    if (!readdirSync(root).includes(folder)) return []
    const files = readdirSync(`${root}/${folder}`, { recursive: true, encoding: 'utf8' }).sort()
    return files
      .filter((file) => file.endsWith('.json'))
      .flatMap((file) => {
        const groups = JSON.parse(readFileSync(`${root}/${folder}/${file}`, 'utf8')) as Group[]
        return groups.map(({ description, schema, tests }) => ({ name: `${folder}/${file}: ${description}`, draft, schema, tests })) // prettier-ignore
      })
  })
}

/** What stands within the groups' schemas, as schemas of their own, with the definitions of the whole. None twice. */
export function innerCases(groups: readonly SchemaCase[]): SchemaCase[] {
  const seen = new Set(groups.map(({ schema, draft }) => draft + JSON.stringify(schema)))
  return groups.flatMap(({ name, draft, schema, tests }) =>
    schemasOf(schema)
      .slice(1)
      .map((inner, i): SchemaCase => {
        const { $defs, definitions } = schema as JsonObject
        const whole = {
          ...($defs !== undefined && { $defs }),
          ...(definitions !== undefined && { definitions }),
          ...inner,
        }
        return { name: `${name}, within it ${i}`, draft, schema: whole, tests: tests.map(({ data }) => ({ data, valid: false })) } // prettier-ignore
      })
      .filter((inner) => {
        const key = draft + JSON.stringify(inner.schema)
        return !seen.has(key) && seen.add(key) !== undefined
      }),
  )
}

const MODERN = ['unevaluatedItems', 'unevaluatedProperties', '$dynamicRef', '$dynamicAnchor', '$anchor', '$id', 'minContains', 'maxContains', '$vocabulary'] // prettier-ignore

/** The groups that draft-07 has words for, in them. */
export function olderCases(groups: readonly SchemaCase[]): SchemaCase[] {
  return groups
    .filter(({ draft, schema }) => draft === '2020-12' && isJsonObject(schema))
    .filter(({ schema }) => schemasOf(schema).every((part) => MODERN.every((key) => part[key] === undefined)))
    .map(({ name, schema, tests }) => ({
      name: `${name}, as draft-07`,
      draft: 'draft-07',
      schema: { ...(older(schema) as JsonObject), $schema: 'http://json-schema.org/draft-07/schema#' },
      tests,
    }))
}

function older(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(older)
  if (!isJsonObject(schema)) return schema
  const { prefixItems, items, dependentSchemas, dependentRequired, $defs, ...rest } = schema
  const kept = Object.entries(rest).map(([key, value]): [string, unknown] => {
    if (key === '$ref' && typeof value === 'string') return [key, value.replace('#/$defs/', '#/definitions/')]
    if (['const', 'enum', 'default', 'required'].includes(key)) return [key, value]
    return [key, NAMED.includes(key) ? named(value) : older(value)]
  })
  const dependencies = { ...(named(dependentSchemas) as object), ...(dependentRequired as object) }
  return {
    ...Object.fromEntries(kept),
    ...($defs !== undefined && { definitions: named($defs) }),
    ...(prefixItems !== undefined && { items: older(prefixItems) }),
    ...(items !== undefined && { [prefixItems === undefined ? 'items' : 'additionalItems']: older(items) }),
    ...(Object.keys(dependencies).length > 0 && { dependencies }),
  }
}

/** Schemas by name: the names are no keywords. */
function named(value: unknown): unknown {
  if (!isJsonObject(value)) return value
  return Object.fromEntries(Object.entries(value).map(([name, schema]) => [name, older(schema)]))
}

const COMPONENTS = '#/components/schemas/'

/** The components of an OpenAPI file, each with the others that it needs. */
export function componentCases(): SchemaCase[] {
  const text = readFileSync(reference('real/api/openai-openapi.yaml'), 'utf8')
  const { schemas } = (parse(text, { maxAliasCount: -1 }) as { components: { schemas: JsonObject } }).components
  return Object.keys(schemas).map((name) => {
    const needed = new Set([name])
    for (const part of needed)
      for (const [, other] of JSON.stringify(schemas[part]).matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g))
        needed.add(other!)
    const components = { schemas: Object.fromEntries([...needed].map((part) => [part, schemas[part]])) }
    return { name: `OpenAPI: ${name}`, draft: '2020-12', schema: { $ref: COMPONENTS + name, components }, tests: [] }
  })
}
