import { typesOf } from '../../chat/dialects/arguments.js'
import type { JsonType } from '../../chat/dialects/dialect.js'
import { UserError } from '../../errors.js'
import { isJsonObject, type JsonObject } from '../../json.js'
import { repeat, Rule, type Node } from '../syntax/nodes.js'
import { countsOf, keywordBeyond, LIST_KEYWORDS, OBJECT_KEYWORDS, resolved, type SchemaNode } from './argument.js'

/** Nested deeper than any argument. */
const MAX_DEPTH = 24

type ElementKind = 'object' | 'array'

/** What stands in an element. */
interface Parts {
  members(schema: JsonObject, path: string): Promise<Node>
  item(schema: unknown, path: string): Promise<Node>
}

/**
 * Objects and lists that are elements in elements. What elements cannot say (any keys, items of no type, conditions on the whole) is JSON
 * in one element: the parser reads both, and nothing of the schema is lost.
 */
export class Elements {
  private readonly contents = new Map<JsonObject, Node>()
  private depth = 0

  constructor(
    private readonly root: JsonObject,
    private readonly json: SchemaNode,
    private readonly parts: Parts,
  ) {}

  /** The inside of an element for the object, or the list, among values of these types; undefined where there is none that is told from the others. */
  async of(
    schema: unknown,
    types: readonly JsonType[],
    path: string,
  ): Promise<{ kind: ElementKind; node: Node } | undefined> {
    const [kind, ...more] = types.filter((type) => type === 'object' || type === 'array')
    // An element with nothing in it would be either.
    if (kind === undefined || more.length > 0) return undefined
    const own = this.alternative(schema, kind)
    return own && { kind, node: await this.content(own, kind, path) }
  }

  /** The one schema that values of this kind have. */
  private alternative(schema: unknown, kind: ElementKind): JsonObject | undefined {
    const own = resolved(schema, this.root)
    if (!isJsonObject(own)) return undefined
    const list = own['anyOf'] ?? own['oneOf'] ?? own['allOf']
    if (!Array.isArray(list)) return own
    const found = list.filter((part) => typesOf(part, this.root)?.has(kind) ?? true)
    const isOnly =
      found.length === 1 && keywordBeyond(own, CHOICES) === undefined && ('allOf' in own ? list.length === 1 : true)
    const one = resolved(found[0], this.root)
    return isOnly && isJsonObject(one) ? one : undefined
  }

  /** Made once for each schema, so that one that refers to itself, or that many refer to, costs no more than its text. */
  private async content(own: JsonObject, kind: ElementKind, path: string): Promise<Node> {
    const known = this.contents.get(own)
    if (known) return known
    const made = new Rule('element')
    const node: Node = { kind: 'rule', rule: made }
    this.contents.set(own, node)
    this.depth++
    const elements = this.depth > MAX_DEPTH ? undefined : await this.inside(own, kind, path)
    this.depth--
    made.define(elements ?? (await this.json(this.only(own, kind), this.root)))
    return node
  }

  /** The schema, of this kind alone. */
  private only(own: JsonObject, kind: ElementKind): JsonObject {
    return typesOf(own, this.root)?.size === 1 ? own : { allOf: [own, { type: kind }] }
  }

  private async inside(own: JsonObject, kind: ElementKind, path: string): Promise<Node | undefined> {
    try {
      return await (kind === 'object' ? this.object(own, path) : this.list(own, path))
    } catch (error) {
      if (error instanceof UserError && error.code === 'invalid_grammar') return undefined
      throw error
    }
  }

  private async object(own: JsonObject, path: string): Promise<Node | undefined> {
    const { properties, required } = own
    if (keywordBeyond(own, OBJECT_KEYWORDS) !== undefined || !isJsonObject(properties)) return undefined
    const names = Object.keys(properties)
    const isWritable = names.length > 0 && names.every((name) => !name.startsWith('/'))
    const hasAll = !Array.isArray(required) || required.every((name) => names.includes(name as string))
    return isWritable && hasAll ? this.parts.members(own, path) : undefined
  }

  private async list(own: JsonObject, path: string): Promise<Node | undefined> {
    const counts = countsOf(own)
    if (keywordBeyond(own, LIST_KEYWORDS) !== undefined || !counts || typesOf(own['items'], this.root) === undefined)
      return undefined
    return repeat(await this.parts.item(own['items'], `${path}/items`), ...counts)
  }
}

const CHOICES = new Set(['anyOf', 'oneOf', 'allOf', 'type'])
