import { typesOf } from '../../chat/dialects/arguments.js'
import type { ArgumentSyntax, JsonType } from '../../chat/dialects/dialect.js'
import { isJsonObject, type JsonObject } from '../../json.js'
import { choice, EMPTY, repeat, Rule, rule, sequence, text, type Node } from '../syntax/nodes.js'
import {
  below,
  checkRequired,
  countsOf,
  keywordBeyond,
  LIST_KEYWORDS,
  OBJECT_KEYWORDS,
  refusedArgument,
  resolved,
  type SchemaNode,
} from './argument.js'
import type { Markup } from './markup.js'
import { rawString } from './raw-string.js'

/** Nested deeper than any argument. */
const MAX_DEPTH = 24

/**
 * Arguments in a notation of literals: Python's `a=1, b="x"`, or Gemma's `{a:1,b:<|"|>x<|"|>}`. Values are JSON where the notation
 * reads it, so that all that a schema may say of them is held: of Python all but true, false and null, of Gemma numbers.
 * @throws UserError invalid_grammar
 */
export async function literalArguments(
  schema: JsonObject,
  root: JsonObject,
  syntax: Extract<ArgumentSyntax, { kind: 'python' | 'gemma' }>,
  markup: Markup,
  json: SchemaNode,
): Promise<Node> {
  const notation = syntax.kind === 'python' ? python(root, json) : gemma(root, syntax.quote, markup, json)
  return membersOf(schema, '#', notation, 0, true)
}

interface Notation {
  /** Around the arguments, and around an object. */
  readonly outer: readonly [string, string]
  readonly inner: readonly [string, string]
  readonly between: string
  /** What a key looks like in the outer object and in one inside. */
  key(name: string, outer: boolean): Node
  isKey(name: string, outer: boolean): boolean
  value(schema: unknown, path: string, depth: number): Promise<Node>
}

/** Members in the order of the schema; what it does not name is not written. */
async function membersOf(
  schema: JsonObject,
  path: string,
  notation: Notation,
  depth: number,
  outer = false,
): Promise<Node> {
  const properties = Object.entries(isJsonObject(schema['properties']) ? schema['properties'] : {})
  const required = Array.isArray(schema['required']) ? (schema['required'] as unknown[]) : []
  checkRequired(schema, path)
  const [open, close] = outer ? notation.outer : notation.inner
  let first: Node = EMPTY
  let more: Node = EMPTY
  for (const [key, value] of properties.reverse()) {
    const place = below(below(path, 'properties'), key)
    if (!notation.isKey(key, outer))
      throw refusedArgument(place, undefined, 'its name cannot be written in the calls of this model')
    const pair = sequence(notation.key(key, outer), await notation.value(value, place, depth + 1))
    const isRequired = required.includes(key)
    const [begun, following] = [first, more]
    first = rule('first member', () =>
      isRequired ? sequence(pair, following) : choice([sequence(pair, following), begun]),
    )
    more = rule('member', () => {
      const here = sequence(text(notation.between), pair, following)
      return isRequired ? here : choice([here, following])
    })
  }
  return sequence(text(open), first, text(close))
}

/** Python reads JSON's values, also true, false and null inside of others. */
function python(root: JsonObject, json: SchemaNode): Notation {
  return {
    outer: ['', ''],
    inner: ['{', '}'],
    between: ', ',
    key: (name) => text(`${name}=`),
    isKey: (name) => /^[A-Za-z_]\w*$/.test(name),
    async value(schema) {
      const types = typesOf(schema, root)
      const words = types && [...types].every((type) => type === 'boolean' || type === 'null')
      if (!words) return json(schema, root)
      const literals = [...(types.has('boolean') ? BOOLEANS : []), ...(types.has('null') ? NULLS : [])]
      const fixed = isJsonObject(schema) ? ('const' in schema ? [schema['const']] : schema['enum']) : undefined
      const allowed = Array.isArray(fixed) ? literals.filter(([value]) => fixed.includes(value)) : literals
      return choice(allowed.map(([, word]) => text(word)))
    },
  }
}

const BOOLEANS = [[true, 'True'], [false, 'False']] as const // prettier-ignore
const NULLS = [[null, 'None']] as const

/** Gemma's own notation, of what a schema says by type, properties, items, enum, anyOf and, of texts and numbers, anything. */
function gemma(root: JsonObject, quote: string, markup: Markup, json: SchemaNode): Notation {
  const mark = markup.exactly(quote)
  const string = (schema: unknown, path: string): Node =>
    sequence(mark, markup.upTo(quote, rawString(schema, root, path)))
  const notation: Notation = {
    outer: ['{', '}'],
    inner: ['{', '}'],
    between: ',',
    key: (name) => text(`${name}:`),
    isKey: (name) => /^[^\s:,{}[\]"<>|]+$/.test(name),
    async value(schema, path, depth) {
      if (depth > MAX_DEPTH)
        throw refusedArgument(path, undefined, 'its values are nested too deeply for the calls of this model')
      const own = resolved(schema, root)
      const types = typesOf(own, root)
      if (!isJsonObject(own) || !types)
        throw refusedArgument(path, 'type', 'an argument needs a type in the calls of this model')
      // Made once for each schema, so that one that refers to itself, or that many refer to, costs no more than its text.
      const known = made.get(own)
      if (known) return known
      const value = new Rule('value')
      const node: Node = { kind: 'rule', rule: value }
      made.set(own, node)
      value.define(choice(await ways(own, types, path, depth)))
      return node
    },
  }
  const made = new Map<JsonObject, Node>()
  const ways = async (own: JsonObject, types: ReadonlySet<JsonType>, path: string, depth: number): Promise<Node[]> => {
    const several = own['anyOf'] ?? own['oneOf']
    const ways: Node[] = []
    if (Array.isArray(several)) {
      onlyWith(own, new Set(['anyOf', 'oneOf', 'type']), path)
      const list = 'anyOf' in own ? 'anyOf' : 'oneOf'
      for (const [i, one] of several.entries())
        ways.push(await notation.value(one, below(below(path, list), i), depth + 1))
      return ways
    }
    if (types.has('string')) ways.push(string(own, path))
    const plain = [...types].filter((type) => type === 'number' || type === 'boolean' || type === 'null')
    if (plain.length > 0) ways.push(await json({ allOf: [own, { type: plain }] }, root))
    if (types.has('object')) {
      onlyWith(own, OBJECT_KEYWORDS, path)
      ways.push(await membersOf(own, path, notation, depth))
    }
    if (types.has('array')) {
      onlyWith(own, LIST_KEYWORDS, path)
      ways.push(await listOf(own, path, notation, depth))
    }
    return ways
  }
  return notation
}

async function listOf(schema: JsonObject, path: string, notation: Notation, depth: number): Promise<Node> {
  const counts = countsOf(schema)
  if (!counts) throw refusedArgument(path, undefined, 'expected whole numbers of at least 0 as minItems and maxItems')
  const [least, most] = counts
  const item = await notation.value(schema['items'] ?? true, below(path, 'items'), depth + 1)
  if (most < 1) return text('[]')
  const items = sequence(item, repeat(sequence(text(notation.between), item), Math.max(0, least - 1), most - 1))
  return sequence(text('['), least === 0 ? choice([EMPTY, items]) : items, text(']'))
}

function onlyWith(schema: JsonObject, keywords: ReadonlySet<string>, path: string): void {
  const other = keywordBeyond(schema, keywords)
  if (other !== undefined)
    throw refusedArgument(path, other, 'this keyword is not supported in the calls of this model')
}
