import type { ToolCall } from '../../../chat/dialects/dialect.js'
import { chatLogprobs } from '../logprobs.js'
import { newId } from '../../admission/request.js'
import type { NamedChoice, Piece } from '../../../remote/engine-like.js'

/** An event of the responses stream, without its sequence number. */
export interface ResponseEvent {
  readonly type: string
  readonly [field: string]: unknown
}

type Logprobs = ReturnType<typeof chatLogprobs>
type Status = 'in_progress' | 'completed' | 'incomplete'

/** A reasoning or a message item, while its text grows. */
interface OpenItem {
  readonly kind: 'reasoning' | 'text'
  readonly id: string
  text: string
  logprobs: Logprobs
}

/** Turns the pieces of an answer into the output items of a response, and into the events that tell of them. */
export class ResponseItems {
  /** Finished items. */
  readonly output: Record<string, unknown>[] = []
  private open: OpenItem | undefined

  constructor(private readonly withLogprobs: boolean) {}

  *push({ part, choices }: Piece): Generator<ResponseEvent, void, undefined> {
    if (part?.kind === 'tool-call') {
      yield* this.close('completed')
      yield* this.call(part.call)
      return
    }
    const kind = part?.kind ?? this.open?.kind
    if (kind === undefined) return
    if (this.open?.kind !== kind) {
      yield* this.close('completed')
      yield* this.start(kind)
    }
    if (part || choices) yield* this.grow(this.open!, part?.text ?? '', choices ?? [])
  }

  *end(status: Status): Generator<ResponseEvent, void, undefined> {
    yield* this.close(status)
  }

  private *start(kind: OpenItem['kind']): Generator<ResponseEvent, void, undefined> {
    const open: OpenItem = { kind, id: `${kind === 'text' ? 'msg' : 'rs'}_${newId()}`, text: '', logprobs: [] }
    this.open = open
    yield {
      type: 'response.output_item.added',
      output_index: this.output.length,
      item: this.item(open, [], 'in_progress'),
    }
    yield { type: 'response.content_part.added', ...this.place(open), part: this.content({ ...open, text: '' }) }
  }

  private *grow(
    open: OpenItem,
    text: string,
    choices: readonly NamedChoice[],
  ): Generator<ResponseEvent, void, undefined> {
    open.text += text
    const logprobs = this.withLogprobs && open.kind === 'text' ? chatLogprobs(choices) : []
    open.logprobs.push(...logprobs)
    if (open.kind === 'text') yield { type: 'response.output_text.delta', ...this.place(open), delta: text, logprobs }
    else yield { type: 'response.reasoning_text.delta', ...this.place(open), delta: text }
  }

  private *close(status: Status): Generator<ResponseEvent, void, undefined> {
    const { open } = this
    if (!open) return
    const { text, logprobs } = open
    if (open.kind === 'text') yield { type: 'response.output_text.done', ...this.place(open), text, logprobs }
    else yield { type: 'response.reasoning_text.done', ...this.place(open), text }
    const part = this.content(open)
    yield { type: 'response.content_part.done', ...this.place(open), part }
    const item = this.item(open, [part], status)
    yield { type: 'response.output_item.done', output_index: this.output.length, item }
    this.output.push(item)
    this.open = undefined
  }

  private *call({ id: callId, name, arguments: text }: ToolCall): Generator<ResponseEvent, void, undefined> {
    const id = `fc_${newId()}`
    const index = { item_id: id, output_index: this.output.length }
    const item = { type: 'function_call', id, call_id: callId, name, arguments: text, status: 'completed' }
    const empty = { ...item, arguments: '', status: 'in_progress' }
    yield { type: 'response.output_item.added', output_index: this.output.length, item: empty }
    yield { type: 'response.function_call_arguments.delta', ...index, delta: text }
    yield { type: 'response.function_call_arguments.done', ...index, name, arguments: text }
    yield { type: 'response.output_item.done', output_index: this.output.length, item }
    this.output.push(item)
  }

  private place({ id }: OpenItem) {
    return { item_id: id, output_index: this.output.length, content_index: 0 }
  }

  private content({ kind, text, logprobs }: OpenItem) {
    if (kind === 'reasoning') return { type: 'reasoning_text', text }
    return { type: 'output_text', text, annotations: [], logprobs: [...logprobs] }
  }

  private item({ kind, id }: OpenItem, content: unknown[], status: Status) {
    if (kind === 'reasoning') return { type: 'reasoning', id, summary: [], content, status }
    return { type: 'message', id, role: 'assistant', content, status }
  }
}
