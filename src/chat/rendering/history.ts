/** Calls of earlier turns, and what tools answered, where a template would leave them out without a word. */
import { CALL_ID, type Dialect, type ToolSyntax } from '../dialects/dialect.js'
import type { ChatMessage, MessageToolCall, ToolDefinition } from '../message.js'
import type { ChatTemplate } from '../prompt.js'
import { parseJson } from '../python/json.js'
import { repr, str } from '../python/text.js'
import { Dict, type Value } from '../python/values.js'
import { joinedTurns } from '../turns.js'

const TOOL: ToolDefinition = {
  type: 'function',
  function: {
    name: 'look_up_the_tide',
    description: 'The tide at a harbour',
    parameters: { type: 'object', properties: { harbour: { type: 'string', description: 'Its name' } }, required: [] },
  },
}
const HARBOURS = ['Harbour One', 'Harbour Two'] as const
const ANSWER = 'the tide is high'
const IDS = ['probe0001', 'probe0002'] as const

/** What an assistant says next to its calls. */
type Content = 'text' | 'empty' | 'none'
/** What of two calls, or of one, a template writes. */
interface Kept {
  readonly calls: 'all' | 'first' | 'none'
  readonly answers: boolean
  readonly refused?: boolean
}

/** Conversations so that the template writes all of them: it is asked by probes, once for each kind of turn. */
export class History {
  private readonly probes = new Map<string, Kept>()

  constructor(
    private readonly template: ChatTemplate,
    private readonly dialect: Dialect,
    private readonly warn: () => void,
  ) {}

  /** The messages, with what the template would drop in another shape: content as null, one call a turn, or calls as text. */
  whole(messages: readonly ChatMessage[]): readonly ChatMessage[] {
    const shown: ChatMessage[] = []
    for (let i = 0; i < messages.length; i++) {
      const message = messages[i]!
      const calls = message.tool_calls ?? []
      if (calls.length === 0) {
        shown.push(message)
        continue
      }
      const answers: ChatMessage[] = []
      while (messages[i + 1]?.role === 'tool') answers.push(messages[++i]!)
      const turn = this.turn(message, calls, answers)
      // Many a template that knows no tools insists on turns that alternate: all answers are one.
      shown.push(...(this.keeps(message, 1).answers ? turn : joinedTurns(turn.map((one) => asUser(one, calls)))))
    }
    return shown
  }

  private turn(
    message: ChatMessage,
    calls: readonly MessageToolCall[],
    answers: readonly ChatMessage[],
  ): readonly ChatMessage[] {
    if (this.keeps(message, calls.length).calls === 'all') return [message, ...answers]
    const withNull = { ...message, content: null }
    if (contentOf(message) === 'empty' && this.keeps(withNull, calls.length).calls === 'all')
      return [withNull, ...answers]
    if (calls.length > 1 && this.keeps(message, 1).calls === 'all') return this.oneByOne(message, calls, answers)
    this.warn()
    const text = [message.content ?? '', written(calls, this.dialect.toolSyntax?.([]))]
    return [{ ...message, tool_calls: undefined, content: text.filter((part) => part !== '').join('\n') }, ...answers]
  }

  /** A turn for each call, with its answer after it. */
  private oneByOne(
    message: ChatMessage,
    calls: readonly MessageToolCall[],
    answers: readonly ChatMessage[],
  ): readonly ChatMessage[] {
    const later = { ...message, content: '', reasoning_content: undefined }
    const left = [...answers]
    const turns = calls.flatMap((call, i) => {
      const turn = { ...(i === 0 ? message : later), tool_calls: [call] }
      const at = left.findIndex(({ tool_call_id: id }) => id === undefined || id === call.id)
      return [...this.turn(turn, [call], []), ...(at < 0 ? [] : left.splice(at, 1))]
    })
    return [...turns, ...left]
  }

  private keeps(message: ChatMessage, count: number): Kept {
    return this.probed(contentOf(message), Math.min(count, HARBOURS.length))
  }

  private probed(content: Content, count: number): Kept {
    const key = `${content} ${count}`
    let kept = this.probes.get(key)
    if (!kept) this.probes.set(key, (kept = this.probe(content, count)))
    return kept
  }

  /** A template that refuses the probe is taken as it is, but for one that takes a single call. */
  private probe(content: Content, count: number): Kept {
    const harbours = HARBOURS.slice(0, count)
    const calls = harbours.map((harbour, i) => ({
      id: IDS[i]!,
      type: 'function' as const,
      function: { name: TOOL.function.name, arguments: JSON.stringify({ harbour }) },
    }))
    const messages: ChatMessage[] = [
      { role: 'user', content: 'Hi' },
      { role: 'assistant', content: { text: 'Let me look.', empty: '', none: null }[content], tool_calls: calls },
      ...calls.map(({ id }) => ({
        role: 'tool' as const,
        content: ANSWER,
        tool_call_id: id,
        name: TOOL.function.name,
      })),
    ]
    const found = this.found(messages, harbours)
    if (found) return found
    // One that knows no role of tools may refuse it.
    const asText = this.found(joinedTurns(messages.map((one) => asUser(one, calls))), harbours)
    if (asText) return { ...asText, answers: false }
    const takesOne = count > 1 && !this.probed(content, 1).refused
    return { calls: takesOne ? 'first' : 'all', answers: true, refused: true }
  }

  /** What of a probe the template writes; undefined where it refuses it. */
  private found(messages: readonly ChatMessage[], harbours: readonly string[]): Kept | undefined {
    try {
      const prompt = this.template.render(messages, { tools: [TOOL] })
      const written = harbours.filter((harbour) => prompt.includes(harbour))
      const all = written.length === harbours.length ? 'all' : written.includes(HARBOURS[0]) ? 'first' : 'none'
      return { calls: all, answers: prompt.includes(ANSWER) }
    } catch {
      return undefined
    }
  }
}

function contentOf({ content }: ChatMessage): Content {
  return content === null ? 'none' : content.trim() === '' ? 'empty' : 'text'
}

/** What a tool answered, for a template that knows no tools. */
function asUser(message: ChatMessage, calls: readonly MessageToolCall[]): ChatMessage {
  if (message.role !== 'tool') return message
  const { tool_call_id: id, content } = message
  const name = message.name ?? calls.find((call) => call.id === id)?.function.name ?? calls[0]!.function.name
  return { role: 'user', content: `The tool ${name} answered:\n${content ?? ''}` }
}

/** Calls as the model writes them; as JSON where its form is not known, or not one that can be told in a line. */
function written(calls: readonly MessageToolCall[], syntax: ToolSyntax | undefined): string {
  const kind = syntax?.argumentsAs.kind
  if (!syntax || (kind !== 'json' && kind !== 'python'))
    return calls
      .map(({ function: { name, arguments: args } }) => `{"name": ${JSON.stringify(name)}, "arguments": ${args}}`)
      .join('\n')
  const all = calls.map(({ id = '', function: { name, arguments: args } }, i) => {
    const text = kind === 'json' ? args : pythonArguments(args)
    return syntax.begin(name, i).replace(CALL_ID, id) + text + syntax.end
  })
  return syntax.before + all.join(syntax.between) + syntax.after
}

function pythonArguments(json: string): string {
  const value = parseJson(json)
  if (!(value instanceof Dict)) return ''
  return value
    .entries()
    .map(([key, one]) => `${str(key)}=${literal(one)}`)
    .join(', ')
}

/** As Python prints it, but for its quotes: models write double ones. */
function literal(value: Value): string {
  if (typeof value === 'string') return JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map(literal).join(', ')}]`
  if (!(value instanceof Dict)) return repr(value)
  const members = value.entries().map(([key, one]) => `${literal(key)}: ${literal(one)}`)
  return `{${members.join(', ')}}`
}
