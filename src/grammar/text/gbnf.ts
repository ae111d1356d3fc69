/**
 * GBNF, the grammars of llama.cpp: `root ::= "a" [b-d]{2,4} ( "\n" | other )*`. A rule ends with its line, but inside of
 * brackets and after `::=` and `|` lines continue. https://github.com/ggml-org/llama.cpp/blob/master/grammars/README.md
 */
import { atOnce, type Steps } from '../pauses.js'
import { complement, LAST_CODE, type CodeRanges } from '../syntax/characters.js'
import { chars, choice, NEVER, repeat, sequence, special, text, type Node } from '../syntax/nodes.js'
import { invalidGrammar } from '../syntax/refuse.js'
import { checkedCounts, RuleTable, Source } from './source.js'

const SPACE = /(?:[ \t]+|#[^\r\n]*)+/y
const SPACE_OR_LINES = /(?:[ \t\r\n]+|#[^\r\n]*)+/y
const NAME = /[\w-]+/y
const OPERATOR = /[*+?]/y
const COUNTS = /\{\s*(\d+)\s*(?:(,)\s*(\d*)\s*)?\}/y
const LINE_END = /\r\n?|\n/y
const CHARACTER = /\\(?:x([\da-fA-F]{2})|u([\da-fA-F]{4})|U([\da-fA-F]{8})|([trn\\"[\]-]))|[^\\]/uy
const TOKEN = /<([^>\s]*)>/y
const CONTROL: Partial<Record<string, number>> = { t: 9, r: 13, n: 10 }

/**
 * What `grammar` matches from its rule `root`. Where a rule is there twice, the last one counts, as in llama.cpp. A token
 * `<name>` is the model's special token of this name, brackets included.
 * @throws UserError invalid_grammar with line and column when it is not GBNF, names a rule that is missing, or has no rule
 *   `root`; grammar_too_complex when it is too long or nested too deeply
 * @example
 * gbnfNode('root ::= ("yes" | "no") "\\n"?')
 */
export function gbnfNode(grammar: string): Node {
  return atOnce(gbnfSteps(grammar))
}

/** As {@link gbnfNode}, in steps between which others may run. */
export function gbnfSteps(grammar: string): Steps<Node> {
  return new GbnfReader(new Source(grammar)).read()
}

class GbnfReader {
  private readonly rules = new RuleTable()

  constructor(private readonly source: Source) {}

  *read(): Steps<Node> {
    const { source, rules } = this
    this.space(true)
    while (!source.ended) yield* this.rule()
    const missing = rules.missing()
    if (missing) source.fail(`rule ${missing.name} is used and not defined`, missing.at)
    if (!rules.isDefined('root')) throw invalidGrammar('expected a rule called root')
    return rules.reference('root', 0)
  }

  private *rule(): Steps {
    const { source } = this
    const name = source.take(NAME)
    if (!name) return source.fail(`expected a rule, name ::= ..., found ${source.next()}`)
    this.space(false)
    if (!source.takes('::=')) source.fail(`expected ::= after the rule's name ${name[0]}, found ${source.next()}`)
    this.space(true)
    const body = yield* this.alternatives(false)
    if (!source.ended && !source.take(LINE_END))
      source.fail(`expected an item, | or the end of the line, found ${source.next()}`)
    this.rules.define(name[0], body)
    this.space(true)
  }

  private *alternatives(inBrackets: boolean): Steps<Node> {
    const all = [yield* this.items(inBrackets)]
    while (this.source.takes('|')) {
      this.space(true)
      all.push(yield* this.items(inBrackets))
    }
    return choice(all)
  }

  private *items(inBrackets: boolean): Steps<Node> {
    const items: Node[] = []
    for (;;) {
      if (this.source.piece) yield
      const item = this.source.takes('(') ? yield* this.group() : this.item()
      if (item) {
        items.push(item)
      } else {
        const counts = this.counts()
        if (!counts) return sequence(...items)
        const last = items.pop()
        if (!last) return this.source.fail('nothing stands before a repetition')
        items.push(repeat(last, ...counts))
      }
      this.space(inBrackets)
    }
  }

  private item(): Node | undefined {
    const { source } = this
    if (source.takes('"')) return this.string()
    if (source.takes('[')) return this.set()
    if (source.takes('.')) return chars(complement([]))
    const at = source.at
    if (source.takes('!')) return source.fail('any token but one is not supported; write the text that may come', at)
    if (source.text[at] === '<') return this.token()
    const name = source.take(NAME)
    return name ? this.rules.reference(name[0], at) : undefined
  }

  private *group(): Steps<Node> {
    const { source } = this
    const at = source.at - 1
    source.deeper()
    this.space(true)
    const body = yield* this.alternatives(true)
    if (!source.takes(')')) {
      if (source.ended) source.fail('a bracket is not closed', at)
      source.fail(`expected an item, | or ), found ${source.next()}`)
    }
    source.deeper(-1)
    return body
  }

  private string(): Node {
    const codes: number[] = []
    const begin = this.source.at - 1
    while (!this.source.takes('"')) codes.push(this.character(begin, 'a string is not closed'))
    const made = codes.map((code) => String.fromCodePoint(code)).join('')
    if (/\p{Surrogate}/u.test(made)) this.source.fail('half of a character in a string; write \\UXXXXXXXX', begin)
    return text(made)
  }

  private set(): Node {
    const { source } = this
    const begin = source.at - 1
    const negated = source.takes('^')
    const ranges: [number, number][] = []
    while (!source.takes(']')) {
      const at = source.at
      const from = this.character(begin, 'a character class is not closed')
      const ranging = source.text[source.at] === '-' && source.text[source.at + 1] !== ']'
      if (ranging) source.at++
      const to = ranging ? this.character(begin, 'a character class is not closed') : from
      if (from > to) source.fail(`the range ${source.text.slice(at, source.at)} does not rise`, at)
      ranges.push([from, to])
    }
    return this.charsOf(negated ? complement(ranges) : complement(complement(ranges)))
  }

  private charsOf(ranges: CodeRanges): Node {
    return ranges.length === 0 ? NEVER : chars(ranges)
  }

  private character(begin: number, unclosed: string): number {
    const { source } = this
    const at = source.at
    if (source.ended) source.fail(unclosed, begin)
    const found = source.take(CHARACTER)
    if (!found) return source.fail(`unknown escape ${source.next().slice(0, 2)}; expected \\x, \\u or \\U with their digits, or one of \\t \\r \\n \\\\ \\" \\[ \\] \\-`) // prettier-ignore
    const [whole, x, u, wide, named] = found
    const hex = x ?? u ?? wide
    if (hex === undefined) return named === undefined ? whole.codePointAt(0)! : (CONTROL[named] ?? named.charCodeAt(0))
    const code = parseInt(hex, 16)
    return code <= LAST_CODE ? code : source.fail(`${whole} is no character`, at)
  }

  private token(): Node {
    const { source } = this
    const at = source.at
    const found = source.take(TOKEN)
    if (!found) return source.fail('a token is not closed: expected <name>')
    if (found[1]!.startsWith('['))
      source.fail(`${found[0]}: a token's number is another in each model; write the token's name`, at)
    return special(found[0])
  }

  private counts(): [number, number] | undefined {
    const { source } = this
    const at = source.at
    const operator = source.take(OPERATOR)?.[0]
    if (operator) return [operator === '+' ? 1 : 0, operator === '?' ? 1 : Infinity]
    if (source.text[at] !== '{') return undefined
    const found = source.take(COUNTS)
    if (!found) return source.fail(`expected {n}, {n,} or {n,m}, found ${source.next()}`)
    const [whole, least, comma, most] = found
    const max = comma === undefined ? Number(least) : most === '' ? Infinity : Number(most)
    return checkedCounts(Number(least), max, (what) => source.fail(`${whole}: ${what}`, at))
  }

  private space(lines: boolean): void {
    this.source.take(lines ? SPACE_OR_LINES : SPACE)
  }
}
