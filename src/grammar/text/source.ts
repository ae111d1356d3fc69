/** The text of a grammar that is being read, and the rules that it defines. */
import { Rule, type Node } from '../syntax/nodes.js'
import { grammarTooComplex, invalidGrammar } from '../syntax/refuse.js'

/** Longer grammars are refused. */
const MAX_LENGTH = 256 * 1024
/** Brackets in brackets, at most. */
const MAX_DEPTH = 200
/** Counts beyond this are no different from it: no text is as long. */
const MOST_COUNT = 2 ** 31 - 1

/** Items of a grammar that are read in one go. */
const PIECE = 64

/** A text, and how far it was read. */
export class Source {
  at = 0
  private depth = 0
  private items = 0

  /** @throws UserError grammar_too_complex when it is too long */
  constructor(readonly text: string) {
    if (text.length > MAX_LENGTH)
      throw grammarTooComplex(`it has ${text.length} characters; at most ${MAX_LENGTH} are allowed`)
  }

  get ended(): boolean {
    return this.at >= this.text.length
  }

  /** Whether it is time for others: now and then, as items are read. */
  get piece(): boolean {
    return ++this.items % PIECE === 0
  }

  /** What `pattern`, which must be sticky, matches here; then it is read. */
  take(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.at
    const found = pattern.exec(this.text)
    if (!found) return undefined
    this.at += found[0].length
    return found
  }

  /** Reads exactly `expected`, if it stands here. */
  takes(expected: string): boolean {
    if (!this.text.startsWith(expected, this.at)) return false
    this.at += expected.length
    return true
  }

  /** One bracket more, or less. @throws UserError grammar_too_complex when these are nested too deeply */
  deeper(by = 1): void {
    this.depth += by
    if (this.depth > MAX_DEPTH)
      throw grammarTooComplex(
        `line ${this.line(this.at)}: brackets are nested too deeply, more than ${MAX_DEPTH}; make rules of what is inside`,
      )
  }

  line(at: number): number {
    return this.text.slice(0, at).split('\n').length
  }

  /** `line 2, column 7` */
  place(at: number): string {
    const before = this.text.slice(0, at)
    return `line ${this.line(at)}, column ${Array.from(before.slice(before.lastIndexOf('\n') + 1)).length + 1}`
  }

  /** @throws UserError invalid_grammar with line and column */
  fail(what: string, at = this.at): never {
    throw invalidGrammar(`${this.place(at)}: ${what}`)
  }

  /** What comes next, for messages. */
  next(at = this.at): string {
    if (at >= this.text.length) return 'the end'
    const line = this.text.slice(at, at + 21).split('\n')[0]!
    return line === '' ? 'the end of the line' : line.length > 20 ? `${line.slice(0, 20)}…` : line
  }
}

/** Repetitions as the tree has them. `fail` is called where the counts do not rise or are too large. */
export function checkedCounts(least: number, most: number, fail: (what: string) => never): [min: number, max: number] {
  if (least > most) return fail(`the counts do not rise`)
  if (least > MOST_COUNT) return fail(`at most ${MOST_COUNT} repetitions can be asked for`)
  return [least, most > MOST_COUNT ? Infinity : most]
}

/** Rules by name, which may be referred to before they are defined. */
export class RuleTable {
  private readonly rules = new Map<string, Rule>()
  private readonly defined = new Set<string>()
  private readonly used = new Map<string, number>()

  isDefined(name: string): boolean {
    return this.defined.has(name)
  }

  /** The node that stands for a rule. */
  reference(name: string, at: number): Node {
    if (!this.used.has(name)) this.used.set(name, at)
    return { kind: 'rule', rule: this.rule(name) }
  }

  define(name: string, body: Node): void {
    this.defined.add(name)
    this.rule(name).define(body)
  }

  /** The first rule that is used and not defined, and where. */
  missing(): { name: string; at: number } | undefined {
    for (const [name, at] of this.used) if (!this.defined.has(name)) return { name, at }
    return undefined
  }

  private rule(name: string): Rule {
    let rule = this.rules.get(name)
    if (!rule) {
      rule = new Rule(name)
      this.rules.set(name, rule)
    }
    return rule
  }
}
