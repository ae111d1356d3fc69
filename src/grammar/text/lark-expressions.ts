/** What stands to the right of a name in Lark: alternatives of items. */
import { LAST_CODE } from '../syntax/characters.js'
import {
  both,
  chars,
  choice,
  EMPTY,
  optional,
  repeat,
  rule,
  sequence,
  special,
  text,
  without,
  type Node,
} from '../syntax/nodes.js'
import { atOnce, type Steps } from '../pauses.js'
import { toEcmaScript } from './lark-regex.js'
import { anything } from './quoting.js'
import { regexNode } from './regex.js'
import { checkedCounts, type RuleTable, type Source } from './source.js'
import { ignoringCase } from './unicode.js'

export interface LarkOptions {
  /** What an embedded `%json {…}` matches. Without it there can be none. */
  readonly json?: (schema: unknown) => Node
}

const BLANKS = /(?:[ \t\f]|\\\r?\n|\/\/[^\n]*|#[^\n]*)+/y
const BLANKS_OR_LINES = /(?:\s|\\(?=\r?\n)|\/\/[^\n]*|#[^\n]*)+/y
const OR = /(?:\s|\/\/[^\n]*|#[^\n]*)*\|/y
const NAME = /_?[A-Za-z](?:\w|-(?!>))*/y
const ALIAS = /_?[a-z](?:\w|-(?!>))*/y
const STRING = /"((?:\\[^\n]|[^"\\\n])*)"(i?)/y
const REGEX = /\/((?:\\[^]|[^/\\])+)\/([a-z]*)/y
const SPECIAL = /<[^<>\s]+>/y
const REFERENCE = /@[\w-]*/y
const EMBEDDED = /%([a-z]+)/y
const COUNTS = /~\s*(\d+)(?:\s*\.\.\s*(\d+))?|\{\s*(\d*)\s*(,?)\s*(\d*)\s*\}/y
const ESCAPES = /\\(?:x([\da-fA-F]{2})|u([\da-fA-F]{4})|U([\da-fA-F]{8})|([bfnrtv"'\\/])|[^])/g
const CONTROL: Partial<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' }

/** A terminal, whose items are one text, or a rule, after whose terminals ignored ones may come. */
type Place = { readonly terminal: string } | 'rule'

export class LarkExpressions {
  /** For each terminal those that it names, and where. */
  private readonly uses = new Map<string, Map<string, number>>()

  constructor(
    private readonly source: Source,
    private readonly rules: RuleTable,
    private readonly ignored: Node,
    private readonly options: LarkOptions,
  ) {}

  /** What a rule is. */
  rule(): Steps<Node> {
    return this.alternatives('rule', false)
  }

  /** What a terminal is. */
  terminal(name: string): Steps<Node> {
    return this.alternatives({ terminal: name }, false)
  }

  /** One string, expression or terminal. */
  terminalItem(name: string): Node {
    this.blanks()
    return (
      atOnce(this.atom({ terminal: name })) ??
      this.source.fail(`expected a string or a terminal, found ${this.source.next()}`)
    )
  }

  /** A terminal of a rule, and what may be ignored after it. */
  lexeme(node: Node): Node {
    return node === EMPTY ? EMPTY : sequence(node, this.ignored)
  }

  blanks(lines = false): void {
    this.source.take(lines ? BLANKS_OR_LINES : BLANKS)
  }

  /** Reads blanks, and `expected` if it comes. */
  takes(expected: string): boolean {
    this.blanks()
    return this.source.takes(expected)
  }

  name(pattern: RegExp): string {
    this.blanks()
    return this.source.take(pattern)?.[0] ?? this.source.fail(`expected a name, found ${this.source.next()}`)
  }

  string(): string {
    this.blanks()
    const at = this.source.at
    const found = this.source.take(STRING)
    return found ? this.unescaped(found[1]!, at) : this.source.fail(`expected a "string", found ${this.source.next()}`)
  }

  /** @throws UserError invalid_grammar when a terminal is, in the end, a part of itself */
  *checkTerminals(): Steps {
    const done = new Set<string>()
    for (const name of this.uses.keys()) yield* this.checkTerminal(name, done)
  }

  private *checkTerminal(first: string, done: Set<string>): Steps {
    const path: { name: string; left: [string, number][] }[] = []
    const open = new Set<string>()
    const enter = (name: string): void => {
      open.add(name)
      path.push({ name, left: [...(this.uses.get(name) ?? [])] })
    }
    if (!done.has(first)) enter(first)
    while (path.length > 0) {
      const { name, left } = path.at(-1)!
      const next = left.pop()
      if (this.source.piece) yield
      if (!next) {
        done.add(name)
        open.delete(name)
        path.pop()
      } else if (open.has(next[0])) {
        this.source.fail(`the terminal ${next[0]} is a part of itself; write it as a rule, in lower case`, next[1])
      } else if (!done.has(next[0])) enter(next[0])
    }
  }

  private *alternatives(place: Place, inBrackets: boolean): Steps<Node> {
    const all: Node[] = []
    do {
      all.push(yield* this.expansion(place, inBrackets))
    } while (this.source.take(OR))
    return choice(all)
  }

  private *expansion(place: Place, inBrackets: boolean): Steps<Node> {
    let made = yield* this.items(place, inBrackets)
    while (place !== 'rule' && this.source.takes('&')) made = both(made, yield* this.items(place, inBrackets))
    if (this.source.takes('->')) this.name(ALIAS)
    this.blanks(inBrackets)
    return made
  }

  private *items(place: Place, inBrackets: boolean): Steps<Node> {
    const items: Node[] = []
    for (;;) {
      this.blanks(inBrackets)
      if (this.source.piece) yield
      const item = yield* this.item(place)
      if (!item) return sequence(...items)
      items.push(item)
    }
  }

  private *item(place: Place): Steps<Node | undefined> {
    const { source } = this
    const at = source.at
    const negated = place !== 'rule' && source.takes('~')
    if (negated) this.blanks()
    const atom = yield* this.atom(place)
    if (!atom) {
      if (negated) source.fail(`expected what is to be excluded after ~, found ${source.next()}`)
      return undefined
    }
    const item = negated ? without(anything('plain'), atom) : atom
    this.blanks()
    const counts = this.counts()
    this.blanks()
    if (counts && /[*+?~{]/.test(source.text[source.at] ?? '')) source.fail('a repetition is repeated; use brackets')
    if (!counts && place === 'rule' && source.text[at] === '~') source.fail('~ is known in terminals only', at)
    return counts ? repeat(item, ...counts) : item
  }

  private counts(): [number, number] | undefined {
    const { source } = this
    const at = source.at
    if (source.takes('*')) return [0, Infinity]
    if (source.takes('+')) return [1, Infinity]
    if (source.takes('?')) return [0, 1]
    if (!/[~{]/.test(source.text[at] ?? '')) return undefined
    const found = source.take(COUNTS)
    if (!found || !/\d/.test(found[0]))
      return source.fail(`expected ~ n, ~ n..m, {n} or {n,m}, found ${source.next(at)}`, at)
    const [whole, from, to, least, comma, most] = found
    const min = Number(from ?? (least || '0'))
    const max = from !== undefined ? Number(to ?? from) : comma === '' ? min : most === '' ? Infinity : Number(most)
    return checkedCounts(min, max, (what) => source.fail(`${whole}: ${what}`, at))
  }

  private *atom(place: Place): Steps<Node | undefined> {
    if (this.source.takes('(')) return yield* this.group(place, ')')
    return this.source.takes('[') ? optional(yield* this.group(place, ']')) : this.single(place)
  }

  private single(place: Place): Node | undefined {
    const { source } = this
    const at = source.at
    switch (source.text[at]) {
      case '"':
        return this.literal(place)
      case '/':
        return this.lexemeAt(place, this.regex())
      case '<':
        return this.special(place)
      case '%':
        return this.embedded(place)
      case '@':
        return source.take(REFERENCE) && source.fail('other grammars cannot be referred to; write the rule here', at)
      default:
        return this.reference(place)
    }
  }

  private lexemeAt(place: Place, node: Node): Node {
    return place === 'rule' ? this.lexeme(node) : node
  }

  private *group(place: Place, close: string): Steps<Node> {
    const { source } = this
    const at = source.at - 1
    source.deeper()
    const body = yield* this.alternatives(place, true)
    if (!source.takes(close)) {
      if (source.ended) source.fail('a bracket is not closed', at)
      source.fail(`expected an item, | or ${close}, found ${source.next()}`)
    }
    source.deeper(-1)
    return body
  }

  private reference(place: Place): Node | undefined {
    const { source } = this
    const at = source.at
    const name = source.take(NAME)?.[0]
    if (name === undefined) return undefined
    if (source.text[source.at] === '{' && !/^\{\s*[\d,]/.test(source.text.slice(source.at, source.at + 20)))
      source.fail('templates are not supported; write the rule out for each use', at)
    const terminal = /^_?[A-Z]/.test(name)
    if (place === 'rule') return terminal ? this.lexeme(this.rules.reference(name, at)) : this.rules.reference(name, at)
    if (!terminal) source.fail(`${place.terminal} is a terminal and cannot name the rule ${name}`, at)
    const uses = this.uses.get(place.terminal) ?? new Map<string, number>()
    this.uses.set(place.terminal, uses.set(name, at))
    return this.rules.reference(name, at)
  }

  private literal(place: Place): Node {
    const { source } = this
    const at = source.at
    const found = source.take(STRING)
    if (!found) return source.fail('a string is not closed', at)
    const content = this.unescaped(found[1]!, at)
    if (source.takes('..')) return this.lexemeAt(place, this.range(content, at))
    return this.lexemeAt(place, found[2] === 'i' ? anyCase(content) : text(content))
  }

  private range(from: string, at: number): Node {
    const [first, last] = [from, this.string()].map((side) => Array.from(side))
    const [low, high] = [first![0]?.codePointAt(0) ?? 0, last![0]?.codePointAt(0) ?? 0]
    if (first!.length !== 1 || last!.length !== 1) this.source.fail('a range is from one character to another', at)
    if (low > high) this.source.fail('the range does not rise', at)
    return chars([[low, high]])
  }

  private unescaped(written: string, at: number): string {
    const made = written.replace(ESCAPES, (escape, x?: string, u?: string, wide?: string, named?: string) => {
      const code = parseInt(x ?? u ?? wide ?? '', 16)
      if (named === undefined && !(code <= LAST_CODE))
        return this.source.fail(`unknown escape ${escape} in a string; write \\\\ for a backslash`, at)
      return named === undefined ? String.fromCodePoint(code) : (CONTROL[named] ?? named)
    })
    return /\p{Surrogate}/u.test(made) ? this.source.fail('half of a character in a string', at) : made
  }

  private regex(): Node {
    const { source } = this
    const at = source.at
    const found = source.take(REGEX)
    if (!found) return source.fail('a regular expression is not closed: expected /.../', at)
    const wrong = Array.from(found[2]!).find((flag) => !'imsu'.includes(flag))
    if (wrong !== undefined)
      source.fail(`the flag ${wrong} of a regular expression is not supported; i, m, s and u are`, at)
    const { pattern, flags } = toEcmaScript(found[1]!)
    const all = [...new Set(flags + found[2]!.replace('u', ''))].join('')
    return regexNode(pattern, { quoting: 'plain', whole: true, flags: all, dialect: 'rust', where: source.place(at) })
  }

  private special(place: Place): Node {
    const { source } = this
    const at = source.at
    const found = source.take(SPECIAL)
    if (!found) return source.fail(`expected a special token, <name>, found ${source.next()}`)
    if (place !== 'rule')
      source.fail(`${place.terminal} is a terminal and cannot have the special token ${found[0]}`, at)
    if (found[0].startsWith('<['))
      source.fail(`${found[0]}: a token's number is another in each model; write the token's name`, at)
    return this.lexeme(special(found[0]))
  }

  private embedded(place: Place): Node {
    const { source } = this
    const at = source.at
    const name = source.take(EMBEDDED)?.[1]
    if (name === 'regex') return this.lexemeAt(place, this.substring(this.json('%regex'), at))
    if (name !== 'json') return source.fail(`expected %json or %regex, found ${source.next(at)}`, at)
    if (place !== 'rule') return source.fail(`${place.terminal} is a terminal and cannot have a JSON schema`, at)
    const schema = this.json('%json')
    if (!this.options.json) return source.fail('JSON schemas cannot be embedded here', at)
    return this.lexeme(this.options.json(schema))
  }

  /** Reads a JSON object. */
  json(name: string): object {
    const { source } = this
    this.blanks(true)
    const at = source.at
    if (source.text[at] !== '{') source.fail(`expected a JSON object after ${name}, found ${source.next()}`)
    source.at = endOfObject(source.text, at)
    try {
      return JSON.parse(source.text.slice(at, source.at)) as object
    } catch (error) {
      return source.fail(`the JSON after ${name} is malformed: ${(error as Error).message}`, at)
    }
  }

  /** `{"substring_words": "a b"}` and the like: some parts in a row. */
  private substring(options: object, at: number): Node {
    const [[kind, value] = [], ...more] = Object.entries(options)
    const parts = more.length > 0 ? undefined : partsOf(kind, value)
    if (!parts)
      return this.source.fail(
        'expected {"substring_words": text}, {"substring_chars": text} or {"substring_chunks": [texts]}',
        at,
      )
    const rests: Node[] = [EMPTY]
    for (const part of parts.reverse()) {
      const after = rests.at(-1)!
      rests.push(rule('rest', () => optional(sequence(text(part), after))))
    }
    return choice(rests)
  }
}

function partsOf(kind: string | undefined, value: unknown): string[] | undefined {
  if (kind === 'substring_chunks' && Array.isArray(value)) {
    const chunks: readonly unknown[] = value
    return chunks.every((chunk) => typeof chunk === 'string') ? [...chunks] : undefined
  }
  if (typeof value !== 'string') return undefined
  if (kind === 'substring_chars') return Array.from(value)
  return kind === 'substring_words' ? (value.match(/[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}]+|[^]/gu) ?? []) : undefined
}

/** The place after the bracket that closes the one at `at`. */
function endOfObject(content: string, at: number): number {
  const parts = /"(?:\\[^]|[^"\\])*"|[{}]/g
  parts.lastIndex = at
  let depth = 0
  for (let found = parts.exec(content); found; found = parts.exec(content)) {
    if (found[0] === '{') depth++
    if (found[0] === '}' && --depth === 0) return parts.lastIndex
  }
  return content.length
}

function anyCase(content: string): Node {
  return sequence(
    ...Array.from(content, (char) => {
      const code = char.codePointAt(0)!
      return chars(ignoringCase([[code, code]], 'unicode'))
    }),
  )
}
