import { randomBytes } from 'node:crypto'
import { ApiError, apiErrorOf, unsupported } from '../http/api-error.js'
import { EVENTS, eventStream } from '../http/events.js'
import type { AllowedServer } from '../mcp/allowed.js'
import type { Metrics } from './metrics.js'
import type { ModelSet, ServedModel } from './models.js'
import type { AnswerOptions, EngineLike, Generation, GenerationResult } from '../../remote/engine-like.js'

/** What the requests of one server share. */
export interface ServerState {
  readonly models: ModelSet
  readonly metrics: Metrics
  /** True once the server was told to end. */
  draining: boolean
  /** Refuse what cannot change an answer too. */
  readonly strict: boolean
  /** MCP servers whose tools requests may use, by their labels. */
  readonly mcp: ReadonlyMap<string, AllowedServer>
  /** Told of what was accepted and changes nothing. */
  readonly onIgnored: (name: string, scope: RequestScope) => void
}

/** What the log says about a request. */
export interface RequestNotes {
  model?: string
  promptTokens?: number
  cachedTokens?: number
  tokens?: number
}

/** What a request adds to the options of its calls: what cancels them, and whose part of the cache they see. */
export type GivenOptions = Pick<AnswerOptions, 'signal' | 'cacheSalt'>

/** Starts one answer of a request. */
export type StartAnswer = (engine: EngineLike, given: GivenOptions) => Generation

/** Headers of a stream are sent at the latest after this long; until then a failure has its own status. */
const PATIENCE_MS = 1000

/** Answers of the engine that one request waits for. */
export interface OpenAnswers {
  readonly answers: readonly Generation[]
  /** Cancels what still runs, and gives the turn to others when the engine has let go. */
  close(): void
}

/** One request on its way: who sent it, what it waits for, and what ends with it. */
export class RequestScope {
  readonly id = requestId()
  readonly started = performance.now()
  readonly notes: RequestNotes = {}
  /** What of the request changes nothing, by its names. */
  readonly ignored = new Set<string>()
  /** Set when the answer is a stream, which ends later. */
  streaming = false
  /** The parameter that the engine's refusals are about. */
  promptParam = 'messages'
  /** The parameter that says what the answer has to look like; of tools, the one that the engine's error names. */
  grammarParam: (path: string | undefined) => string | undefined = () => undefined
  private readonly controller = new AbortController()
  private readonly endings: (() => void)[] = []

  constructor(
    readonly state: ServerState,
    /** A key's number or an address. */
    readonly client: string,
    /** What the cache holds is shared by the requests of one salt. */
    readonly cacheSalt: string,
    disconnected: AbortSignal,
    private readonly streamError: (error: ApiError, id: string) => string,
  ) {
    if (disconnected.aborted) this.controller.abort()
    else disconnected.addEventListener('abort', () => this.cancel(), { once: true })
  }

  get signal(): AbortSignal {
    return this.controller.signal
  }

  cancel(): void {
    this.controller.abort()
  }

  /** Notes that something of the request changes nothing. @throws ApiError 400 where the server is strict */
  ignore(name: string): void {
    if (this.state.strict) {
      throw unsupported(
        name,
        `${name} changes nothing here, and this server refuses what changes nothing; leave it out`,
      )
    }
    this.ignored.add(name)
    this.state.onIgnored(name, this)
  }

  /** Calls `ending` when the request is over. */
  onEnd(ending: () => void): void {
    this.endings.push(ending)
  }

  end(): void {
    for (const ending of this.endings.splice(0)) ending()
  }

  /** Waits for its turn and starts all calls. @throws ApiError. */
  async begin(model: ServedModel, calls: readonly StartAnswer[]): Promise<OpenAnswers> {
    this.notes.model = model.name
    const leave = await model.admission.enter(this.client, calls.length, this.signal)
    this.state.metrics.wait(model.name, performance.now() - this.started)
    const answers = this.start(model, calls, leave)
    for (const answer of answers) this.countAtEnd(model, answer)
    const close = (): void => {
      for (const answer of answers) answer.abort()
      void Promise.allSettled(answers.map(({ result }) => result)).then(leave)
    }
    this.onEnd(close)
    return { answers, close }
  }

  /** A further answer in the turn of the request. @throws EngineUnavailable */
  goOn(model: ServedModel, start: StartAnswer): Generation {
    const answer = start(model.engine, { signal: this.signal, cacheSalt: this.cacheSalt })
    this.countAtEnd(model, answer)
    return answer
  }

  /** @throws EngineUnavailable, with the turn given to others. */
  private start(model: ServedModel, calls: readonly StartAnswer[], leave: () => void): Generation[] {
    try {
      const { engine } = model
      return calls.map((start) => start(engine, { signal: this.signal, cacheSalt: this.cacheSalt }))
    } catch (error) {
      leave()
      throw error
    }
  }

  /** @throws ApiError 499 when nobody waits for the answer any more. */
  throwIfCancelled(): void {
    if (this.signal.aborted) throw new ApiError(499, 'the request was cancelled', { code: 'cancelled' })
  }

  /**
   * Starts all calls and answers with a stream of frames, unless one of the calls fails soon.
   * @param frames ends by itself when all answers are there
   */
  async stream(
    model: ServedModel,
    calls: readonly StartAnswer[],
    frames: (answers: readonly Generation[]) => AsyncGenerator<string, void, undefined>,
    form = EVENTS,
  ): Promise<Response> {
    const { answers } = await this.begin(model, calls)
    await Promise.race([Promise.all(answers.map(({ begun }) => begun)), pause(PATIENCE_MS)])
    this.streaming = true
    const leave = (): void => {
      this.cancel()
      this.end()
    }
    return eventStream(this.guard(frames(answers)), leave, form)
  }

  /** A failure in the middle of a stream becomes its last event. */
  private async *guard(frames: AsyncGenerator<string, void, undefined>): AsyncGenerator<string, void, undefined> {
    try {
      yield* frames
    } catch (error) {
      if (!this.signal.aborted) yield this.streamError(this.errorOf(error), this.id)
    } finally {
      this.end()
    }
  }

  /** What the client hears of a failure of this request. */
  errorOf(error: unknown): ApiError {
    const known = apiErrorOf(error, { prompt: this.promptParam, grammar: this.grammarParam })
    const message = this.state.models.conceal(known.message)
    return message === known.message ? known : new ApiError(known.status, message, known.detail, { cause: known })
  }

  private countAtEnd(model: ServedModel, answer: Generation): void {
    answer.result.then((whole) => this.count(model, answer, whole)).catch(() => undefined)
  }

  private count(model: ServedModel, answer: Generation, whole: GenerationResult): void {
    const first = answer.firstPieceAt === undefined ? undefined : answer.firstPieceAt - this.started
    this.state.metrics.answer(model.name, whole, first)
    this.notes.promptTokens = (this.notes.promptTokens ?? 0) + whole.promptTokens
    this.notes.cachedTokens = (this.notes.cachedTokens ?? 0) + whole.cachedTokens
    this.notes.tokens = (this.notes.tokens ?? 0) + whole.ids.length
  }
}

/** 24 hex digits. */
export function newId(): string {
  return randomBytes(12).toString('hex')
}

/** Names one request, in its answer and in the log. */
export function requestId(): string {
  return `req_${newId()}`
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds).unref())
}
