/** EBNF as the library xgrammar writes it: `name ::= "literal" [a-z]{2,4} (other | "")`. */
import { atOnce, type Steps } from '../pauses.js'
import { complement, type CodeRanges } from '../syntax/characters.js'
import { chars, choice, repeat, sequence, text, type Node } from '../syntax/nodes.js'
import { invalidGrammar } from '../syntax/refuse.js'
import { checkedCounts, RuleTable, Source } from './source.js'

const SPACE = /(?:\s+|#[^\n]*)+/y
const RULE = /([A-Za-z_][\w.-]*)\s*::=/y
const NAME = /[A-Za-z_][\w.-]*/y
const STRING = /"((?:[^"\\\n]|\\(?:["\\'nrtbf/]|x[\da-fA-F]{1,8}|u[\da-fA-F]{4}|U[\da-fA-F]{8}))*)"/y
const CLASS = /\[(\^?)((?:[^\]\\\n]|\\(?:[\]\\[^\-"'nrtbf/]|x[\da-fA-F]{1,8}|u[\da-fA-F]{4}|U[\da-fA-F]{8}))*)\]/y
const REPEAT = /([*+?])|\{\s*(\d+)\s*(?:(,)\s*(\d*)\s*)?\}/y
const ITEM = /\\(?:x[\da-fA-F]+|u[\da-fA-F]{4}|U[\da-fA-F]{8}|.)|[^]/gu
const CONTROL: Partial<Record<string, number>> = { '\\n': 10, '\\r': 13, '\\t': 9, '\\b': 8, '\\f': 12 }

/**
 * What `grammar` matches from its rule `root`.
 * @throws UserError invalid_grammar with the line when it is not EBNF, names a rule that is missing, or has no rule `root`;
 *   grammar_too_complex when it is too long or nested too deeply
 * @example
 * ebnfNode('root ::= sum\nsum ::= [0-9]+ ("+" [0-9]+)*')
 */
export function ebnfNode(grammar: string): Node {
  return atOnce(ebnfSteps(grammar))
}

/** As {@link ebnfNode}, in steps between which others may run. */
export function ebnfSteps(grammar: string): Steps<Node> {
  return new EbnfReader(new Source(grammar)).read()
}

/** What is being read between two brackets, or of a rule. */
interface Level {
  readonly alternatives: Node[]
  items: Node[]
}

class EbnfReader {
  private readonly rules = new RuleTable()
  private levels: Level[] = []
  private name: string | undefined
  /** What stands before: nothing yet in this alternative, something that may be repeated, or a repetition. */
  private before: 'nothing' | 'element' | 'repetition' = 'nothing'
  private at = 0

  constructor(private readonly source: Source) {}

  *read(): Steps<Node> {
    const { source, rules } = this
    source.take(SPACE)
    while (!source.ended) {
      if (source.piece) yield
      this.at = source.at
      this.step()
      source.take(SPACE)
    }
    if (this.levels.length > 1 || (this.name !== undefined && this.before === 'nothing'))
      throw invalidGrammar('it ends in the middle of a rule')
    this.endRule()
    const missing = rules.missing()
    if (missing) throw invalidGrammar(`rule ${missing.name} is used and not defined`)
    if (!rules.isDefined('root')) throw invalidGrammar('expected a rule called root')
    return rules.reference('root', 0)
  }

  private step(): void {
    const { source } = this
    const rule = source.take(RULE)
    if (rule) return this.beginRule(rule[1]!)
    const name = source.take(NAME)
    if (name) return this.element(() => this.rules.reference(name[0], this.at))
    const string = source.take(STRING)
    if (string) return this.element(() => text(this.stringOf(string[1]!)))
    const set = source.take(CLASS)
    if (set) return this.element(() => chars(this.classOf(set[1] === '^', set[2]!)))
    const repetition = source.take(REPEAT)
    if (repetition) return this.repetition(repetition)
    if (source.takes('(')) return this.open()
    if (source.takes('|')) return this.or()
    if (source.takes(')')) return this.close()
    this.fail(`expected a rule, a name, a "string", a [class] or an operator, found ${source.next(this.at)}`)
  }

  private beginRule(name: string): void {
    if (this.levels.length > 1) this.fail('a bracket is not closed before the next rule')
    if (this.rules.isDefined(name) || this.name === name) this.fail(`rule ${name} is there twice`)
    if (this.name !== undefined && this.before === 'nothing') this.fail('the rule before is empty; write ""')
    this.endRule()
    this.name = name
    this.levels = [{ alternatives: [], items: [] }]
    this.before = 'nothing'
  }

  private endRule(): void {
    if (this.name !== undefined) this.rules.define(this.name, choiceOf(this.levels[0]!))
  }

  private get level(): Level {
    return this.levels.at(-1) ?? this.fail('expected a rule: name ::= ...')
  }

  private element(make: () => Node): void {
    this.level.items.push(make())
    this.before = 'element'
  }

  private repetition([whole, operator, least, comma, most]: RegExpExecArray): void {
    this.needsBefore(whole)
    if (this.before === 'repetition') this.fail('a repetition is repeated; use brackets')
    const [min, max] =
      operator === undefined
        ? [Number(least), comma === undefined ? Number(least) : most === '' ? Infinity : Number(most)]
        : [operator === '+' ? 1 : 0, operator === '?' ? 1 : Infinity]
    const counts = checkedCounts(min, max, (what) => this.fail(`${whole}: ${what}`))
    const { items } = this.level
    items.push(repeat(items.pop()!, ...counts))
    this.before = 'repetition'
  }

  private open(): void {
    if (this.levels.length === 0) this.fail('expected a rule: name ::= ...')
    this.source.deeper()
    this.levels.push({ alternatives: [], items: [] })
    this.before = 'nothing'
  }

  private or(): void {
    this.needsBefore('|')
    nextAlternative(this.level)
    this.before = 'nothing'
  }

  private close(): void {
    this.needsBefore(')')
    if (this.levels.length < 2) this.fail('a bracket is closed that was not opened')
    this.source.deeper(-1)
    const inner = choiceOf(this.levels.pop()!)
    this.element(() => inner)
  }

  private needsBefore(what: string): void {
    if (this.levels.length === 0) this.fail('expected a rule: name ::= ...')
    if (this.before === 'nothing') this.fail(`nothing stands before ${what}`)
  }

  private stringOf(inside: string): string {
    const codes = itemsOf(inside).map((item) => this.codeOf(item))
    const made = codes.map((code) => String.fromCodePoint(code)).join('')
    if (/\p{Surrogate}/u.test(made)) this.fail('half of a character in a string; write \\UXXXXXXXX')
    return made
  }

  private classOf(negated: boolean, inside: string): CodeRanges {
    if (inside === '') this.fail('a character class is empty')
    const items = itemsOf(inside)
    const ranges: [number, number][] = []
    for (let i = 0; i < items.length; i++) {
      const from = this.codeOf(items[i]!)
      const ranging = items[i + 1] === '-' && i + 2 < items.length
      const to = ranging ? this.codeOf(items[i + 2]!) : from
      if (from > to) this.fail(`the range ${items[i]}-${items[i + 2]} does not rise`)
      ranges.push([from, to])
      if (ranging) i += 2
    }
    // Twice, so that what is left are characters.
    return negated ? complement(ranges) : complement(complement(ranges))
  }

  private codeOf(item: string): number {
    const hex = /^\\[xuU]([\da-fA-F]+)$/.exec(item)
    const code = hex ? parseInt(hex[1]!, 16) : (CONTROL[item] ?? item.codePointAt(item.startsWith('\\') ? 1 : 0))
    // A backslash by itself cannot come here: what follows it is a part of the item.
    return code !== undefined && code <= 0x10ffff ? code : this.fail(`${item} is no character`)
  }

  private fail(what: string): never {
    throw invalidGrammar(`line ${this.source.line(this.at)}: ${what}`)
  }
}

function itemsOf(inside: string): string[] {
  return inside.match(ITEM) ?? []
}

function nextAlternative(level: Level): void {
  level.alternatives.push(sequence(...level.items))
  level.items = []
}

function choiceOf(level: Level): Node {
  nextAlternative(level)
  return choice(level.alternatives)
}
