/** BFCL's functions as tools of chat APIs: as bfcl-eval sends them to APIs of OpenAI's form, hints and all. */
import { jsonText } from '../../chat/python/json.js'
import { Dict, type Value } from '../../chat/python/values.js'
import { UserError } from '../../errors.js'
import type { JsonObject } from '../../json.js'
import type { CallLanguage } from './matcher.js'

/** A tool as chat APIs take it. */
export interface FunctionTool {
  readonly type: 'function'
  readonly function: { readonly name: string; readonly description: string; readonly parameters: JsonObject }
}

const HINTS: Readonly<Record<CallLanguage, string>> = {
  python: ' Note that the provided function is in Python 3 syntax.',
  java: ' Note that the provided function is in Java 8 SDK syntax.',
  javascript: ' Note that the provided function is in JavaScript syntax.',
}
const NAMES = { java: 'Java', javascript: 'JavaScript' } as const
const LISTS = { java: ['ArrayList', 'Array'], javascript: ['array'] } as const

/** Types of BFCL by the types of JSON Schema that they become. */
const SCHEMA_TYPES: Readonly<Record<string, readonly string[]>> = {
  integer: ['integer', 'byte', 'short', 'long', 'Bigint'],
  number: ['number', 'float', 'double'],
  string: ['string', 'any', 'char', 'Any', 'String'],
  boolean: ['boolean', 'bool'],
  array: ['array', 'list', 'tuple', 'ArrayList', 'Array', 'Queue', 'Stack'],
  object: ['dict', 'object', 'HashMap', 'Hashtable'],
}

/**
 * @param described a function as BFCL's data have it
 * @throws UserError for one that has no name, description or parameters
 */
export function toolOf(described: Value, language: CallLanguage): FunctionTool {
  const [name, description, parameters] = ['name', 'description', 'parameters'].map((key) => fieldOf(described, key))
  const properties = fieldOf(parameters, 'properties')
  if (
    typeof name !== 'string' ||
    typeof description !== 'string' ||
    !(parameters instanceof Dict && properties instanceof Dict)
  )
    throw new UserError(`a function of BFCL: expected a name, a description and parameters`, 'invalid_file')
  const hinted = language === 'python' ? properties : mapped(properties, (value) => asText(value, language))
  return {
    type: 'function',
    function: {
      name: name.replaceAll('.', '_'),
      description: description + HINTS[language],
      parameters: toJson(changed(parameters, { type: 'object', properties: schemas(hinted) })),
    },
  }
}

/** Values of Java and JavaScript are written as text, and the description says how. */
function asText(value: Value, language: 'java' | 'javascript'): Value {
  if (!(value instanceof Dict)) return value
  const [items, properties] = [value.get('items'), value.get('properties')]
  const type = textOf(value.get('type'))
  const isList = (LISTS[language] as readonly string[]).includes(type)
  const isDict = language === 'javascript' && type === 'dict' && properties !== undefined
  const said = [
    type === 'any'
      ? ` This parameter can be of any type of ${NAMES[language]} object in string representation.`
      : ` This is ${NAMES[language]} ${type} type parameter in string representation.`,
    isList
      ? ` The list elements are of type ${textOf(fieldOf(items, 'type'))}; they are not in string representation.`
      : '',
    isDict
      ? ` The dictionary entries have the following schema; they are not in string representation. ${jsonText(properties, { ensureAscii: true })}`
      : '',
  ]
  const described = value.entries().filter(([key]) => !(key === 'items' && isList) && !(key === 'properties' && isDict))
  return changed(Dict.of(described), { type: 'string', description: textOf(value.get('description')) + said.join('') })
}

function schemas(properties: Dict): Dict {
  return mapped(properties, (value) => (value instanceof Dict ? schemaOf(value) : value))
}

function schemaOf(value: Dict): Dict {
  const given = value.get('type')
  const type = typeof given === 'string' ? schemaType(given) : 'string'
  const description = `${textOf(value.get('description'))} This is a float type value.`
  const [properties, items] = [value.get('properties'), value.get('items')]
  const isNested = type === 'array' || type === 'object'
  return changed(value, {
    ...(given === 'float' && { format: 'float', description }),
    type,
    ...(isNested && properties instanceof Dict
      ? { properties: schemas(properties) }
      : isNested && items instanceof Dict && { items: itemsOf(items) }),
  })
}

/** Two levels of lists, as the reference goes. */
function itemsOf(items: Dict): Dict {
  const type = schemaType(textOf(items.get('type')))
  const [inner, properties] = [items.get('items'), items.get('properties')]
  return changed(items, {
    type,
    ...(type === 'array' &&
      inner instanceof Dict && { items: changed(inner, { type: schemaType(textOf(inner.get('type'))) }) }),
    ...(type === 'object' && properties instanceof Dict && { properties: schemas(properties) }),
  })
}

function schemaType(name: string): string {
  return Object.entries(SCHEMA_TYPES).find(([, names]) => names.includes(name))?.[0] ?? 'string'
}

function textOf(value: Value | undefined): string {
  return typeof value === 'string' ? value : ''
}

function fieldOf(value: Value | undefined, key: string): Value | undefined {
  return value instanceof Dict ? value.get(key) : undefined
}

function changed(dict: Dict, changes: Readonly<Record<string, Value>>): Dict {
  return Dict.of([...dict.entries(), ...Object.entries(changes)])
}

function mapped(dict: Dict, change: (value: Value) => Value): Dict {
  return Dict.of(dict.entries().map(([key, value]): [Value, Value] => [key, change(value)]))
}

/** In which 1.0 is 1. */
export function toJson(dict: Dict): JsonObject {
  return JSON.parse(jsonText(dict)) as JsonObject
}
