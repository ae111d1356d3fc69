/** BFCL's functions as tools of chat APIs: as bfcl-eval sends them to APIs of OpenAI's form, hints and all. */
import { UserError } from '../../errors.js'
import type { JsonObject } from '../../json.js'
import type { CallLanguage } from './matcher.js'
import { Float, isList, isObject, writeValue, type Value, type ValueObject } from './values.js'

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
  const [name, description, parameters] = isObject(described)
    ? [described['name'], described['description'], described['parameters']]
    : []
  const properties = isObject(parameters) ? parameters['properties'] : undefined
  if (typeof name !== 'string' || typeof description !== 'string' || !isObject(parameters) || !isObject(properties))
    throw new UserError(`a function of BFCL: expected a name, a description and parameters`, 'invalid_file')
  const hinted = language === 'python' ? properties : mapValues(properties, (value) => asText(value, language))
  return {
    type: 'function',
    function: {
      name: name.replaceAll('.', '_'),
      description: description + HINTS[language],
      parameters: plain({ ...parameters, type: 'object', properties: schemas(hinted) }) as JsonObject,
    },
  }
}

/** Values of Java and JavaScript are written as text, and the description says how. */
function asText(value: Value, language: 'java' | 'javascript'): Value {
  if (!isObject(value)) return value
  const { items, properties, ...rest } = value
  const type = typeof value['type'] === 'string' ? value['type'] : ''
  const isList = (LISTS[language] as readonly string[]).includes(type)
  const isDict = language === 'javascript' && type === 'dict' && properties !== undefined
  const itemType = isObject(items) && typeof items['type'] === 'string' ? items['type'] : ''
  const said = [
    type === 'any'
      ? ` This parameter can be of any type of ${NAMES[language]} object in string representation.`
      : ` This is ${NAMES[language]} ${type} type parameter in string representation.`,
    isList ? ` The list elements are of type ${itemType}; they are not in string representation.` : '',
    isDict
      ? ` The dictionary entries have the following schema; they are not in string representation. ${writeValue(properties)}`
      : '',
  ]
  return {
    ...rest,
    ...(items === undefined || isList ? {} : { items }),
    ...(properties === undefined || isDict ? {} : { properties }),
    type: 'string',
    description: textOf(value['description']) + said.join(''),
  }
}

function schemas(properties: ValueObject): ValueObject {
  return mapValues(properties, (value) => (isObject(value) ? schemaOf(value) : value))
}

function schemaOf(value: ValueObject): ValueObject {
  const given = value['type']
  const type = typeof given === 'string' ? schemaType(given) : 'string'
  const floats =
    given === 'float'
      ? { format: 'float', description: `${textOf(value['description'])} This is a float type value.` }
      : {}
  const { properties, items } = value
  const isNested = type === 'array' || type === 'object'
  const nested = !isNested
    ? {}
    : isObject(properties)
      ? { properties: schemas(properties) }
      : isObject(items)
        ? { items: itemsOf(items) }
        : {}
  return { ...value, ...floats, type, ...nested }
}

/** Two levels of lists, as the reference goes. */
function itemsOf(items: ValueObject): ValueObject {
  const type = schemaType(textOf(items['type']))
  const { items: inner, properties } = items
  if (type === 'array' && isObject(inner))
    return { ...items, type, items: { ...inner, type: schemaType(textOf(inner['type'])) } }
  if (type === 'object' && isObject(properties)) return { ...items, type, properties: schemas(properties) }
  return { ...items, type }
}

function schemaType(name: string): string {
  return Object.entries(SCHEMA_TYPES).find(([, names]) => names.includes(name))?.[0] ?? 'string'
}

function textOf(value: Value | undefined): string {
  return typeof value === 'string' ? value : ''
}

function mapValues(object: ValueObject, change: (value: Value) => Value): ValueObject {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, change(value)]))
}

/** Without floats of Python. */
function plain(value: Value): unknown {
  if (value instanceof Float) return value.value
  if (isList(value)) return value.map(plain)
  return isObject(value) ? Object.fromEntries(Object.entries(value).map(([key, one]) => [key, plain(one)])) : value
}
