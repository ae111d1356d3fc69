import type { EngineInfo } from '../engine/engine.js'
import { UserError } from '../errors.js'
import type { EngineClient } from './client.js'
import { openLine } from './connect.js'
import type { EngineLike } from './engine-like.js'
import type { ClientSide, SentLoadOptions, SentModel } from './protocol.js'
import { EngineUnavailable } from './unavailable.js'

/**
 * loading: the first time or after a crash; stalled: it gives no sign of life, and will be started again unless one comes soon;
 * failed: its files are at fault, and trying again would not help.
 */
export type EngineState = 'loading' | 'ready' | 'stalled' | 'failed' | 'closed'

/** Waits between a crash and the next start: none, then doubling up to the longest. */
const FIRST_PAUSE_MS = 500
const LONGEST_PAUSE_MS = 30_000

/** Milliseconds between two questions for a sign of life. */
const HEARTBEAT_MS = 2000
/** So many without an answer, and an engine counts as stalled; as lost. Counted, so that a process that was stopped loses none. */
const STALLED = 3
const LOST = 15
/** The plain loops of the reference compute in the engine's own thread, for minutes. */
const LOST_REFERENCE = 900

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
  /** Milliseconds between two heartbeats; 2000 by default. */
  readonly heartbeatMs?: number
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
  private heartbeat: ReturnType<typeof setInterval> | undefined

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
    if ((this.state === 'ready' || this.state === 'stalled') && this.client) return this.client
    if (this.state === 'loading')
      throw new EngineUnavailable(`${this.name} is being loaded; try again`, 'model_loading', 2)
    const why = this.state === 'failed' ? 'could not be loaded' : 'is closed'
    throw new EngineUnavailable(`${this.name} ${why}`, 'model_unavailable')
  }

  async close(): Promise<void> {
    if (this.state === 'closed') return
    this.state = 'closed'
    clearTimeout(this.restart)
    clearInterval(this.heartbeat)
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
    this.watch(client)
    void client.gone.then((reason) => {
      if (client.hasAnswered) this.pause = 0
      this.lost(reason)
    })
  }

  /** A thread that spins never ends by itself. */
  private watch(client: EngineClient): void {
    const most = client.info.backend === 'reference' ? LOST_REFERENCE : LOST
    const { heartbeatMs = HEARTBEAT_MS } = this.supervised
    this.heartbeat = setInterval(() => {
      const open = client.ping()
      if (open > most) client.giveUp('it gave no sign of life')
      else this.state = open > STALLED ? 'stalled' : 'ready'
    }, heartbeatMs)
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
    clearInterval(this.heartbeat)
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
