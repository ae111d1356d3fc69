import { referred } from '../../chat/dialects/arguments.js'
import type { UserError } from '../../errors.js'
import { isJsonObject, type JsonObject } from '../../json.js'
import type { Node } from '../syntax/nodes.js'
import { invalidGrammar } from '../syntax/refuse.js'

/** Makes a node of a JSON schema, whose references are into `root`, or into itself. */
export type SchemaNode = (schema: unknown, root?: JsonObject) => Promise<Node>

/** A schema of an argument that calls of this model cannot hold. */
export function refusedArgument(path: string, keyword: string | undefined, what: string): UserError {
  return invalidGrammar(`${path}${keyword === undefined ? '' : `/${keyword}`}: ${what}`)
}

/** A place below another, as a JSON pointer. */
export function below(path: string, key: string | number): string {
  return `${path}/${String(key).replaceAll('~', '~0').replaceAll('/', '~1')}`
}

/**
 * The schema that a reference is to, whose other references are into `root`. What stands next to the reference counts too.
 */
export function resolved(schema: unknown, root: JsonObject): unknown {
  let found = schema
  for (let depth = 0; depth < 8 && isJsonObject(found) && typeof found['$ref'] === 'string'; depth++) {
    const { $ref, ...own } = found
    if (keywordBeyond(own, DEFINITIONS) !== undefined) return { allOf: [{ $ref }, own] }
    found = referred(root, $ref)
  }
  return found
}

/** What is said of arguments as a whole, and not of one of them. */
const OF_THE_WHOLE = [
  ...['$ref', '$dynamicRef', 'allOf', 'anyOf', 'oneOf', 'not', 'if', 'enum', 'const', 'maxProperties'],
  ...['patternProperties', 'propertyNames', 'dependentRequired', 'dependentSchemas', 'dependencies'],
]

/**
 * The object whose members are the arguments of a call in which each is written by itself.
 * @throws UserError invalid_grammar where more is said of them than that
 */
export function membersAlone(parameters: JsonObject, root: JsonObject): JsonObject {
  let own: unknown = parameters
  for (let depth = 0; depth < 8 && isJsonObject(own); depth++) {
    const { type, ...rest } = own
    const only = 'allOf' in rest ? rest['allOf'] : undefined
    if (type !== undefined && ![type].flat().includes('object'))
      throw refusedArgument('#', 'type', 'expected object: these are the arguments')
    if ('$ref' in rest) own = resolved(rest, root)
    else if (
      Array.isArray(only) &&
      only.length === 1 &&
      keywordBeyond(rest, new Set([...DEFINITIONS, 'allOf'])) === undefined
    )
      own = only[0]
    else break
  }
  if (!isJsonObject(own)) throw refusedArgument('#', undefined, 'expected an object with properties')
  const found: JsonObject = own
  const whole = OF_THE_WHOLE.find((keyword) => keyword in found)
  const { minProperties = 0, required } = found
  const least = Number(minProperties) > (Array.isArray(required) ? required.length : 0) ? 'minProperties' : undefined
  if (whole !== undefined || least !== undefined)
    throw refusedArgument(
      '#',
      whole ?? least,
      'this keyword is not supported for all arguments in the calls of this model',
    )
  return found
}

/** @throws UserError invalid_grammar where a member must be there that is not among the properties */
export function checkRequired({ properties, required }: JsonObject, path: string): void {
  const names = isJsonObject(properties) ? properties : {}
  const missing = Array.isArray(required)
    ? (required as unknown[]).find((name) => !Object.hasOwn(names, String(name)))
    : undefined
  if (missing !== undefined)
    throw refusedArgument(path, 'required', `${JSON.stringify(missing)} is not among the properties`)
}

/** Keywords that say nothing about a value. */
export const SILENT: ReadonlySet<string> = new Set([
  ...[
    'title',
    'description',
    'default',
    'examples',
    'deprecated',
    'readOnly',
    'writeOnly',
    '$comment',
    '$id',
    '$schema',
  ],
])

const DEFINITIONS: ReadonlySet<string> = new Set(['$defs', 'definitions'])

/** What a schema may say of an object, and of a list, that is not written as JSON. */
export const OBJECT_KEYWORDS: ReadonlySet<string> = new Set(['type', 'properties', 'required', 'additionalProperties'])
export const LIST_KEYWORDS: ReadonlySet<string> = new Set(['type', 'items', 'minItems', 'maxItems'])

/** A keyword that says something, and is none of these. */
export function keywordBeyond(schema: JsonObject, keywords: ReadonlySet<string>): string | undefined {
  return Object.keys(schema).find((keyword) => !keywords.has(keyword) && !SILENT.has(keyword))
}

/** How many items a list has at least and at most; undefined where what is said is no count. */
export function countsOf({ minItems = 0, maxItems = Infinity }: JsonObject): [least: number, most: number] | undefined {
  const [least, most] = [minItems, maxItems]
  if (!isCount(least) || !isCount(most) || least > most) return undefined
  return [least, most]
}

function isCount(value: unknown): value is number {
  return value === Infinity || (Number.isSafeInteger(value) && (value as number) >= 0)
}
