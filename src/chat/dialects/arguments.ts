import { isJsonObject, type JsonObject } from '../../json.js'
import type { ToolDefinition } from '../message.js'
import type { JsonType } from './dialect.js'
import { percentDecoded } from '../../percent.js'
import { repaired } from '../json-repair.js'
import { pythonValue } from './python-call.js'

/** The text, trimmed, if it is a JSON object, or one once it is mended; `{}` for none at all. */
export function jsonObject(text: string): string | undefined {
  const trimmed = text.trim()
  if (trimmed === '') return '{}'
  if (isJsonObject(parsed(trimmed))) return trimmed
  const mended = repaired(trimmed)
  return mended !== trimmed && isJsonObject(parsed(mended)) ? mended : undefined
}

/** The members of a JSON object with the text of their values, as it was written; undefined for anything else. */
export function jsonMembers(text: string): Map<string, string> | undefined {
  const object = jsonObject(text)
  if (object === undefined) return undefined
  const members = new Map<string, string>()
  let key: string | undefined
  let start = 1
  let depth = 0
  for (let i = 0; i < object.length; i++) {
    const c = object[i]!
    if (c === '"') {
      const end = stringEnd(object, i)
      if (depth === 1 && key === undefined) key = JSON.parse(object.slice(i, end)) as string
      i = end - 1
    } else if (c === ':' && depth === 1) start = i + 1
    else if (c === '{' || c === '[') depth++
    else if (c === '}' || c === ']' || (c === ',' && depth === 1)) {
      if (c !== ',') depth--
      if (key === undefined || depth > (c === ',' ? 1 : 0)) continue
      // Of several the first counts: it may have been given out already.
      if (!members.has(key)) members.set(key, object.slice(start, i).trim())
      key = undefined
    }
  }
  return members
}

/** After the closing quote. */
function stringEnd(text: string, start: number): number {
  let i = start + 1
  while (i < text.length && text[i] !== '"') i += text[i] === '\\' ? 2 : 1
  return i + 1
}

/** A call that was written as JSON. */
export interface JsonCall {
  readonly name: string
  readonly args: string
  readonly id: string | undefined
}

/** What models call the arguments, where their family has no name of its own for them. */
export const ARGUMENT_KEYS: readonly string[] = ['arguments', 'parameters']

export function hasArguments(members: ReadonlyMap<string, string>): boolean {
  return ARGUMENT_KEYS.some((key) => members.has(key))
}

/** A call from a JSON object's members, `{"name": ..., "arguments": {...}}`, by a family's keys or by those that most have. */
export function memberCall(
  members: ReadonlyMap<string, string>,
  nameKey = 'name',
  argumentsKey = 'arguments',
  idKey = 'id',
): JsonCall | undefined {
  const name = string(members.get(nameKey) ?? members.get('name'))
  if (name === undefined || name === '') return undefined
  const given = members.get(argumentsKey) ?? members.get('arguments') ?? members.get('parameters') ?? ''
  // Some models write the object as a string, and null where a tool has no arguments.
  const args = given === 'null' ? '{}' : jsonObject(string(given) ?? given)
  return args === undefined ? undefined : { name, args, id: string(members.get(idKey)) }
}

function string(json: string | undefined): string | undefined {
  const value = json === undefined ? undefined : parsed(json)
  return typeof value === 'string' ? value : undefined
}

/**
 * JSON text of a value that was written without quotes: the schema says whether it is a string. Without a schema it is a
 * string, or, where `untyped` is json, whatever it parses to.
 */
export function typedValue(raw: string, types: ReadonlySet<JsonType> | undefined, untyped: 'string' | 'json'): string {
  const quoted = JSON.stringify(raw)
  if (!types && untyped === 'string') return quoted
  const trimmed = raw.trim()
  // Some templates print a nested value as Python does.
  const text = typeOf(trimmed) === undefined ? (pythonValue(trimmed) ?? trimmed) : trimmed
  const type = typeOf(text)
  if (type === undefined) return quoted
  if (!types) return text
  if (types.has(type) && type !== 'string') return text
  if (types.has('string')) return quoted
  // The model's value is of another type than the schema says: say what it said.
  return text
}

/** The type of JSON text, undefined for what is none. */
function typeOf(text: string): JsonType | undefined {
  const value = parsed(text)
  if (value === undefined) return undefined
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'array'
  return typeof value as JsonType
}

/** A schema and what its references are into. */
export interface Schema {
  readonly own: unknown
  readonly root: JsonObject
}

/** The schema of a tool's arguments. */
export function toolSchema(tools: readonly ToolDefinition[], tool: string): Schema {
  const parameters = tools.find(({ function: f }) => f.name === tool)?.function.parameters
  return { own: parameters, root: isJsonObject(parameters) ? parameters : {} }
}

/** The schema of a member; undefined as its own where there is none. */
export function propertySchema(schema: Schema, key: string): Schema {
  return within(schema, (object) => {
    const properties = object['properties']
    if (isJsonObject(properties) && Object.hasOwn(properties, key)) return properties[key]
    return isJsonObject(object['additionalProperties']) ? object['additionalProperties'] : undefined
  })
}

/** The schema of a list's items. */
export function itemSchema(schema: Schema): Schema {
  return within(schema, (list) => list['items'])
}

/** What the schema has, or the first of its alternatives that has it. */
function within({ own, root }: Schema, of: (schema: JsonObject) => unknown, depth = 0): Schema {
  const none = { own: undefined, root }
  if (!isJsonObject(own) || depth > 8) return none
  const found = of(own)
  if (found !== undefined) return { own: found, root }
  const parts: unknown[] = ['anyOf', 'oneOf', 'allOf'].flatMap((key) => [own[key] ?? []].flat())
  if (typeof own['$ref'] === 'string') parts.push(referred(root, own['$ref']))
  return parts.map((part) => within({ own: part, root }, of, depth + 1)).find((part) => part.own !== undefined) ?? none
}

/** The types that a tool's schema allows for an argument; undefined where it does not say. */
export function argumentTypes(
  tools: readonly ToolDefinition[],
  tool: string,
  key: string,
): ReadonlySet<JsonType> | undefined {
  const { own, root } = propertySchema(toolSchema(tools, tool), key)
  return own === undefined ? undefined : typesOf(own, root)
}

/** The types that a schema allows, whose references are into `root`; undefined where it does not say. */
export function typesOf(schema: unknown, root: JsonObject): ReadonlySet<JsonType> | undefined {
  const types = new Set<JsonType>()
  addTypes(schema, types, root, 0)
  return types.size > 0 ? types : undefined
}

function addTypes(schema: unknown, types: Set<JsonType>, root: JsonObject, depth: number): void {
  if (!isJsonObject(schema) || depth > 8) return
  if (typeof schema['$ref'] === 'string') addTypes(referred(root, schema['$ref']), types, root, depth + 1)
  for (const type of [schema['type']].flat()) {
    if (type === 'integer') types.add('number')
    else if (isJsonType(type)) types.add(type)
  }
  for (const value of [schema['enum'] ?? []].flat()) types.add(typeOf(JSON.stringify(value)) ?? 'string')
  if ('const' in schema) types.add(typeOf(JSON.stringify(schema['const'])) ?? 'string')
  for (const key of ['anyOf', 'oneOf', 'allOf']) {
    for (const part of [schema[key] ?? []].flat()) addTypes(part, types, root, depth + 1)
  }
}

/** What a reference inside of a schema is to; undefined where it is to nothing there. */
export function referred(root: unknown, reference: string): unknown {
  if (!/^#(\/|$)/.test(reference)) return undefined
  let found = root
  for (const part of reference.slice(1).split('/').slice(1)) {
    const key = percentDecoded(part).replaceAll('~1', '/').replaceAll('~0', '~')
    if (!isJsonObject(found) || !Object.hasOwn(found, key)) return undefined
    found = found[key]
  }
  return found
}

function isJsonType(type: unknown): type is JsonType {
  return ['string', 'number', 'boolean', 'null', 'object', 'array'].includes(type as string)
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
