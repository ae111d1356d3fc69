import type { EngineInfo } from '../engine/engine.js'
import { UserError } from '../errors.js'
import type { EngineClient } from './client.js'
import { openLine } from './connect.js'
import type { EngineLike } from './engine-like.js'
import type { ClientSide, SentLoadOptions, SentModel } from './protocol.js'
import { EngineUnavailable } from './unavailable.js'

/** loading: the first time or after a crash; failed: its files are at fault, and trying again would not help. */
export type EngineState = 'loading' | 'ready' | 'failed' | 'closed'

/** Waits between a crash and the next start: none, then doubling up to the longest. */
const FIRST_PAUSE_MS = 500
const LONGEST_PAUSE_MS = 30_000

/** Where an engine comes from, whose model may not be loaded yet. */
export interface EngineSource {
  readonly name: string
  readonly state: EngineState
  readonly info: EngineInfo | undefined
  /** How often the engine was lost. */
  readonly crashes: number
  /** Where its files are, as messages of the engine name them. */
  readonly places: readonly string[]
  /** Resolves when the model is loaded for the first time. Rejects with UserError when its files are at fault. */
  readonly loaded: Promise<EngineInfo>
  /** @throws EngineUnavailable while it is not ready. */
  readonly engine: EngineLike
  close(): Promise<void>
}

export interface Supervised {
  /** Starts the thread of an engine. */
  readonly connect: () => ClientSide
  readonly model?: SentModel
  readonly options?: SentLoadOptions
  /** Gets a sentence for every crash. */
  readonly report: (message: string) => void
}

/**
 * Keeps an engine running in a thread of its own: when the thread is lost, its open calls fail with EngineUnavailable and a new
 * one is started; until that has loaded the model, there is no engine.
 */
export class EngineSupervisor implements EngineSource {
  state: EngineState = 'loading'
  info: EngineInfo | undefined
  crashes = 0
  readonly loaded: Promise<EngineInfo>
  private readonly settle: { resolve: (info: EngineInfo) => void; reject: (error: Error) => void }
  private client: EngineClient | undefined
  private readonly starting = new AbortController()
  private pause = 0
  private restart: ReturnType<typeof setTimeout> | undefined

  constructor(
    readonly name: string,
    private readonly supervised: Supervised,
  ) {
    let settle!: typeof this.settle
    this.loaded = new Promise((resolve, reject) => (settle = { resolve, reject }))
    this.loaded.catch(() => undefined)
    this.settle = settle
    this.start()
  }

  get places(): string[] {
    const { model } = this.supervised
    return [...(this.info ? [this.info.name] : []), ...(typeof model === 'string' ? [model] : [])]
  }

  get engine(): EngineLike {
    if (this.state === 'ready' && this.client) return this.client
    if (this.state === 'loading')
      throw new EngineUnavailable(`${this.name} is being loaded; try again`, 'model_loading', 2)
    const why = this.state === 'failed' ? 'could not be loaded' : 'is closed'
    throw new EngineUnavailable(`${this.name} ${why}`, 'model_unavailable')
  }

  async close(): Promise<void> {
    if (this.state === 'closed') return
    this.state = 'closed'
    clearTimeout(this.restart)
    const why = 'the server is shutting down'
    this.settle.reject(new UserError(why, 'aborted'))
    this.starting.abort()
    await this.client?.abandon(new EngineUnavailable(`${why}; try again`, 'engine_stopped', 1))
  }

  private start(): void {
    const { connect, model, options } = this.supervised
    openLine(connect(), { model, options, signal: this.starting.signal }).then(
      (client) => this.ready(client),
      (error: unknown) => this.notLoaded(error instanceof Error ? error : new Error(String(error))),
    )
  }

  private ready(client: EngineClient): void {
    this.client = client
    this.state = 'ready'
    this.info = client.info
    this.settle.resolve(client.info)
    void client.gone.then((reason) => {
      if (client.hasAnswered) this.pause = 0
      this.lost(reason)
    })
  }

  private notLoaded(error: Error): void {
    if (this.state === 'closed') return
    // Memory may be free the next time; a broken file stays broken.
    if (!(error instanceof UserError) || error.code === 'out_of_memory') {
      if (!this.info && !(error instanceof EngineUnavailable)) this.settle.reject(error)
      return this.lost(error.message)
    }
    this.state = 'failed'
    this.supervised.report(`${this.name}: not loaded: ${error.message}`)
    this.settle.reject(error)
  }

  private lost(reason: string): void {
    if (this.state === 'closed') return
    this.state = 'loading'
    this.client = undefined
    this.crashes++
    this.supervised.report(`${this.name}: the engine stopped (${reason}); it is started again`)
    this.restart = setTimeout(() => this.start(), this.pause)
    this.pause = Math.min(LONGEST_PAUSE_MS, Math.max(FIRST_PAUSE_MS, 2 * this.pause))
  }
}

/** An engine of somebody else, who closes it. */
export function loadedSource(name: string, engine: EngineLike): EngineSource {
  const { info } = engine
  return {
    name,
    state: 'ready',
    info,
    crashes: 0,
    places: [info.name],
    loaded: Promise.resolve(info),
    engine,
    close: () => Promise.resolve(),
  }
}
