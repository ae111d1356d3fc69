/** Several schemas that must hold together as one, where that can be said in one; and schemas that exclude each other. */
import { invalidGrammar } from './ebnf.js'
import { TYPES, isOfType, type JsonSchema, type SchemaObject, type TypeName } from './schema-types.js'

/** Keywords that say nothing about what is allowed. */
const ANNOTATIONS = new Set([
  ...['title', 'description', 'default', 'examples', 'deprecated', 'readOnly', 'writeOnly', '$comment', '$schema'],
  ...['$defs', 'definitions', '$id', '$anchor', 'contentEncoding', 'contentMediaType', 'contentSchema'],
])

/** One schema that allows what all of `schemas` allow. @throws UserError invalid_grammar where it cannot be said in one. */
export function mergeSchemas(schemas: readonly JsonSchema[], path: string): JsonSchema {
  let merged: Record<string, unknown> = {}
  for (const schema of schemas) {
    if (schema === false) return false
    if (schema === true) continue
    merged = mergeTwo(merged, schema, path)
  }
  return merged
}

function mergeTwo(a: SchemaObject, b: SchemaObject, path: string): Record<string, unknown> {
  const merged: Record<string, unknown> = { ...a }
  const closing = closedBy(a, b, path)
  // items is about what prefixItems of the same schema leaves.
  if ('prefixItems' in a !== 'prefixItems' in b && ('items' in a || 'items' in b))
    throw invalidGrammar(`${path}: items of one schema against prefixItems of another is not supported`)
  for (const [keyword, value] of Object.entries(b)) {
    if (ANNOTATIONS.has(keyword)) continue
    merged[keyword] = Object.hasOwn(a, keyword) ? both(keyword, a[keyword], value, path) : value
  }
  return { ...merged, ...closing }
}

/** What both values of one keyword say together. */
function both(keyword: string, a: unknown, b: unknown, path: string): unknown {
  if (JSON.stringify(a) === JSON.stringify(b)) return a
  switch (keyword) {
    case 'type':
      return commonTypes(a, b, path)
    case 'minimum':
    case 'exclusiveMinimum':
    case 'minLength':
    case 'minItems':
    case 'minProperties':
      return Math.max(Number(a), Number(b))
    case 'maximum':
    case 'exclusiveMaximum':
    case 'maxLength':
    case 'maxItems':
    case 'maxProperties':
      return Math.min(Number(a), Number(b))
    case 'required':
      return [...new Set([...(a as string[]), ...(b as string[])])]
    case 'properties':
      return joined(a as SchemaObject, b as SchemaObject)
    case 'items':
      return { allOf: [a, b] }
    case 'allOf':
      return [...(a as unknown[]), ...(b as unknown[])]
    case 'enum': {
      const texts = new Set((b as unknown[]).map((value) => JSON.stringify(value)))
      return (a as unknown[]).filter((value) => texts.has(JSON.stringify(value)))
    }
    default:
      throw invalidGrammar(`${path}: two values of ${keyword} that must hold together are not supported`)
  }
}

function joined(a: SchemaObject, b: SchemaObject): SchemaObject {
  const names = [...new Set([...Object.keys(a), ...Object.keys(b)])]
  return Object.fromEntries(
    names.map((name) => [
      name,
      Object.hasOwn(a, name) && Object.hasOwn(b, name) ? { allOf: [a[name], b[name]] } : (a[name] ?? b[name]),
    ]),
  )
}

/** A schema with additionalProperties is about the other's properties too. */
function closedBy(a: SchemaObject, b: SchemaObject, path: string): Record<string, unknown> {
  const [own, others] = [(a['properties'] ?? {}) as SchemaObject, (b['properties'] ?? {}) as SchemaObject]
  const [closedA, closedB] = [a['additionalProperties'] ?? true, b['additionalProperties'] ?? true]
  const extraA = Object.keys(others).filter((name) => !Object.hasOwn(own, name))
  const extraB = Object.keys(own).filter((name) => !Object.hasOwn(others, name))
  if ((closedA !== true && extraA.length > 0) || (closedB !== true && extraB.length > 0))
    throw invalidGrammar(`${path}: additionalProperties of one schema against properties of another is not supported`)
  if (closedA !== true && closedB !== true && JSON.stringify(closedA) !== JSON.stringify(closedB))
    return { additionalProperties: closedA === false || closedB === false ? false : { allOf: [closedA, closedB] } }
  return closedA === true && closedB === true ? {} : { additionalProperties: closedA === true ? closedB : closedA }
}

function commonTypes(a: unknown, b: unknown, path: string): TypeName[] {
  const left = [a].flat() as TypeName[]
  const right = [b].flat() as TypeName[]
  const common = TYPES.filter((type) => allows(left, type) && allows(right, type))
  if (common.length === 0) throw invalidGrammar(`${path}/type: ${left.join()} and ${right.join()} exclude each other`)
  return common
}

function allows(types: readonly TypeName[], type: TypeName): boolean {
  return types.includes(type) || (type === 'integer' && types.includes('number'))
}

/** True where no value can satisfy two of the schemas: by their types, or by fixed values of the same property. */
export function disjoint(schemas: readonly JsonSchema[]): boolean {
  return schemas.every((a, i) => schemas.slice(i + 1).every((b) => exclude(a, b)))
}

function exclude(a: JsonSchema, b: JsonSchema): boolean {
  if (a === false || b === false) return true
  if (a === true || b === true) return false
  const [left, right] = [kindsOf(a), kindsOf(b)]
  if (left && right && !left.some((type) => right.some((other) => overlap(type, other)))) return true
  const [fixedA, fixedB] = [fixedOf(a), fixedOf(b)]
  if (fixedA && fixedB) return !fixedA.some((value) => fixedB.includes(value))
  const required = (s: SchemaObject): unknown[] => (Array.isArray(s['required']) ? s['required'] : [])
  const [propsA, propsB] = [(a['properties'] ?? {}) as SchemaObject, (b['properties'] ?? {}) as SchemaObject]
  return Object.keys(propsA).some((name) => {
    if (!required(a).includes(name) || !required(b).includes(name)) return false
    const [x, y] = [fixedOf(propsA[name]), fixedOf(propsB[name])]
    return x !== undefined && y !== undefined && !x.some((value) => y.includes(value))
  })
}

function overlap(a: TypeName, b: TypeName): boolean {
  return a === b || [a, b].every((type) => type === 'integer' || type === 'number')
}

function kindsOf(s: SchemaObject): TypeName[] | undefined {
  if (s['type'] !== undefined) return [s['type']].flat() as TypeName[]
  const fixed = 'const' in s ? [s['const']] : (s['enum'] as unknown[] | undefined)
  return fixed && TYPES.filter((type) => fixed.some((value) => isOfType(value, type)))
}

/** The values that a schema allows, as text, if it names them. */
function fixedOf(schema: unknown): string[] | undefined {
  if (typeof schema !== 'object' || schema === null) return undefined
  const s = schema as SchemaObject
  const values = 'const' in s ? [s['const']] : s['enum']
  return Array.isArray(values) ? values.map((value) => JSON.stringify(value)) : undefined
}
