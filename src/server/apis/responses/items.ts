import { chatLogprobs } from '../logprobs.js'
import { newId } from '../../admission/request.js'
import type { NamedChoice, Piece, ToolCall } from '../../../remote/engine-like.js'
import { InputText, inputOf } from '../custom-tools.js'
import { CallPieces, type CallPiece } from '../tool-calls.js'
import type { ApprovedCall, HostedTool, Made } from './mcp.js'
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
  /** Of a tool that runs here. */
  readonly hosted: HostedTool | undefined
  text: string
}

export interface ItemOptions {
  readonly withLogprobs: boolean
  /** Give the thought as a summary, for clients that show only those. */
  readonly summary: boolean
  readonly tools: Pick<KnownTools, 'custom' | 'namespaces' | 'hosted'>
}

/** Turns the pieces of an answer into the output items of a response, and into the events that tell of them. */
export class ResponseItems {
  /** Finished items. */
  readonly output: Record<string, unknown>[] = []
  /** A call that is whole, and waits for its result: {@link answer}. */
  pending: ToolCall | undefined
  /** The ids of requests for approval, by those of their calls. */
  readonly requests = new Map<string, string>()
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
      // A call that is followed by text before it was whole is none that can be run.
      yield* this.close(this.open?.kind === 'call' ? 'incomplete' : 'completed')
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
      const open = this.opened(call)
      this.open = open
      // A call that is to be approved is shown when it is whole.
      if (!open.hosted?.asks) yield this.added(this.callItem(open, 'in_progress', ''))
      if (isRun(open)) yield { type: 'response.mcp_call.in_progress', ...this.index(open) }
    }
    const open = this.open as OpenCall
    open.text += text
    const delta = open.input ? open.input.push(text) : text
    if (delta !== '' && !open.hosted?.asks)
      yield { type: `response.${eventOf(open)}.delta`, ...this.index(open), delta }
    if (ends) yield* this.endCall(open, 'completed')
  }

  private opened(call: CallPiece['call']): OpenCall {
    const { custom, hosted } = this.options.tools
    const isCustom = custom.has(call.name)
    const own = hosted?.byName.get(call.name)
    const prefix = own ? (own.asks ? 'mcpr' : 'mcp') : isCustom ? 'ctc' : 'fc'
    const input = isCustom ? new InputText() : undefined
    return { kind: 'call', id: `${prefix}_${newId()}`, call, input, hosted: own, text: '' }
  }

  private *endCall(open: OpenCall, status: Status): Events {
    if (open.hosted?.asks) return yield* this.endRequest(open, status)
    const text = open.input ? inputOf(open.text) : open.text
    const name = open.hosted ? {} : { name: open.call.name }
    const whole = open.input ? { input: text } : { ...name, arguments: text }
    yield { type: `response.${eventOf(open)}.done`, ...this.index(open), ...whole }
    // Its result is still to come.
    if (isRun(open) && status === 'completed') this.pending = { ...open.call, arguments: open.text }
    else yield* this.finish(this.callItem(open, status, text))
  }

  /** A call that was cut off is not asked for. */
  private *endRequest(open: OpenCall, status: Status): Events {
    if (status !== 'completed') return void (this.open = undefined)
    const item = this.callItem(open, status, open.text)
    this.requests.set(open.call.id, open.id)
    yield this.added(item)
    yield* this.finish(item)
  }

  /** The result of the call that was pending. */
  *answer(made: Made): Events {
    const open = this.open as OpenCall
    this.pending = undefined
    yield { type: `response.mcp_call.${made.failed ? 'failed' : 'completed'}`, ...this.index(open) }
    yield* this.finish({ ...this.callItem(open, 'completed', open.text), ...resultFields(made) })
  }

  /** A server's list of tools. */
  *listed(item: Record<string, unknown>): Events {
    const place = { item_id: item['id'], output_index: this.output.length }
    yield this.added({ ...item, tools: [] })
    yield { type: 'response.mcp_list_tools.in_progress', ...place }
    yield { type: 'response.mcp_list_tools.completed', ...place }
    yield* this.finish(item)
  }

  /** A call that was approved, and is made. */
  *approved({ request, ...made }: ApprovedCall): Events {
    const { id: asked, server_label, name, arguments: text } = request
    const item = { type: 'mcp_call', id: `mcp_${newId()}`, server_label, name, approval_request_id: asked }
    const place = { item_id: item.id, output_index: this.output.length }
    yield this.added({ ...item, arguments: '', output: null, error: null, status: 'in_progress' })
    yield { type: 'response.mcp_call.in_progress', ...place }
    yield { type: 'response.mcp_call_arguments.delta', ...place, delta: text }
    yield { type: 'response.mcp_call_arguments.done', ...place, arguments: text }
    yield { type: `response.mcp_call.${made.failed ? 'failed' : 'completed'}`, ...place }
    yield* this.finish({ ...item, arguments: text, ...resultFields(made) })
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

  private callItem({ id, call, input, hosted }: OpenCall, status: Status, text: string): Record<string, unknown> {
    if (hosted) return hostedItem(id, hosted, status, text)
    const namespace = this.options.tools.namespaces.get(call.name)
    const own = { id, call_id: call.id, name: call.name, ...(namespace !== undefined && { namespace }) }
    if (input) return { type: 'custom_tool_call', ...own, input: text, status }
    return { type: 'function_call', ...own, arguments: text, status }
  }
}

/** Whether the call is made here without being asked for. */
function isRun({ hosted }: OpenCall): boolean {
  return hosted !== undefined && !hosted.asks
}

function hostedItem(id: string, hosted: HostedTool, status: Status, text: string): Record<string, unknown> {
  const call = { id, server_label: hosted.label, name: hosted.listed.name, arguments: text }
  if (hosted.asks) return { type: 'mcp_approval_request', ...call }
  return { type: 'mcp_call', ...call, approval_request_id: null, output: null, error: null, status }
}

function resultFields({ text, failed }: Made) {
  return failed
    ? { output: null, error: text, status: 'failed' as const }
    : { output: text, error: null, status: 'completed' as const }
}

function eventOf({ input, hosted }: OpenCall): string {
  if (hosted) return 'mcp_call_arguments'
  return input ? 'custom_tool_call_input' : 'function_call_arguments'
}
