import { typesOf } from '../../chat/dialects/arguments.js'
import type { ArgumentSyntax, JsonType } from '../../chat/dialects/dialect.js'
import { isJsonObject, type JsonObject } from '../../json.js'
import { LAST_CODE } from '../syntax/characters.js'
import { both, chars, choice, EMPTY, repeat, rule, sequence, text, without, type Node } from '../syntax/nodes.js'
import { below, checkRequired, refusedArgument, SILENT, type SchemaNode } from './argument.js'
import { Elements } from './elements.js'
import type { Markup } from './markup.js'
import { rawString } from './raw-string.js'

type Tagged = Extract<ArgumentSyntax, { kind: 'tagged' }>

const ALL_TYPES: readonly JsonType[] = ['string', 'number', 'boolean', 'null', 'object', 'array']

/** Each argument between its tags, in the order of the schema. @throws UserError invalid_grammar */
export async function taggedArguments(
  schema: JsonObject,
  root: JsonObject,
  syntax: Tagged,
  markup: Markup,
  json: SchemaNode,
): Promise<Node> {
  return new ArgumentWriter(root, syntax, markup, json).members(schema, '#')
}

/** Writes the arguments of one tool. */
class ArgumentWriter {
  private readonly elements: Elements | undefined

  constructor(
    private readonly root: JsonObject,
    private readonly syntax: Tagged,
    private readonly markup: Markup,
    private readonly json: SchemaNode,
  ) {
    const { item } = syntax
    if (item === undefined) return
    this.elements = new Elements(root, json, {
      members: (schema, path) => this.members(schema, path),
      item: (schema, path) => this.pair(item, schema, path),
    })
  }

  /** The properties of an object, one after the other. */
  async members(schema: JsonObject, path: string): Promise<Node> {
    const properties = Object.entries(isJsonObject(schema['properties']) ? schema['properties'] : {})
    checkRequired(schema, path)
    const required = Array.isArray(schema['required']) ? (schema['required'] as unknown[]) : []
    let first: Node = EMPTY
    let more: Node = EMPTY
    for (const [key, value] of properties.reverse()) {
      const pair = await this.pair(key, value, below(`${path}/properties`, key))
      const isRequired = required.includes(key)
      const [begun, following] = [first, more]
      first = rule('first argument', () => {
        const here = sequence(pair, following)
        return isRequired ? here : choice([here, begun])
      })
      more = rule('argument', () => {
        const here = sequence(this.markup.exactly(this.syntax.between), pair, following)
        return isRequired ? here : choice([here, following])
      })
    }
    return first
  }

  /** The argument with its tags: once for each way in which they name its type. */
  private async pair(key: string, schema: unknown, path: string): Promise<Node> {
    if (!/^[^\s<>"'&]+$/.test(key))
      throw refusedArgument(path, undefined, 'its name cannot stand in the tags of this model')
    const types = this.typesOf(schema, path)
    const byTag = new Map<string, JsonType[]>()
    for (const type of types) {
      const tag = this.syntax.begin(key, type)
      byTag.set(tag, [...(byTag.get(tag) ?? []), type])
    }
    const pairs: Node[] = []
    for (const [tag, tagged] of byTag)
      pairs.push(sequence(this.markup.exactly(tag), await this.value({ key, schema, path, tagged, all: types })))
    return choice(pairs)
  }

  private typesOf(schema: unknown, path: string): readonly JsonType[] {
    const types = typesOf(schema, this.root)
    if (types) return ALL_TYPES.filter((type) => types.has(type))
    if (schema === true || (isJsonObject(schema) && Object.keys(schema).every((keyword) => SILENT.has(keyword))))
      return ALL_TYPES
    throw refusedArgument(path, 'type', 'an argument needs a type in the calls of this model')
  }

  private async value(place: Place): Promise<Node> {
    const { key, schema, path, tagged, all } = place
    const raw = tagged.includes('string') && this.syntax.strings === 'raw'
    const others = raw ? tagged.filter((type) => type !== 'string') : tagged
    const end = this.syntax.end(key)
    const ways: Node[] = []
    if (raw) ways.push(this.raw(place, others, end))
    // Where anything may come, raw text is read as what it looks like.
    if (others.length === 0 || (raw && all.length === ALL_TYPES.length)) return choice(ways)
    const nested = raw ? undefined : await this.elements?.of(schema, others, path)
    const plain = nested ? others.filter((type) => type !== nested.kind) : others
    if (nested) ways.push(sequence(nested.node, this.markup.closing(end)))
    if (plain.length > 0)
      ways.push(sequence(await this.json(this.only(schema, plain, all), this.root), this.markup.closing(end)))
    return choice(ways)
  }

  private raw({ schema, path }: Place, others: readonly JsonType[], end: string): Node {
    const content = rawString(schema, this.root, path)
    const isAny = others.length === ALL_TYPES.length - 1
    const looksLike = isAny || others.length === 0 ? undefined : choice(others.map((type) => LOOKS[type]))
    const own = content && both(content, AT_ITS_EDGES)
    if (!looksLike) return this.markup.upTo(end, own)
    return this.markup.upTo(end, without(own ?? ANY_TEXT, looksLike))
  }

  /** The schema, of these types alone. */
  private only(schema: unknown, types: readonly JsonType[], all: readonly JsonType[]): unknown {
    if (types.length === all.length) return schema
    return { allOf: [schema, { type: [...types] }] }
  }
}

/** A value, of one of `tagged`, of the types that the schema has, up to and with its closing tag. */
interface Place {
  readonly key: string
  readonly schema: unknown
  readonly path: string
  readonly tagged: readonly JsonType[]
  readonly all: readonly JsonType[]
}

const ANY_CHARACTER = chars([[0, LAST_CODE]])
const ANY_TEXT = repeat(ANY_CHARACTER, 0)
/** A new line at the beginning and at the end belongs to the tags in some dialects. */
const NOT_A_LINE_END = chars([[0, 9], [11, LAST_CODE]]) // prettier-ignore
const AT_ITS_EDGES = choice([EMPTY, NOT_A_LINE_END, sequence(NOT_A_LINE_END, ANY_TEXT, NOT_A_LINE_END)])
const SPACE = repeat(chars([[9, 13], [32, 32], [160, 160], [0x2000, 0x200a], [0x2028, 0x2029], [0xfeff, 0xfeff]]), 0) // prettier-ignore

/** Text that a parser may take for a value of this type. */
function looks(...beginnings: Node[]): Node {
  return sequence(SPACE, choice(beginnings), ANY_TEXT)
}
const LOOKS: Readonly<Record<JsonType, Node>> = {
  string: looks(text('"')),
  number: looks(chars([[45, 45], [48, 57]])), // prettier-ignore
  boolean: looks(...['true', 'false', 'True', 'False'].map(text)),
  null: looks(...['null', 'None'].map(text)),
  object: looks(text('{')),
  array: looks(text('[')),
}
