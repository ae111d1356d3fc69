/** Constant values of schemas: their types, and when two are equal. */
import { isJsonObject, type JsonObject } from '../../../json.js'
import { refused, tooComplex } from './refusal.js'

/** Types as bits; true and false each have one. */
export const NULL = 1
export const FALSE = 2
export const TRUE = 4
export const NUMBER = 8
export const STRING = 16
export const ARRAY = 32
export const OBJECT = 64
export const BOOLEAN = FALSE | TRUE
export const ALL_TYPES = 127

const MOST_NESTED = 200

/** The type of a value, or 0 where JSON has none for it. */
export function typeOf(value: unknown): number {
  if (value === null) return NULL
  if (typeof value === 'boolean') return value ? TRUE : FALSE
  if (typeof value === 'number') return Number.isFinite(value) ? NUMBER : 0
  if (typeof value === 'string') return STRING
  return Array.isArray(value) ? ARRAY : isJsonObject(value) ? OBJECT : 0
}

/** The same text for equal values: -0 equals 0, and the order of properties does not count. */
export function keyOf(value: unknown, path: string, depth = 0): string {
  if (depth > MOST_NESTED) throw tooComplex(path, `a value is nested more than ${MOST_NESTED} deep`)
  if (Array.isArray(value)) return `[${value.map((item) => keyOf(item, path, depth + 1)).join()}]`
  if (isJsonObject(value)) {
    const pairs = Object.keys(value)
      .sort()
      .map((name) => `${JSON.stringify(name)}:${keyOf(value[name], path, depth + 1)}`)
    return `{${pairs.join()}}`
  }
  if (typeOf(value) === 0) throw refused(path, undefined, 'a value that JSON does not have')
  return JSON.stringify(value === 0 ? 0 : value)
}

/** Characters of a string as JSON Schema counts them: code points. */
export function lengthOf(value: string): number {
  return Array.from(value).length
}

/** A schema that allows just this array or object. */
export function constantSchema(value: unknown): JsonObject {
  if (Array.isArray(value)) {
    const prefixItems = (value as unknown[]).map((item) => ({ const: item }))
    return { type: 'array', prefixItems, items: false, minItems: value.length }
  }
  if (!isJsonObject(value)) return { const: value }
  const names = Object.keys(value)
  const properties = Object.fromEntries(names.map((name) => [name, { const: value[name] }]))
  return { type: 'object', properties, required: names, additionalProperties: false }
}
