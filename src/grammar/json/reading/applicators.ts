/** The schemas that a schema applies to the value itself. */
import { isJsonObject } from '../../../json.js'
import { Keywords, namesIn } from './keywords.js'
import type { Reading } from './reading.js'
import { expected, refused, tooComplex } from './refusal.js'
import type { Goal, Schema } from './schemas.js'

export interface Applicators {
  /** $ref, $dynamicRef, $recursiveRef and allOf. */
  readonly all: readonly Goal[]
  /** anyOf, and oneOf, of which exactly one holds. */
  readonly some: readonly { readonly keyword: string; readonly goals: readonly Goal[]; readonly exactly: boolean }[]
  readonly not: Goal | undefined
  readonly conditions: readonly { readonly condition: Goal; readonly then: Goal; readonly otherwise: Goal }[]
  /** What holds where a property is there. */
  readonly dependent: readonly { readonly name: string; readonly goal: Goal; readonly required: readonly string[] }[]
  readonly unevaluated: { readonly properties: Goal | undefined; readonly items: Goal | undefined } | undefined
}

const KEYWORDS = [
  ...['$ref', '$dynamicRef', '$recursiveRef', 'allOf', 'anyOf', 'oneOf', 'not', 'if', 'then', 'else'],
  ...['dependentSchemas', 'dependentRequired', 'dependencies', 'unevaluatedProperties', 'unevaluatedItems'],
]

const known = new WeakMap<Schema, Applicators | undefined>()

/** Undefined where there are none. @throws UserError where one is malformed */
export function applicatorsOf(schema: Schema, reading: Reading): Applicators | undefined {
  if (!known.has(schema)) known.set(schema, read(schema, reading))
  return known.get(schema)
}

function read(schema: Schema, reading: Reading): Applicators | undefined {
  if (typeof schema.raw === 'boolean') return undefined
  const keywords = new Keywords(schema, reading.schemas)
  if (!KEYWORDS.some((keyword) => keywords.has(keyword))) return undefined
  const references = ['$ref', '$dynamicRef', '$recursiveRef'].filter((keyword) => keywords.has(keyword))
  const { anything } = reading.schemas
  const condition = keywords.goal('if')
  const [then, otherwise] = [keywords.goal('then') ?? anything, keywords.goal('else') ?? anything]
  const [properties, items] = [keywords.goal('unevaluatedProperties'), keywords.goal('unevaluatedItems')]
  return {
    all: [...references.map((keyword) => reading.target(schema, keyword)), ...list(keywords, 'allOf')],
    some: ['anyOf', 'oneOf'].flatMap((keyword) =>
      keywords.has(keyword) ? [{ keyword, goals: list(keywords, keyword), exactly: keyword === 'oneOf' }] : [],
    ),
    not: keywords.goal('not'),
    conditions: condition ? [{ condition, then, otherwise }] : [],
    dependent: [...dependent(keywords, anything), ...dependencies(keywords, schema, reading)],
    unevaluated: properties || items ? { properties, items } : undefined,
  }
}

function list(keywords: Keywords, keyword: string): readonly Goal[] {
  const goals = keywords.goals(keyword)
  if (keywords.has(keyword) && goals.length === 0)
    throw expected(keywords.path, keyword, 'an array of schemas', keywords.get(keyword))
  return goals
}

function dependent(keywords: Keywords, anything: Goal): Applicators['dependent'] {
  const required = keywords.record('dependentRequired').map(([name, names]) => {
    const fault = (): Error => expected(keywords.path, 'dependentRequired', 'arrays of names', names)
    if (!Array.isArray(names)) throw fault()
    return { name, goal: anything, required: namesIn(names, fault) }
  })
  return [
    ...required,
    ...keywords.goalsByName('dependentSchemas').map(([name, goal]) => ({ name, goal, required: [] })),
  ]
}

/** Up to draft 7, both in one keyword. */
function dependencies(keywords: Keywords, schema: Schema, { schemas }: Reading): Applicators['dependent'] {
  return keywords.record('dependencies').map(([name, value]) => {
    if (!Array.isArray(value) && (isJsonObject(value) || typeof value === 'boolean'))
      return { name, goal: schemas.part(schema, value, 'dependencies', name), required: [] }
    const fault = (): Error => expected(keywords.path, 'dependencies', 'schemas or arrays of names', value)
    if (!Array.isArray(value)) throw fault()
    return { name, goal: schemas.anything, required: namesIn(value, fault) }
  })
}

/** Schemas that apply to one value through each other. */
const MOST_NESTED = 100
const checked = new WeakSet<Schema>()

/** @throws UserError where a schema applies to a value only if it applies to the same value, as `{"$ref":"#"}` does */
export function checkLoops(schema: Schema, reading: Reading): void {
  if (!checked.has(schema)) follow(schema, reading, new Set())
}

function follow(schema: Schema, reading: Reading, around: Set<Schema>): void {
  if (checked.has(schema)) return
  if (around.has(schema)) throw refused(schema.path, undefined, 'the schema leads to itself without a value in between')
  if (around.size >= MOST_NESTED)
    throw tooComplex(schema.path, `more than ${MOST_NESTED} schemas apply through each other`)
  around.add(schema)
  for (const goal of inPlace(applicatorsOf(schema, reading)))
    for (const literal of goal.literals) follow(literal.schema, reading, around)
  around.delete(schema)
  checked.add(schema)
}

function inPlace(applicators: Applicators | undefined): readonly Goal[] {
  if (!applicators) return []
  const { all, some, not, conditions, dependent: named } = applicators
  return [
    ...all,
    ...some.flatMap(({ goals }) => goals),
    ...(not ? [not] : []),
    ...conditions.flatMap(({ condition, then, otherwise }) => [condition, then, otherwise]),
    ...named.map(({ goal }) => goal),
  ]
}
