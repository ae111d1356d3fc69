import type { ToolCall } from '../../../chat/dialects/dialect.js'
import { inputOf, InputText } from '../custom-tools.js'
import { isCustom } from '../conversation.js'
import type { CallPiece } from '../tool-calls.js'
import type { ChatRequest } from './chat-schema.js'

/** How the calls of an answer look to its client: by the kinds of its tools, or in the older form. */
export class ShownCalls {
  private readonly custom: ReadonlySet<string>
  private readonly older: boolean
  private readonly inputs = new Map<number, InputText>()

  constructor({ tools, functions }: ChatRequest) {
    this.custom = new Set(tools?.flatMap((tool) => (isCustom(tool) ? [tool.custom.name] : [])))
    this.older = Boolean(functions && functions.length > 0 && !tools?.length)
  }

  /** What a message has of these calls. */
  message(calls: readonly ToolCall[]): Record<string, unknown> {
    const [first] = calls
    if (!first) return {}
    if (this.older) return { function_call: { name: first.name, arguments: first.arguments } }
    return { tool_calls: calls.map((call) => this.whole(call)) }
  }

  /** What the chunks of a stream have of a piece; undefined where the older form has no place for it. */
  deltas({ begins, call, text }: CallPiece): Record<string, unknown>[] {
    const { index, id, name } = call
    if (this.older) return index > 0 ? [] : this.olderDeltas(begins, name, text)
    const custom = this.custom.has(name)
    const shown = custom ? this.input(index).push(text) : text
    const own = (input: string): Record<string, unknown> =>
      custom ? { custom: { input } } : { function: { arguments: input } }
    const head = custom
      ? { index, id, type: 'custom', custom: { name, input: '' } }
      : { index, id, type: 'function', function: { name, arguments: '' } }
    return [
      ...(begins ? [{ tool_calls: [head] }] : []),
      ...(shown === '' ? [] : [{ tool_calls: [{ index, ...own(shown) }] }]),
    ]
  }

  /** Why an answer with calls ended. */
  get finish(): string {
    return this.older ? 'function_call' : 'tool_calls'
  }

  private olderDeltas(begins: boolean, name: string, text: string): Record<string, unknown>[] {
    return [
      ...(begins ? [{ function_call: { name, arguments: '' } }] : []),
      ...(text === '' ? [] : [{ function_call: { arguments: text } }]),
    ]
  }

  private whole({ id, name, arguments: text }: ToolCall): Record<string, unknown> {
    if (this.custom.has(name)) return { id, type: 'custom', custom: { name, input: inputOf(text) } }
    return { id, type: 'function', function: { name, arguments: text } }
  }

  private input(index: number): InputText {
    let input = this.inputs.get(index)
    if (!input) this.inputs.set(index, (input = new InputText()))
    return input
  }
}
