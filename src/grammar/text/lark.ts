/**
 * Lark, as OpenAI's custom tools and llguidance read it: rules in lower case, terminals in upper case, `%ignore`.
 * https://lark-parser.readthedocs.io/en/stable/grammar.html, https://github.com/guidance-ai/llguidance/blob/main/docs/syntax.md
 *
 * Terminals are read as rules are, in all ways that their definitions allow. A lexer would take the longest match and then
 * not go back; what it accepts is accepted here too, and where two terminals can share a text in several ways, this accepts
 * more: `/[a-z]+/ "b"` matches `ab`. A language that depends on the lexer's choice is rarely meant, and a parser that goes
 * back reads what is accepted here. Priorities, which only settle that choice, have no effect.
 *
 * Ignored terminals may come after each terminal of a rule, not inside of terminals and not before the first one.
 */
import { atOnce, type Steps } from '../pauses.js'
import { choice, EMPTY, repeat, sequence, type Node } from '../syntax/nodes.js'
import { invalidGrammar } from '../syntax/refuse.js'
import { COMMON } from './lark-common.js'
import { LarkExpressions, type LarkOptions } from './lark-expressions.js'
import { anyChar, beginningWith } from './quoting.js'
import { subtracted } from './regex-plain.js'
import { RuleTable, Source } from './source.js'

export type { LarkOptions } from './lark-expressions.js'

/** Blanks, comments and lines between definitions. */
const BETWEEN = /(?:\s|\/\/[^\n]*|#[^\n]*|\\(?=\r?\n))+/y
const DEFINED = /[!?]{0,2}(?:(_?[a-z](?:[\w]|-(?!>))*)|(_?[A-Z](?:[\w]|-(?!>))*))/y
const PRIORITY = /\s*\.\s*-?\d+/y
const DIRECTIVE = /%\s*([a-z]+)/y
const IMPORTED = /common(?:\.(\w+))?/y
const NAME = /_?[A-Za-z][\w-]*/y
const WORD = /[\w%.-]+/y
const ATTRIBUTE = /([a-z_]+)/y
/** Options of `%llguidance` that change no language. */
const WITHOUT_EFFECT = ['no_forcing', 'test_trace', 'verbose_errors']

/**
 * What `grammar` matches from its rule `start`.
 * @throws UserError invalid_grammar with line and column when it is malformed, names what is not defined, has no rule `start`,
 *   or uses what is not supported (templates, %declare, %override, %extend, other imports than common); grammar_too_complex
 *   when it is too long or nested too deeply
 * @example
 * larkNode('start: greeting NAME\ngreeting: "hello"i | "hi"\nNAME: /[a-z]+/\n%ignore " "')
 */
export function larkNode(grammar: string, options: LarkOptions = {}): Node {
  return atOnce(larkSteps(grammar, options))
}

/** As {@link larkNode}, in steps between which others may run. */
export function larkSteps(grammar: string, options: LarkOptions = {}): Steps<Node> {
  return new LarkReader(new Source(grammar), options).start()
}

class LarkReader {
  readonly rules = new RuleTable()
  private readonly ignored: Node[] = []
  private readonly expressions: LarkExpressions
  private skipFirst = false

  constructor(
    private readonly source: Source,
    options: LarkOptions,
  ) {
    const ignores = source.text.includes('%ignore')
    this.expressions = new LarkExpressions(
      source,
      this.rules,
      ignores ? this.rules.reference('%ignore', 0) : EMPTY,
      options,
    )
  }

  *start(): Steps<Node> {
    yield* this.definitions()
    if (!this.rules.isDefined('start')) throw invalidGrammar('expected a rule called start')
    const start = this.rules.reference('start', 0)
    return this.skipFirst ? sequence(this.rules.reference('%ignore', 0), start) : start
  }

  /** Reads all of the text. */
  *definitions(): Steps {
    const { source, rules } = this
    source.take(BETWEEN)
    while (!source.ended) {
      if (source.text[source.at] === '%') yield* this.directive()
      else yield* this.definition()
      source.take(BETWEEN)
    }
    rules.define('%ignore', this.ignored.length === 0 ? EMPTY : repeat(choice(this.ignored), 0))
    const missing = rules.missing()
    if (missing) source.fail(`${missing.name} is used and not defined`, missing.at)
    yield* this.expressions.checkTerminals()
  }

  private *definition(): Steps {
    const { source } = this
    const at = source.at
    const found = source.take(DEFINED)
    if (!found)
      return source.fail(`expected a definition, name: ..., or a directive, %ignore ..., found ${source.next()}`)
    const name = found[1] ?? found[2]!
    const terminal = found[1] === undefined
    if (source.text[source.at] === '{') source.fail('templates are not supported; write the rule out for each use', at)
    source.take(PRIORITY)
    const attributes = this.attributes(terminal)
    this.expressions.blanks()
    if (!source.takes(':')) source.fail(`expected : after the name ${name}, found ${source.next()}`)
    if (this.rules.isDefined(name)) source.fail(`${name} is there twice`, at)
    this.rules.define(name, yield* this.body(name, terminal, attributes))
    this.endOfLine()
  }

  private *body(name: string, terminal: boolean, attributes: Attributes): Steps<Node> {
    const { expressions } = this
    if (terminal) return yield* expressions.terminal(name)
    if (!attributes.lazy && !attributes.suffix) return yield* expressions.rule()
    const text = sequence(yield* expressions.terminal(name), attributes.suffix ?? EMPTY)
    return expressions.lexeme(shortest(text))
  }

  private endOfLine(): void {
    const { source } = this
    this.expressions.blanks()
    if (!source.ended && !/[\r\n]/.test(source.text[source.at]!))
      source.fail(`expected an item, | or the end of the line, found ${source.next()}`)
  }

  /** `[lazy, suffix="x", capture]` */
  private attributes(terminal: boolean): Attributes {
    const { source } = this
    const attributes: Attributes = { lazy: false, suffix: undefined }
    this.expressions.blanks()
    if (terminal || !source.takes('[')) return attributes
    for (;;) {
      this.expressions.blanks()
      const at = source.at
      const name = source.take(ATTRIBUTE)?.[0]
      this.attribute(name, attributes, at)
      this.expressions.blanks()
      if (source.takes(']')) return attributes
      if (!source.takes(',')) source.fail(`expected , or ], found ${source.next()}`)
    }
  }

  private attribute(name: string | undefined, attributes: Attributes, at: number): void {
    const { source, expressions } = this
    if (name === 'lazy') attributes.lazy = true
    else if (name === 'suffix') {
      if (!expressions.takes('=')) source.fail(`expected suffix="text", found ${source.next()}`)
      attributes.suffix = expressions.terminalItem('suffix')
    } else if (name === 'capture' || name === 'stop_capture') {
      if (expressions.takes('=')) expressions.string()
    } else if (name === 'stop') source.fail('stop would take back what was said; write suffix', at)
    else source.fail(`expected lazy, suffix or capture, found ${name ?? source.next(at)}, which is not supported`, at)
  }

  private *directive(): Steps {
    const { source, expressions } = this
    const at = source.at
    const name = source.take(DIRECTIVE)?.[1]
    expressions.blanks()
    switch (name) {
      case 'ignore':
        this.ignored.push(yield* expressions.terminal('%ignore'))
        return this.endOfLine()
      case 'import':
        this.imports()
        return this.endOfLine()
      case 'llguidance':
        return this.options(expressions.json('%llguidance'), at)
      case 'declare':
      case 'override':
      case 'extend':
        return source.fail(`%${name} is not supported; define what it names`, at)
      default:
        return source.fail(`expected %ignore, %import or %llguidance, found ${source.next(at)}`, at)
    }
  }

  private imports(): void {
    const { source, expressions } = this
    const at = source.at
    const found = source.take(IMPORTED)
    if (!found) {
      const module = source.take(WORD)?.[0] ?? source.next()
      return source.fail(`expected common, the only module that can be imported, found ${module}`, at)
    }
    if (found[1] !== undefined) {
      const alias = expressions.takes('->') ? expressions.name(NAME) : found[1]
      return this.imported(found[1], alias, at)
    }
    if (!expressions.takes('('))
      return source.fail(`expected common.NAME or common (NAME, ...), found ${source.next()}`)
    do {
      expressions.blanks(true)
      const from = source.at
      const name = expressions.name(NAME)
      this.imported(name, name, from)
      expressions.blanks(true)
    } while (source.takes(','))
    if (!source.takes(')')) source.fail(`expected , or ), found ${source.next()}`)
  }

  private imported(name: string, alias: string, at: number): void {
    const table = commonTerminals()
    if (!table.isDefined(name) || name.startsWith('%')) this.source.fail(`common has no terminal ${name}`, at)
    if (this.rules.isDefined(alias)) this.source.fail(`${alias} is there twice`, at)
    this.rules.define(alias, table.reference(name, 0))
  }

  private options(options: object, at: number): void {
    for (const [name, value] of Object.entries(options)) {
      if (name === 'allow_initial_skip') this.skipFirst = value === true
      else if (!WITHOUT_EFFECT.includes(name) && value !== false)
        this.source.fail(`the option ${name} of %llguidance is not supported`, at)
    }
  }
}

interface Attributes {
  lazy: boolean
  suffix: Node | undefined
}

/** Of `node`'s texts those that have no other at their beginning. */
function shortest(node: Node): Node {
  return subtracted(node, sequence(node, beginningWith(anyChar('plain'), 'plain')), 'plain')
}

let common: RuleTable | undefined

function commonTerminals(): RuleTable {
  if (!common) {
    const reader = new LarkReader(new Source(COMMON), {})
    atOnce(reader.definitions())
    common = reader.rules
  }
  return common
}
