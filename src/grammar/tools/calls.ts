/** Calls of tools, as a model's dialect writes them. */
import { CALL_ID, type ArgumentSyntax, type ToolSyntax } from '../../chat/dialects/dialect.js'
import type { ToolDefinition } from '../../chat/message.js'
import { UserError } from '../../errors.js'
import type { ToolCallsSpec } from '../spec.js'
import { choice, EMPTY, optional, repeat, rule, sequence, type Node } from '../syntax/nodes.js'
import { regexNode } from '../text/regex.js'
import { membersAlone, type SchemaNode } from './argument.js'
import { inputArguments, type InputNode } from './input.js'
import { literalArguments } from './literals.js'
import { Markup, textNotBeginning, textWithout, type Markers } from './markup.js'
import { taggedArguments } from './tagged.js'

/** Calls in one answer, where the dialect numbers them. */
const MOST_NUMBERED = 16

/**
 * Answers with calls.
 * @throws UserError invalid_grammar, grammar_too_complex; its path names the tool
 */
export async function toolCallsNode(
  spec: ToolCallsSpec,
  syntax: ToolSyntax,
  markers: Markers,
  json: SchemaNode,
  input: InputNode,
): Promise<Node> {
  const { tools, must, parallel, orJson } = spec
  if (tools.length === 0)
    throw new UserError('expected at least one tool; found none', 'invalid_grammar', { path: 'tools' })
  const markup = new Markup(markers)
  if (spec.none) {
    const writer = new CallWriter(syntax, tools, [], markup)
    const answer = orJson === undefined ? undefined : await within('orJson', () => json(orJson))
    return writer.after(answer ? writer.said(answer) : writer.textAlone(true))
  }
  const bodies: Node[] = []
  for (const [i, tool] of tools.entries()) {
    const own = tool.input
    bodies.push(
      await within(`tools[${i}].function.parameters`, () =>
        (own
          ? inputArguments(own, syntax.argumentsAs, markup, input)
          : argumentsOf(tool, syntax.argumentsAs, markup, json)
        ).catch((error: unknown) => {
          // What is neither strict nor asked for may have any arguments.
          if (must || own || tool.function.strict || syntax.argumentsAs.kind !== 'json') throw error
          return json({ type: 'object' })
        }),
      ),
    )
  }
  const writer = new CallWriter(syntax, tools, bodies, markup)
  const calls = writer.calls(parallel)
  const answers = orJson === undefined ? [] : [writer.said(await within('orJson', () => json(orJson)))]
  if (must || answers.length > 0) return writer.after(choice([calls, ...answers]))
  return writer.after(writer.withText(calls))
}

/** Says where a refusal comes from. */
async function within<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof UserError) || error.path !== undefined) throw error
    const { fault, code, at, remedies } = error
    throw new UserError(fault, code, { at, remedies, path, cause: error })
  }
}

async function argumentsOf(
  { function: tool }: ToolDefinition,
  syntax: ArgumentSyntax,
  markup: Markup,
  json: SchemaNode,
): Promise<Node> {
  const root = { type: 'object', ...tool.parameters }
  if (syntax.kind === 'json') return json(root)
  const own = membersAlone(tool.parameters ?? {}, root)
  if (syntax.kind === 'tagged') return taggedArguments(own, root, syntax, markup, json)
  return literalArguments(own, root, syntax, markup, json)
}

/** Puts the calls of one answer together. */
class CallWriter {
  constructor(
    private readonly syntax: ToolSyntax,
    private readonly tools: readonly ToolDefinition[],
    private readonly bodies: readonly Node[],
    private readonly markup: Markup,
  ) {}

  /** One call or more. */
  calls(parallel: boolean): Node {
    const { before, end, after } = this.syntax
    // Space before the calls is a part of the text before them, where there is any.
    const lead = before.slice(0, before.length - before.trimStart().length)
    const begin = sequence(
      this.emptyText(),
      optional(this.markup.exactly(lead)),
      this.markup.exactly(before.slice(lead.length)),
    )
    const first = this.call(0)
    const rest = parallel && this.syntax.parallel ? this.more() : []
    return sequence(begin, first, ...rest, this.markup.exactly(end + after))
  }

  /** A text's place may be there, and closed, with nothing in it. */
  private emptyText(): Node {
    const { text, messages } = this.syntax
    if (!text || messages) return EMPTY
    return optional(sequence(optional(this.markup.exactly(text.begin)), this.markup.exactly(text.end)))
  }

  /** Text that is the whole answer, in its place. */
  said(content: Node): Node {
    const { text, messages } = this.syntax
    if (!text) return content
    const begin = this.markup.exactly(text.begin)
    // Elsewhere the prompt may have written it already.
    return sequence(messages ? begin : optional(begin), content, optional(this.markup.exactly(text.end)))
  }

  /** Text without calls, or calls with text before them. */
  withText(calls: Node): Node {
    const { atStart, messages, nextMessage } = this.syntax
    const text = this.textAlone(false)
    // Here a call is a message of its own.
    if (atStart || (messages && nextMessage === undefined)) return choice([calls, text])
    if (nextMessage !== undefined) {
      const more = sequence(this.markup.exactly(nextMessage), calls)
      return choice([calls, sequence(text, optional(more))])
    }
    return sequence(text, optional(calls))
  }

  /** Text in which no call begins. @param ever nor may one come after it */
  textAlone(ever: boolean): Node {
    const { atStart, messages, nextMessage, text, alsoBegin = [] } = this.syntax
    if (atStart) return textNotBeginning(alsoBegin)
    if (nextMessage !== undefined) return this.said(textWithout([nextMessage]))
    const tag = ever ? this.tag() : ''
    if (messages) return this.said(textWithout(ever ? [text?.end ?? '', tag].filter((mark) => mark !== '') : []))
    const marks = [ever ? tag : this.trigger(), ...alsoBegin].filter((mark) => mark !== '')
    return this.said(this.markup.prose(marks, this.everything()))
  }

  /** An answer after the messages that may stand before its last. */
  after(answer: Node): Node {
    const { messages } = this.syntax
    if (!messages || messages.length === 0) return answer
    const one = choice(messages.map(({ begin, end }) => sequence(this.markup.exactly(begin), this.markup.upTo(end))))
    return sequence(repeat(one, 0), answer)
  }

  private call(index: number): Node {
    const calls = this.tools.map((tool, i) =>
      sequence(this.withId(this.syntax.begin(tool.function.name, index)), this.bodies[i]!),
    )
    return rule(`call ${index}`, () => choice(calls))
  }

  /** A call's beginning, with any id in its place. */
  private withId(begin: string): Node {
    const { ids } = this.syntax
    const [before = '', ...after] = ids === undefined ? [begin] : begin.split(CALL_ID)
    if (ids === undefined || after.length === 0) return this.markup.exactly(begin)
    const id = regexNode(ids, { quoting: 'plain', whole: true })
    return sequence(this.markup.exactly(before), id, this.markup.exactly(after.join(CALL_ID)))
  }

  /** Calls after the first. */
  private more(): Node[] {
    const { syntax, markup } = this
    // Templates of one family differ in white space between calls.
    const between = sequence(markup.exactly(syntax.end), markup.closing(syntax.between))
    const name = this.tools[0]!.function.name
    if (syntax.begin(name, 1) === syntax.begin(name, 2)) return [repeat(sequence(between, this.call(1)), 0)]
    let more: Node | undefined
    for (let index = MOST_NUMBERED - 1; index >= 1; index--) {
      const next = sequence(between, this.call(index), ...(more ? [more] : []))
      more = rule(`calls ${index}`, () => optional(next))
    }
    return more ? [more] : []
  }

  /** What all calls begin with, up to the end of the first marker in it. */
  private beginning(): string {
    const { syntax } = this
    const beginnings = this.tools.map((tool) => syntax.before + syntax.begin(tool.function.name, 0))
    const shared = beginnings.reduce(commonPrefix).trim()
    return shared.slice(0, this.markup.markerEnds(shared) ?? shared.length)
  }

  /** What no text has in which no call may be begun: the first element of calls, which tells nothing yet. Empty where nothing does. */
  private tag(): string {
    const beginning = this.beginning()
    return /^<[^<>]*>/.exec(beginning)?.[0] ?? beginning
  }

  /** What tells a call from text. */
  private trigger(): string {
    const beginning = this.beginning()
    if (beginning !== '') return beginning
    throw new UserError(
      'the calls of this model have no fixed beginning; leave strict out, or require a call',
      'invalid_grammar',
    )
  }

  /** All markers that calls have are in this text. */
  private everything(): string {
    const { before, end, between, after, argumentsAs } = this.syntax
    const begin = this.syntax.begin(this.tools[0]!.function.name, 0)
    const tags = argumentsAs.kind === 'tagged' ? argumentsAs.begin('k', 'string') + argumentsAs.end('k') : ''
    const quotes = argumentsAs.kind === 'gemma' ? argumentsAs.quote : ''
    return [before, begin, end, between, after, tags, quotes].join('\n')
  }
}

function commonPrefix(a: string, b: string): string {
  let n = 0
  while (n < a.length && a[n] === b[n]) n++
  return a.slice(0, n)
}
