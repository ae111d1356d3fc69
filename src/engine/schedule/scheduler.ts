import { StepCancelled, type RowResult, type RowWish, type Runner, type StepResult } from '../../backends/backend.js'
import { UserError } from '../../errors.js'
import { contextExceeded } from '../prompt.js'
import { tokenOf } from '../sample/choose.js'
import { Allocator } from './allocator.js'
import { Batch } from './batch.js'
import type { PagePool } from './cache.js'
import { divide, stepLimit } from './divide.js'
import { Preparations } from './preparations.js'
import { yieldToEvents } from '../../slices.js'
import type { Request } from './request.js'
import type { Sequence, SequenceMemory } from './sequence.js'
import { StepCost } from './step-cost.js'

/** A runner that several sequences share: each step serves all who wait, their pages come from one pool. */
export interface SharedRunner extends SequenceMemory {
  readonly runner: Runner
  readonly scheduler: Scheduler
  readonly pool: PagePool
  readonly vocabSize: number
  readonly contextLength: number
}

/** What is wanted of the tokens that a sequence is to compute. */
export interface ComputeOptions {
  /** Rows are wanted from this position on; by default of the last certain token and of the drafts. */
  readonly rowsFrom?: number
  /** Of each row; logits by default. */
  readonly want?: RowWish
  /** Tokens that may follow. */
  readonly drafts?: readonly number[]
  /** Where the text ends, where more of it will come. */
  readonly end?: number
  readonly signal?: AbortSignal | undefined
  /** Done while the rows are computed, or a little later: who is not done by then sits out the next steps. */
  readonly meanwhile?: (() => Promise<void>) | undefined
  /** Told after each step that was not the last one how many tokens of the sequence are computed. */
  readonly onAdvance?: ((computed: number) => void) | undefined
}

/** What the scheduler did, for measuring. */
export interface StepReport {
  readonly tokens: number
  readonly sequences: number
  readonly milliseconds: number
}

/** Who waits for what the model's draft says. */
interface Asking {
  readonly sequence: Sequence
  readonly resolve: (drafts: readonly number[]) => void
  readonly reject: (error: unknown) => void
}

/** Tokens of a step that is worth a look at who still wants it. */
const LONG_STEP = 32

/** Continuous batching: every step serves all sequences that wait, as far as there is room and memory for them. */
export class Scheduler {
  /** Called after every step. */
  onStep: ((report: StepReport) => void) | undefined
  /** What steps take, for who decides how many rows the next ones have. */
  readonly cost = new StepCost()
  /** Who was served least recently stands first. */
  private waiting: Request[] = []
  private readonly alone: (() => Promise<void>)[] = []
  private asking: Asking[] = []
  private readonly allocator = new Allocator()
  private readonly preparations = new Preparations()
  /** The step that ran last, while its rows are there for the model's draft. */
  private drafting: Batch | undefined
  private running = 0
  private latest = 1
  private loop: Promise<void> | undefined
  /** Ends the step that runs, where nobody wants it any more. */
  private cancelUnwanted: (() => void) | undefined
  private closed = false

  constructor(
    private readonly runner: Runner,
    private readonly contextLength: number,
    private readonly vocabSize: number,
  ) {}

  /** Sequences that wait for a step or are in one. */
  get active(): number {
    return this.waiting.length + this.asking.length + this.running + this.preparations.late.length
  }

  /** Sequences that share a step: those of the last one, or those that wait by now. */
  get lately(): number {
    return Math.max(this.latest, this.active)
  }

  /**
   * Appends `ids` to a sequence and computes them, in as many steps as it takes. Returns its rows, which are valid until the
   * caller lets other events run; undefined when `signal` ended it: what was computed by then stays.
   * @throws UserError context_length_exceeded, out_of_memory, and when the engine is closed before they are there
   */
  async compute(
    sequence: Sequence,
    ids: readonly number[],
    options: ComputeOptions = {},
  ): Promise<readonly RowResult[] | undefined> {
    if (this.closed) throw engineClosed()
    const { drafts = [], rowsFrom, want = 'logits', signal, meanwhile, onAdvance } = options
    const length = sequence.tokens.length + ids.length
    if (length + drafts.length > this.contextLength) throw contextExceeded(length + drafts.length, this.contextLength)
    sequence.append(ids, drafts, options.end)
    let rows: readonly RowResult[] | undefined
    try {
      rows = await new Promise<typeof rows>((resolve, reject) => {
        const age = this.allocator.ageOf(sequence)
        const from = rowsFrom ?? length - 1
        const state = { age, rows: [], denied: false }
        sequence.status = 'waiting'
        this.waiting.push({ sequence, rowsFrom: from, want, signal, meanwhile, onAdvance, ...state, resolve, reject })
        this.start()
      })
    } finally {
      // It failed, or was cancelled.
      if (!rows) sequence.dropUncomputed()
    }
    return rows
  }

  /** What the model's own draft says comes after all that a sequence has computed and accepted; nothing where it can't say. */
  drafted(sequence: Sequence): Promise<readonly number[]> {
    if (this.closed) return Promise.reject(engineClosed())
    return new Promise((resolve, reject) => {
      this.asking.push({ sequence, resolve, reject })
      this.start()
    })
  }

  /** Runs `job` while no step runs. */
  between<R>(job: () => Promise<R>): Promise<R> {
    if (this.closed) return Promise.reject(engineClosed())
    return new Promise((resolve, reject) => {
      this.alone.push(() => job().then(resolve, reject))
      this.start()
    })
  }

  /** Rejects what waits and all further calls, and resolves when nothing runs any more. */
  async close(): Promise<void> {
    this.closed = true
    for (const request of this.waiting.splice(0)) finish(request, () => request.reject(engineClosed()))
    for (const { reject } of this.asking.splice(0)) reject(engineClosed())
    this.cancelUnwanted?.()
    while (this.loop) await this.loop
    // What came of the last step may want another one.
    for (const request of this.waiting.splice(0)) finish(request, () => request.reject(engineClosed()))
  }

  /** Forgets all tokens of a sequence and frees its pages; full ones stay in the tree until memory is needed. */
  release(sequence: Sequence): void {
    this.allocator.free(sequence)
  }

  private start(): void {
    this.loop ??= this.turns()
  }

  private async turns(): Promise<void> {
    // Who asks in the same moment is served in the same step; and timers, signals and input get their turn.
    await yieldToEvents()
    while (this.hasWork) {
      if (await this.draft()) await yieldToEvents()
      for (const job of this.alone.splice(0)) await job()
      this.preparations.work(this.waiting.length > 0)
      await this.step()
      await yieldToEvents()
    }
    this.loop = undefined
  }

  private get hasWork(): boolean {
    const { waiting, asking, alone, drafting, preparations } = this
    return waiting.length + asking.length + alone.length > 0 || drafting !== undefined || preparations.hasWork
  }

  /** One step, which brings all those that there is room for to their rows, or a part of the way. */
  private async step(): Promise<void> {
    let batch: Batch | undefined
    try {
      batch = await this.schedule()
      const result = batch && (await this.run(batch))
      if (batch && result) this.postprocess(batch, result)
    } catch (error) {
      // Those in the step too: to settle twice changes nothing.
      const served = batch?.shares.map(({ request }) => request) ?? []
      this.preparations.drop(served)
      for (const request of [...served, ...this.waiting.splice(0)]) finish(request, () => request.reject(error))
    }
  }

  /** Who is in the next step, with how many tokens; undefined: nobody. */
  private async schedule(): Promise<Batch | undefined> {
    for (const request of this.remove(({ signal }) => signal?.aborted ?? false))
      finish(request, () => request.resolve(undefined))
    // By index: some may come to wait meanwhile.
    for (let i = 0; i < this.waiting.length; i++) await this.waiting[i]!.sequence.saveStates()
    const { maxLogitRows } = this.runner
    const stepTokens = stepLimit(this.waiting, this.runner.stepTokens, this.cost)
    const shares = divide(this.waiting, { stepTokens, maxLogitRows })
    const { granted, failed } = await this.allocator.allocate(shares, this.waiting, this.preparations.late)
    const hopeless = new Map(failed.map(({ request, error }) => [request, error]))
    for (const request of this.remove((other) => hopeless.has(other)))
      finish(request, () => request.reject(hopeless.get(request)))
    // Who got no pages lets the others go first; else the step's tokens could go to them again, and nobody would move.
    const denied = new Set(shares.filter((share) => !granted.includes(share)).map(({ request }) => request))
    for (const request of this.waiting) request.denied = denied.has(request)
    const last = this.remove((request) => request.denied)
    this.waiting.push(...last)
    return granted.length > 0 ? new Batch(granted) : undefined
  }

  /** Undefined where it failed, as all who are in it know by then. */
  private async run(batch: Batch): Promise<StepResult | undefined> {
    const requests = batch.shares.map(({ request }) => request)
    // Those who are not in it stand first now.
    this.remove((request) => requests.includes(request))
    for (const { sequence } of requests) sequence.status = 'running'
    this.running = this.latest = requests.length
    const started = performance.now()
    let watched: { end(): void } | undefined
    try {
      const ticket = this.runner.submit(batch.step())
      if (batch.tokens >= LONG_STEP) watched = this.watch(requests, () => ticket.cancel?.())
      const done = ticket.done.then((result) => {
        this.cost.record(batch.tokens, performance.now() - started)
        return result
      })
      const last = batch.shares.filter(({ request, tokens }) => request.meanwhile && isLast(request, tokens))
      const prepared = this.preparations.during(
        last.map(({ request }) => request),
        requests.length - last.length,
        done,
      )
      const [result] = await Promise.all([done, prepared])
      const milliseconds = performance.now() - started
      this.onStep?.({ tokens: batch.tokens, sequences: requests.length, milliseconds })
      return result
    } catch (error) {
      this.preparations.drop(requests)
      for (const request of requests) {
        request.sequence.stepFailed()
        if (!(error instanceof StepCancelled)) finish(request, () => request.reject(error))
        else if (request.signal?.aborted) finish(request, () => request.resolve(undefined))
        else finish(request, () => request.reject(engineClosed()))
      }
      return undefined
    } finally {
      watched?.end()
      this.running = 0
    }
  }

  /** Has `cancel` called when all of these are aborted, or the engine is closed: a step of a long prompt takes seconds. */
  private watch(requests: readonly Request[], cancel: () => void): { end(): void } {
    const check = (): void => {
      if (this.closed || requests.every(({ signal }) => signal?.aborted)) cancel()
    }
    const signals = requests.flatMap(({ signal }) => signal ?? [])
    for (const signal of signals) signal.addEventListener('abort', check)
    this.cancelUnwanted = check
    check()
    return {
      end: () => {
        for (const signal of signals) signal.removeEventListener('abort', check)
        this.cancelUnwanted = undefined
      },
    }
  }

  /** Gives every sequence its rows; those that need more steps wait again. */
  private postprocess(batch: Batch, result: StepResult): void {
    for (const { share, rows, tiedFrom, unsharedFrom } of batch.divide(result)) {
      const { request, tokens } = share
      const { sequence } = request
      sequence.advance(tokens, tiedFrom, unsharedFrom)
      if (sequence.length < sequence.tokens.length) {
        request.rows.push(...rows.map(kept))
        sequence.status = 'waiting'
        request.onAdvance?.(sequence.length)
        this.waiting.push(request)
      } else this.give(request, [...request.rows, ...rows])
    }
    if (this.runner.hasDraft && batch.sequences.some(({ speculation }) => speculation.wantsDraft)) this.drafting = batch
  }

  /** Gives a request its rows, once it is prepared for them. */
  private give(request: Request, rows: readonly RowResult[]): void {
    let given = rows
    const keep = (): void => {
      given = rows.map(kept)
    }
    this.preparations.after(request, keep, (error) =>
      finish(request, () => (error === undefined ? request.resolve(given) : request.reject(error))),
    )
  }

  /** Runs the model's draft over the rows of the last step. True where somebody waited for it, and continues from there. */
  private async draft(): Promise<boolean> {
    const { drafting, asking } = this
    this.drafting = undefined
    try {
      const drafts = drafting && (await this.computeDraft(drafting))
      for (const { sequence, resolve } of asking) resolve(drafts?.get(sequence) ?? [])
    } catch (error) {
      for (const { reject } of asking) reject(error)
      for (const request of this.remove(({ sequence }) => drafting?.sequences.includes(sequence) ?? false))
        finish(request, () => request.reject(error))
    }
    this.asking = this.asking.filter((other) => !asking.includes(other))
    return asking.length > 0
  }

  /** What it says comes after each sequence that is at its end. */
  private async computeDraft(batch: Batch): Promise<Map<Sequence, number[]>> {
    const draft = batch.draft(this.vocabSize)
    if (!draft || !this.runner.submitDraft) return new Map()
    const { rows } = await this.runner.submitDraft(draft.step).done
    return new Map(draft.asking.map((sequence, row) => [sequence, [tokenOf(rows[row]!)]]))
  }

  /** Takes requests out of those that wait. */
  private remove(isMeant: (request: Request) => boolean): Request[] {
    const removed = this.waiting.filter(isMeant)
    if (removed.length > 0) this.waiting = this.waiting.filter((request) => !isMeant(request))
    return removed
  }
}

/** Whether the next `tokens` tokens bring a request to its end. */
function isLast({ sequence }: Request, tokens: number): boolean {
  return sequence.length + tokens === sequence.tokens.length
}

export function engineClosed(): UserError {
  return new UserError('the engine is closed; load the model again', 'invalid_argument')
}

function finish(request: Request, settle: () => void): void {
  request.sequence.status = 'finished'
  settle()
}

/** A row that outlives the next step. */
function kept({ logits, hidden, ...rest }: RowResult): RowResult {
  return { ...rest, ...(logits && { logits: logits.slice() }), ...(hidden && { hidden: hidden.slice() }) }
}
