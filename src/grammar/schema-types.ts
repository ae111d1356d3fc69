import { isJsonObject } from '../json.js'

/** A schema in JSON; `true` allows everything, `false` nothing. */
export type JsonSchema = boolean | { readonly [keyword: string]: unknown }
export type SchemaObject = Exclude<JsonSchema, boolean>

export const TYPES = ['object', 'array', 'string', 'number', 'integer', 'boolean', 'null'] as const
export type TypeName = (typeof TYPES)[number]

/** Whether a value is of a type as JSON schema counts: 1.0 is an integer, a list is no object. */
export function isOfType(value: unknown, type: TypeName): boolean {
  switch (type) {
    case 'null':
      return value === null
    case 'array':
      return Array.isArray(value)
    case 'object':
      return isJsonObject(value)
    case 'integer':
      return Number.isInteger(value)
    default:
      return typeof value === type
  }
}
