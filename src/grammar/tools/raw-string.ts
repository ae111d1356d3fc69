import { referred, typesOf } from '../../chat/dialects/arguments.js'
import { isJsonObject, type JsonObject } from '../../json.js'
import { LAST_CODE } from '../syntax/characters.js'
import { both, chars, choice, repeat, text, type Node } from '../syntax/nodes.js'
import { FORMATS } from '../json/formats.js'
import { regexNode } from '../text/regex.js'
import { below, refusedArgument, SILENT } from './argument.js'

const CHARACTER = chars([[0, LAST_CODE]])

/** Schemas that apply to one text through each other. */
const MOST_NESTED = 16

/** Where a schema of a text stands. */
interface Place {
  /** What its references are into. */
  readonly root: JsonObject
  readonly path: string
  /** How many schemas apply through each other up to it. */
  readonly depth: number
}

/**
 * What the strings of a schema are, as the text between tags: undefined where they are any.
 * @throws UserError invalid_grammar for a keyword that cannot be held
 */
export function rawString(schema: unknown, root: JsonObject, path: string): Node | undefined {
  return stringsOf(schema, { root, path, depth: 0 })
}

function stringsOf(own: unknown, place: Place): Node | undefined {
  if (!isJsonObject(own)) return undefined
  if (place.depth > MOST_NESTED)
    throw refusedArgument(
      place.path,
      undefined,
      `more than ${MOST_NESTED} schemas lead to each other, or one to itself`,
    )
  const fixed = 'const' in own ? [own['const']] : own['enum']
  const parts: Node[] = []
  if (Array.isArray(fixed))
    parts.push(choice(fixed.filter((value): value is string => typeof value === 'string').map(text)))
  for (const [keyword, value] of Object.entries(own)) {
    const part = partOf(keyword, value, own, place)
    if (part) parts.push(part)
  }
  return allOf(parts)
}

function partOf(keyword: string, value: unknown, own: JsonObject, place: Place): Node | undefined {
  const { path, root } = place
  switch (keyword) {
    case 'pattern':
      if (typeof value === 'string') return regexNode(value, { quoting: 'plain', whole: false })
      throw refusedArgument(path, keyword, 'expected a regular expression')
    case 'format':
      return formatOf(value, path)
    case 'minLength':
    case 'maxLength':
      // Both are one part, of the first that is there.
      if (keyword === 'maxLength' && 'minLength' in own) return undefined
      return repeat(CHARACTER, countOf(own, 'minLength', 0, path), countOf(own, 'maxLength', Infinity, path))
    case '$ref':
      return stringsOf(referred(root, String(value)), { ...place, depth: place.depth + 1 })
    case 'allOf':
      return allOf(listed(keyword, value, place).map(([part, at]) => stringsOf(part, at)))
    case 'anyOf':
    case 'oneOf':
      return anyOf(keyword, value, place)
    default:
      if (IGNORED.has(keyword) || SILENT.has(keyword)) return undefined
      throw refusedArgument(path, keyword, 'this keyword is not supported for a text in the calls of this model')
  }
}

/** Formats that JSON holds are held; others say nothing, as there. */
function formatOf(value: unknown, path: string): Node | undefined {
  if (typeof value !== 'string') throw refusedArgument(path, 'format', 'expected a name')
  const pattern = Object.hasOwn(FORMATS, value) ? FORMATS[value] : undefined
  return pattern === undefined ? undefined : regexNode(pattern, { quoting: 'plain', whole: true })
}

/** What has its own place above, or is about values of other types. */
const IGNORED: ReadonlySet<string> = new Set([
  ...['type', 'const', 'enum', '$defs', 'definitions', 'contentMediaType', 'contentEncoding'],
  ...['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf', 'items', 'prefixItems', 'minItems'],
  ...['maxItems', 'uniqueItems', 'contains', 'properties', 'required', 'additionalProperties', 'patternProperties'],
])

function countOf(own: JsonObject, keyword: string, otherwise: number, path: string): number {
  const value = own[keyword] ?? otherwise
  if (value === Infinity || (Number.isSafeInteger(value) && (value as number) >= 0)) return value as number
  throw refusedArgument(path, keyword, 'expected a whole number of at least 0')
}

/** The schemas that a keyword lists, and where they are. */
function listed(keyword: string, value: unknown, { root, path, depth }: Place): [unknown, Place][] {
  if (!Array.isArray(value)) throw refusedArgument(path, keyword, 'expected a list of schemas')
  return value.map((part, i) => [part, { root, path: below(below(path, keyword), i), depth: depth + 1 }])
}

/** The strings of all of them; undefined where each of them has all. */
function allOf(parts: readonly (Node | undefined)[]): Node | undefined {
  const held = parts.filter((part) => part !== undefined)
  return held.length === 0 ? undefined : held.reduce((left, right) => both(left, right))
}

/** The strings of any of them; undefined where one of them has all. */
function anyOf(keyword: string, value: unknown, place: Place): Node | undefined {
  const all = listed(keyword, value, place)
  const withStrings = all.filter(([part]) => typesOf(part, place.root)?.has('string') ?? true)
  if (keyword === 'oneOf' && withStrings.length > 1)
    throw refusedArgument(place.path, keyword, 'several of its schemas allow texts; use anyOf, or one of them')
  const parts = withStrings.map(([part, at]) => stringsOf(part, at))
  return parts.includes(undefined) ? undefined : choice(parts.filter((part) => part !== undefined))
}
