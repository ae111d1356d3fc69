import type { EngineInfo } from '../engine/engine.js'
import { UserError } from '../errors.js'
import { RemoteAnswer } from './remote-answer.js'
import type {
  Answer,
  CallResults,
  ChatCall,
  CompleteCall,
  EngineCall,
  FromEngine,
  Piece,
  SentError,
  ServerSide,
} from './protocol.js'
import { EngineUnavailable } from './unavailable.js'

/** loading: the first time or after a crash; failed: its files are at fault, and trying again would not help. */
export type EngineState = 'loading' | 'ready' | 'failed' | 'closed'

/** A call that waits for its result. */
interface OpenCall {
  readonly piece: (piece: Piece) => void
  readonly finish: (result: CallResults[keyof CallResults]) => void
  readonly fail: (error: Error) => void
}

/** Waits between a crash and the next start: none, then doubling up to the longest. */
const FIRST_PAUSE_MS = 500
const LONGEST_PAUSE_MS = 30_000

/**
 * An engine in its worker. When the worker is lost, its open calls fail with EngineUnavailable and a new one is started; until
 * that has loaded the model, calls are refused in the same way.
 */
export class RemoteEngine {
  state: EngineState = 'loading'
  info: EngineInfo | undefined
  crashes = 0
  /** Resolves when the model is loaded for the first time. Rejects with UserError when its files are at fault. */
  readonly loaded: Promise<EngineInfo>
  private readonly settle: { resolve: (info: EngineInfo) => void; reject: (error: Error) => void }
  private line: ServerSide
  private readonly open = new Map<number, OpenCall>()
  private nextId = 0
  private pause = 0
  private restart: NodeJS.Timeout | undefined

  /**
   * @param connect starts a worker
   * @param report told of crashes
   */
  constructor(
    readonly name: string,
    private readonly connect: () => ServerSide,
    private readonly report: (message: string) => void,
  ) {
    let settle!: typeof this.settle
    this.loaded = new Promise((resolve, reject) => (settle = { resolve, reject }))
    this.loaded.catch(() => undefined)
    this.settle = settle
    this.line = this.start()
  }

  /** Calls that are open. */
  get active(): number {
    return this.open.size
  }

  ask<K extends 'encode' | 'decode' | 'score' | 'embed' | 'status'>(
    call: EngineCall & { kind: K },
    signal?: AbortSignal,
  ): Promise<CallResults[K]> {
    return this.send(call, () => undefined, signal) as Promise<CallResults[K]>
  }

  /** An answer in the making: iterate for its pieces, await `result` for the whole. */
  generate(call: ChatCall | CompleteCall, signal?: AbortSignal): RemoteAnswer {
    return new RemoteAnswer(
      (push, own) => this.send(call, push, signal ? AbortSignal.any([signal, own]) : own) as Promise<Answer>,
    )
  }

  async close(): Promise<void> {
    if (this.state === 'closed') return
    this.state = 'closed'
    clearTimeout(this.restart)
    this.failAll('the server is shutting down')
    this.settle.reject(new UserError('the server is shutting down', 'aborted'))
    await this.line.terminate()
  }

  private send(
    call: EngineCall,
    piece: (piece: Piece) => void,
    signal: AbortSignal | undefined,
  ): Promise<CallResults[keyof CallResults]> {
    return new Promise((resolve, reject) => {
      if (this.state !== 'ready') return reject(this.unavailable())
      if (signal?.aborted) return reject(cancelled())
      const id = this.nextId++
      const cancel = (): void => this.line.send({ type: 'cancel', id })
      const end = (): void => {
        this.open.delete(id)
        signal?.removeEventListener('abort', cancel)
      }
      signal?.addEventListener('abort', cancel)
      this.open.set(id, {
        piece,
        finish: (result) => (end(), resolve(result)),
        fail: (error) => (end(), reject(error)),
      })
      this.line.send({ type: 'call', id, call })
    })
  }

  private start(): ServerSide {
    const line = this.connect()
    line.onMessage((message) => {
      if (line === this.line) this.receive(message)
    })
    line.onExit((reason) => {
      if (line === this.line) this.lost(reason)
    })
    return line
  }

  private receive(message: FromEngine): void {
    switch (message.type) {
      case 'loaded':
        this.state = 'ready'
        this.info = message.info
        return this.settle.resolve(message.info)
      case 'not-loaded':
        return this.notLoaded(message.error)
      case 'piece':
        return this.open.get(message.id)?.piece(message.piece)
      case 'result':
        this.pause = 0
        return this.open.get(message.id)?.finish(message.result)
      case 'error':
        return this.open.get(message.id)?.fail(receivedError(message.error))
    }
  }

  private notLoaded(error: SentError): void {
    // Memory may be free the next time; a broken file stays broken.
    if (error.code === undefined || error.code === 'out_of_memory') {
      if (!this.info) this.settle.reject(receivedError(error))
      return void this.line.terminate()
    }
    this.state = 'failed'
    this.report(`${this.name}: not loaded: ${error.message}`)
    this.settle.reject(receivedError(error))
    void this.line.terminate()
  }

  private lost(reason: string): void {
    if (this.state === 'closed' || this.state === 'failed') return
    this.state = 'loading'
    this.crashes++
    this.report(`${this.name}: the engine stopped (${reason}); it is started again`)
    this.failAll('the engine stopped while it worked on this request')
    this.restart = setTimeout(() => (this.line = this.start()), this.pause)
    this.pause = Math.min(LONGEST_PAUSE_MS, Math.max(FIRST_PAUSE_MS, 2 * this.pause))
  }

  private failAll(reason: string): void {
    const error = new EngineUnavailable(`${reason}; try again`, 'engine_stopped', 1)
    for (const { fail } of [...this.open.values()]) fail(error)
  }

  private unavailable(): EngineUnavailable {
    if (this.state === 'loading') {
      return new EngineUnavailable(`${this.name} is being loaded; try again`, 'model_loading', 2)
    }
    const why = this.state === 'failed' ? 'could not be loaded' : 'is closed'
    return new EngineUnavailable(`${this.name} ${why}`, 'model_unavailable')
  }
}

function cancelled(): UserError {
  return new UserError('cancelled', 'aborted')
}

export function receivedError({ message, code, stack, at, remedies }: SentError): Error {
  if (code !== undefined) return new UserError(message, code, { at, remedies })
  const error = new Error(message)
  if (stack !== undefined) error.stack = stack
  return error
}
