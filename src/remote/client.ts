import type { GivenMessage } from '../chat/message.js'
import { Generation, type GenerationResult, type Piece } from '../engine/answer/generation.js'
import type { EncodeOptions, EngineInfo, EngineStatus } from '../engine/engine.js'
import type { Pooling } from '../engine/measure/embed.js'
import type { PerplexityOptions, PerplexityResult } from '../engine/measure/score.js'
import type { NamedChoice } from '../engine/sample/likelihood.js'
import { contextExceeded } from '../engine/prompt.js'
import { UserError } from '../errors.js'
import type {
  AnswerOptions,
  ChatAnswerOptions,
  ConversationOptions,
  EngineLike,
  RestoredLike,
  SessionLike,
} from './engine-like.js'
import { type Ask, type CallKind, type Calls, type ClientSide, type FromEngine } from './protocol.js'
import { receivedError } from './sent-error.js'
import { EngineUnavailable } from './unavailable.js'

/** A call that waits for its result. */
interface OpenCall {
  readonly piece: (piece: Calls[CallKind]['piece']) => void
  readonly finish: (result: Calls[CallKind]['result']) => void
  readonly fail: (error: Error) => void
}

type PieceOf<K extends CallKind> = Calls[K]['piece']
type AnswerAsk = Ask<'chat' | 'complete' | 'generate'>

/** Asks for answers, each in a message. */
abstract class AnswerAsker {
  chat(messages: readonly GivenMessage[], { signal, ...options }: ChatAnswerOptions = {}): Generation {
    return this.answer({ kind: 'chat', messages, options }, signal)
  }

  complete(prompt: string, { signal, ...options }: AnswerOptions = {}): Generation {
    return this.answer({ kind: 'complete', prompt, options }, signal)
  }

  generate(ids: readonly number[], { signal, ...options }: AnswerOptions = {}): Generation {
    return this.answer({ kind: 'generate', ids, options }, signal)
  }

  protected abstract answer(ask: AnswerAsk, signal: AbortSignal | undefined): Generation
}

/** An engine at the other end of a line; {@link connectEngine} makes it. */
export class EngineClient extends AnswerAsker implements EngineLike {
  /** Resolves with the reason when the engine is lost; never after {@link close}. */
  readonly gone: Promise<string>
  /** True once a call had a result. */
  hasAnswered = false
  private readonly open = new Map<number, OpenCall>()
  /** Pings without an answer. */
  private unanswered = 0
  private nextId = 0
  private nextSession = 0
  private closing: Promise<void> | undefined
  private closed: () => void = () => undefined
  private unavailable: Error | undefined
  private leave!: (reason: string) => void

  constructor(
    readonly info: EngineInfo,
    private readonly line: ClientSide,
  ) {
    super()
    this.gone = new Promise((resolve) => (this.leave = resolve))
  }

  session(): SessionLike {
    this.checkOpen()
    return this.sessionOf(this.nextSession++)
  }

  async restore(saved: Uint8Array): Promise<RestoredLike> {
    const session = this.nextSession++
    return { ...(await this.ask({ kind: 'restore', session, saved })), session: this.sessionOf(session) }
  }

  private sessionOf(session: number): SessionLike {
    return new ClientSession({
      answer: (ask, signal) => this.answer({ ...ask, session }, signal),
      save: () => this.ask({ kind: 'save', session }),
      end: async () => {
        if (!this.unavailable && !this.closing) await this.ask({ kind: 'endSession', session })
      },
    })
  }

  async encode(text: string, options: EncodeOptions = {}): Promise<number[]> {
    return Array.from(await this.ask({ kind: 'encode', text, options }))
  }

  async encodeChat(messages: readonly GivenMessage[], options: ConversationOptions = {}): Promise<number[]> {
    return Array.from(await this.ask({ kind: 'encodeChat', messages, options }))
  }

  decode(ids: readonly number[]): Promise<string> {
    return this.ask({ kind: 'decode', ids })
  }

  tokenTexts(ids: readonly number[]): Promise<string[]> {
    return this.ask({ kind: 'tokenTexts', ids })
  }

  likelihoods(
    ids: readonly number[],
    top: number,
    signal?: AbortSignal,
    cacheSalt?: string,
    from?: number,
  ): Promise<NamedChoice[]> {
    return this.ask({ kind: 'likelihoods', ids, top, cacheSalt, from }, signal)
  }

  perplexity(ids: readonly number[], options: PerplexityOptions = {}): Promise<PerplexityResult> {
    const { window, onProgress, signal } = options
    return this.ask({ kind: 'perplexity', ids, options: { window } }, signal, ({ scored, total }) =>
      onProgress?.(scored, total),
    )
  }

  embed(
    ids: readonly number[],
    pooling: Pooling = 'last',
    signal?: AbortSignal,
    cacheSalt?: string,
  ): Promise<Float32Array> {
    return this.ask({ kind: 'embed', ids, pooling, cacheSalt }, signal)
  }

  status(): Promise<EngineStatus> {
    return this.ask({ kind: 'status' })
  }

  /** Cancels what runs, closes the engine if the line loaded it, and ends its thread. */
  close(): Promise<void> {
    this.closing ??= this.unavailable ? Promise.resolve() : this.end()
    return this.closing
  }

  /** For `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /** Fails what is open and all further calls with `error`, and ends the engine's thread without waiting for it. */
  abandon(error: Error): Promise<void> {
    this.unavailable ??= error
    this.failAll(error)
    this.closed()
    return this.line.terminate()
  }

  /** Takes in a message of the engine. */
  receive(message: FromEngine): void {
    switch (message.type) {
      case 'pieces':
        for (const piece of message.pieces) this.open.get(message.id)?.piece(piece)
        return this.line.send({ type: 'received', id: message.id })
      case 'result':
        this.hasAnswered = true
        return this.open.get(message.id)?.finish(message.result)
      case 'error':
        return this.open.get(message.id)?.fail(receivedError(message.error))
      case 'pong':
        this.unanswered = 0
        return
      case 'failed':
        this.lost(message.reason)
        return void this.line.terminate()
      case 'closed':
        return this.closed()
    }
  }

  /** Asks for a sign of life, and says how many such questions are open. */
  ping(): number {
    this.line.send({ type: 'ping' })
    return ++this.unanswered
  }

  /** Ends an engine that gives no sign of life. */
  giveUp(reason: string): void {
    this.lost(reason)
    void this.line.terminate()
  }

  /** The engine's thread has ended. */
  lost(reason: string): void {
    const error = new EngineUnavailable(
      'the engine stopped while it worked on this request; try again',
      'engine_stopped',
      1,
    )
    if (!this.closing) this.unavailable ??= error
    this.failAll(error)
    this.closed()
    if (!this.closing) this.leave(reason)
  }

  private async end(): Promise<void> {
    const closed = new Promise<void>((resolve) => (this.closed = resolve))
    this.line.send({ type: 'close' })
    await closed
    this.failAll(closedError())
    await this.line.terminate()
  }

  /** Sends at once, so that calls come in the order in which they were made; what comes back takes longer than the `push`. */
  protected override answer(ask: AnswerAsk, signal: AbortSignal | undefined): Generation {
    const controller = new AbortController()
    let push: (piece: Piece) => void = () => undefined
    const cancel = signal ? AbortSignal.any([signal, controller.signal]) : controller.signal
    const result: Promise<GenerationResult> = this.ask<AnswerAsk['kind']>(ask, cancel, (piece) => push(piece))
    result.catch(() => undefined)
    return new Generation((give, own) => {
      push = give
      own.addEventListener('abort', () => controller.abort())
      return result
    })
  }

  private ask<K extends CallKind>(
    ask: Ask & { readonly kind: K },
    signal?: AbortSignal,
    piece: (piece: PieceOf<K>) => void = () => undefined,
  ): Promise<Calls[K]['result']> {
    return new Promise((resolve, reject) => {
      if (this.unavailable) return reject(this.unavailable)
      if (this.closing) return reject(closedError())
      const { contextLength } = this.info
      if (isPrompt(ask) && ask.ids.length > contextLength) return reject(contextExceeded(ask.ids.length, contextLength))
      const id = this.nextId++
      const cancel = (): void => this.line.send({ type: 'cancel', id })
      const end = (): void => {
        this.open.delete(id)
        signal?.removeEventListener('abort', cancel)
      }
      this.open.set(id, {
        // The other end answers a call with what its kind has.
        piece: (value) => piece(value),
        finish: (result) => (end(), resolve(result)),
        fail: (error) => (end(), reject(error)),
      })
      try {
        this.line.send({ type: 'call', id, ask })
      } catch (cause) {
        end()
        reject(
          new UserError(`an option cannot be sent to another thread: ${String(cause)}`, 'invalid_argument', { cause }),
        )
        return
      }
      if (signal?.aborted) cancel()
      else signal?.addEventListener('abort', cancel)
    })
  }

  private checkOpen(): void {
    if (this.closing) throw closedError()
  }

  private failAll(error: Error): void {
    for (const { fail } of [...this.open.values()]) fail(error)
  }
}

/** Ids that the engine refuses where the context does not hold them, so that they need not be sent. */
function isPrompt(ask: Ask): ask is Ask<'generate' | 'embed' | 'likelihoods'> {
  return ask.kind === 'generate' || ask.kind === 'embed' || ask.kind === 'likelihoods'
}

function closedError(): UserError {
  return new UserError('the engine is closed; load the model again', 'invalid_argument')
}

function sessionClosed(): UserError {
  return new UserError('the session is closed; open a new one', 'invalid_argument')
}

/** A session of the engine at the other end, which its first call opens. */
class ClientSession extends AnswerAsker implements SessionLike {
  private closed = false

  constructor(
    private readonly line: {
      answer(ask: AnswerAsk, signal: AbortSignal | undefined): Generation
      save(): Promise<Uint8Array>
      end(): Promise<void>
    },
  ) {
    super()
  }

  async save(): Promise<Uint8Array> {
    if (this.closed) throw sessionClosed()
    return this.line.save()
  }

  async close(): Promise<void> {
    if (this.closed) return
    this.closed = true
    await this.line.end()
  }

  /** For `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  protected override answer(ask: AnswerAsk, signal: AbortSignal | undefined): Generation {
    if (!this.closed) return this.line.answer(ask, signal)
    return new Generation(() => Promise.reject(sessionClosed()))
  }
}
