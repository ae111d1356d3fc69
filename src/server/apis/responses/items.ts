import { chatLogprobs } from '../logprobs.js'
import { newId } from '../../admission/request.js'
import type { NamedChoice, Piece } from '../../../remote/engine-like.js'
import { InputText, inputOf } from '../custom-tools.js'
import { CallPieces, type CallPiece } from '../tool-calls.js'
import type { KnownTools } from './tools.js'

/** An event of the responses stream, without its sequence number. */
export interface ResponseEvent {
  readonly type: string
  readonly [field: string]: unknown
}

type Logprobs = ReturnType<typeof chatLogprobs>
type Status = 'in_progress' | 'completed' | 'incomplete'
type Events = Generator<ResponseEvent, void, undefined>

/** A reasoning or a message item, while its text grows. */
interface OpenItem {
  readonly kind: 'reasoning' | 'text'
  readonly id: string
  text: string
  logprobs: Logprobs
}

/** A call, while its arguments grow. */
interface OpenCall {
  readonly kind: 'call'
  readonly id: string
  readonly call: CallPiece['call']
  /** Of a tool whose calls have a text. */
  readonly input: InputText | undefined
  text: string
}

export interface ItemOptions {
  readonly withLogprobs: boolean
  /** Give the thought as a summary, for clients that show only those. */
  readonly summary: boolean
  readonly tools: Pick<KnownTools, 'custom' | 'namespaces'>
}

/** Turns the pieces of an answer into the output items of a response, and into the events that tell of them. */
export class ResponseItems {
  /** Finished items. */
  readonly output: Record<string, unknown>[] = []
  private open: OpenItem | OpenCall | undefined
  private readonly calls = new CallPieces()

  constructor(private readonly options: ItemOptions) {}

  *push({ part, choices }: Piece): Events {
    const call = part && this.calls.take(part)
    if (call) return yield* this.call(call)
    const open = this.open?.kind === 'call' ? undefined : this.open
    const kind = part?.kind === 'text' || part?.kind === 'reasoning' ? part.kind : open?.kind
    if (kind === undefined) return
    if (open?.kind !== kind) {
      yield* this.close('completed')
      yield* this.start(kind)
    }
    if (part || choices) yield* this.grow(this.open as OpenItem, part?.text ?? '', choices ?? [])
  }

  *end(status: Status): Events {
    yield* this.close(status)
  }

  private *start(kind: OpenItem['kind']): Events {
    const open: OpenItem = { kind, id: `${kind === 'text' ? 'msg' : 'rs'}_${newId()}`, text: '', logprobs: [] }
    this.open = open
    yield this.added(this.item(open, 'in_progress'))
    const part = this.content({ ...open, text: '' })
    if (this.isSummary(open)) yield { type: 'response.reasoning_summary_part.added', ...this.place(open), part }
    else yield { type: 'response.content_part.added', ...this.place(open), part }
  }

  private *grow(open: OpenItem, text: string, choices: readonly NamedChoice[]): Events {
    open.text += text
    if (open.kind === 'text') {
      const logprobs = this.options.withLogprobs ? chatLogprobs(choices) : []
      open.logprobs.push(...logprobs)
      if (text !== '' || logprobs.length > 0)
        yield { type: 'response.output_text.delta', ...this.place(open), delta: text, logprobs }
    } else if (text !== '') {
      const type = this.isSummary(open) ? 'response.reasoning_summary_text.delta' : 'response.reasoning_text.delta'
      yield { type, ...this.place(open), delta: text }
    }
  }

  private *close(status: Status): Events {
    const { open } = this
    if (!open) return
    if (open.kind === 'call') return yield* this.endCall(open, status)
    const { text, logprobs } = open
    const part = this.content(open)
    const place = this.place(open)
    if (open.kind === 'text') yield { type: 'response.output_text.done', ...place, text, logprobs }
    else if (this.isSummary(open)) yield { type: 'response.reasoning_summary_text.done', ...place, text }
    else yield { type: 'response.reasoning_text.done', ...place, text }
    if (this.isSummary(open)) yield { type: 'response.reasoning_summary_part.done', ...place, part }
    else yield { type: 'response.content_part.done', ...place, part }
    yield* this.finish(this.item(open, status, part))
  }

  private *call({ begins, ends, call, text }: CallPiece): Events {
    if (begins) {
      yield* this.close('completed')
      const custom = this.options.tools.custom.has(call.name)
      const id = `${custom ? 'ctc' : 'fc'}_${newId()}`
      const open: OpenCall = { kind: 'call', id, call, input: custom ? new InputText() : undefined, text: '' }
      this.open = open
      yield this.added(this.callItem(open, 'in_progress', ''))
    }
    const open = this.open as OpenCall
    open.text += text
    const delta = open.input ? open.input.push(text) : text
    if (delta !== '') yield { type: `response.${eventOf(open)}.delta`, ...this.index(open), delta }
    if (ends) yield* this.endCall(open, 'completed')
  }

  private *endCall(open: OpenCall, status: Status): Events {
    const text = open.input ? inputOf(open.text) : open.text
    const whole = open.input ? { input: text } : { name: open.call.name, arguments: text }
    yield { type: `response.${eventOf(open)}.done`, ...this.index(open), ...whole }
    yield* this.finish(this.callItem(open, status, text))
  }

  private added(item: Record<string, unknown>): ResponseEvent {
    return { type: 'response.output_item.added', output_index: this.output.length, item }
  }

  private *finish(item: Record<string, unknown>): Events {
    yield { type: 'response.output_item.done', output_index: this.output.length, item }
    this.output.push(item)
    this.open = undefined
  }

  private isSummary({ kind }: OpenItem): boolean {
    return kind === 'reasoning' && this.options.summary
  }

  private index({ id }: { readonly id: string }) {
    return { item_id: id, output_index: this.output.length }
  }

  private place(open: OpenItem) {
    return { ...this.index(open), ...(this.isSummary(open) ? { summary_index: 0 } : { content_index: 0 }) }
  }

  private content(open: OpenItem) {
    const { kind, text, logprobs } = open
    if (kind === 'reasoning') return { type: this.isSummary(open) ? 'summary_text' : 'reasoning_text', text }
    return { type: 'output_text', text, annotations: [], logprobs: [...logprobs] }
  }

  private item(open: OpenItem, status: Status, part?: unknown): Record<string, unknown> {
    const { kind, id } = open
    const parts = part === undefined ? [] : [part]
    if (kind === 'text') return { type: 'message', id, role: 'assistant', content: parts, status }
    const summary = this.isSummary(open)
    return { type: 'reasoning', id, summary: summary ? parts : [], content: summary ? [] : parts, status }
  }

  private callItem({ id, call, input }: OpenCall, status: Status, text: string): Record<string, unknown> {
    const namespace = this.options.tools.namespaces.get(call.name)
    const own = { id, call_id: call.id, name: call.name, ...(namespace !== undefined && { namespace }) }
    if (input) return { type: 'custom_tool_call', ...own, input: text, status }
    return { type: 'function_call', ...own, arguments: text, status }
  }
}

function eventOf({ input }: OpenCall): string {
  return input ? 'custom_tool_call_input' : 'function_call_arguments'
}
