import type { RowResult, RowWish, Runner, StepResult } from '../../backends/backend.js'
import { UserError } from '../../errors.js'
import { yieldToEvents } from './queue.js'
import { tokenOf } from '../sample/choose.js'
import type { Timeline } from './timeline.js'

/** A timeline that wants its tokens computed. */
interface Waiting {
  readonly timeline: Timeline
  /** Rows are wanted from this position on. */
  readonly rowsFrom: number
  readonly want: RowWish
  readonly signal: AbortSignal | undefined
  /** Done while the step runs that gives the logits. */
  readonly meanwhile: (() => Promise<void>) | undefined
  /** Requests of a lower age came first, and keep their memory when it is short. */
  readonly age: number
  /** Of earlier steps, when the tokens take several. */
  readonly rows: RowResult[]
  /** Reads the rows; what it returns tells the caller. */
  readonly finish: (rows: readonly RowResult[] | undefined) => () => void
  readonly fail: (error: unknown) => void
}

/** A draft takes the likeliest token. */
const LIKELIEST = { temperature: 0, topK: 0, topP: 1, minP: 0, u: 0 }

interface Share {
  readonly waiting: Waiting
  tokens: number
}

/** What the scheduler did, for measuring. */
export interface StepReport {
  readonly tokens: number
  readonly sequences: number
  readonly milliseconds: number
}

/**
 * Continuous batching: every step serves all timelines that wait. Each gets one token first, whose turn was longest ago
 * before the others; what is left of the step is divided equally among those that want more. So a running answer waits
 * for at most one chunk of anybody's prompt, and a short prompt does not wait for a long one.
 * After Orca (OSDI 2022) and the chunked prefill of Sarathi-Serve, arXiv 2403.02310.
 */
export class Scheduler {
  /** Called after every step. */
  onStep: ((report: StepReport) => void) | undefined
  /** Who was served least recently stands first. */
  private waiting: Waiting[] = []
  private readonly alone: (() => Promise<void>)[] = []
  /** When each timeline that may hold pages first asked, in order of last use. */
  private readonly ages = new Map<Timeline, number>()
  private nextAge = 0
  /** Who got no memory for the last step. */
  private denied: ReadonlySet<Timeline> = new Set()
  private serving = 0
  private latest = 1
  private loop: Promise<void> | undefined

  constructor(private readonly runner: Runner) {}

  /** Timelines that wait for a step or are in one. */
  get active(): number {
    return this.waiting.length + this.serving
  }

  /** Timelines that share a step: those of the last one, or those that wait by now. */
  get lately(): number {
    return Math.max(this.latest, this.active)
  }

  /** Computes the tokens of `timeline` that are not in the cache. Undefined when `signal` ended it. */
  run<R>(
    timeline: Timeline,
    rowsFrom: number,
    read: (rows: readonly RowResult[]) => R,
    signal: AbortSignal | undefined,
    meanwhile?: () => Promise<void>,
    want: RowWish = 'logits',
  ): Promise<R | undefined> {
    const age = this.ages.get(timeline) ?? this.nextAge++
    this.ages.delete(timeline)
    this.ages.set(timeline, age)
    return new Promise((resolve, reject) => {
      const finish = (rows: readonly RowResult[] | undefined): (() => void) => {
        try {
          const result = rows && read(rows)
          return () => resolve(result)
        } catch (error) {
          return () => reject(error instanceof Error ? error : new Error(String(error)))
        }
      }
      this.waiting.push({ timeline, rowsFrom, want, signal, meanwhile, age, rows: [], finish, fail: reject })
      this.loop ??= this.turn()
    })
  }

  /** Runs `job` while no step runs. */
  between<R>(job: () => Promise<R>): Promise<R> {
    return new Promise((resolve, reject) => {
      this.alone.push(() => job().then(resolve, reject))
      this.loop ??= this.turn()
    })
  }

  /** Resolves when nothing waits. */
  async idle(): Promise<void> {
    while (this.loop) await this.loop
  }

  /** The timeline holds no pages any more. */
  forget(timeline: Timeline): void {
    this.ages.delete(timeline)
  }

  private async turn(): Promise<void> {
    // Who asks in the same moment is served in the same step; and timers, signals and input get their turn.
    await yieldToEvents()
    while (this.waiting.length + this.alone.length > 0) {
      for (const job of this.alone.splice(0)) await job()
      this.dropCancelled()
      try {
        const shares = await this.grow(await this.divide())
        if (shares.length > 0) await this.step(shares)
      } catch (error) {
        for (const { fail } of this.waiting.splice(0)) fail(error)
      }
      await yieldToEvents()
    }
    this.loop = undefined
  }

  private dropCancelled(): void {
    const cancelled = this.waiting.filter(({ signal }) => signal?.aborted)
    if (cancelled.length === 0) return
    this.waiting = this.waiting.filter(({ signal }) => !signal?.aborted)
    for (const { finish } of cancelled) finish(undefined)()
  }

  /** How many tokens of the next step each gets. */
  private async divide(): Promise<Share[]> {
    let tokens = this.runner.stepTokens
    let rows = this.runner.maxLogitRows
    const shares: Share[] = []
    const wanting: { share: Share; left: number }[] = []
    const leaders = await this.leaders()
    for (const waiting of this.waiting) {
      if (tokens === 0) break
      const { timeline, rowsFrom } = waiting
      const left = timeline.tokens.length - timeline.length
      if (timeline.length >= rowsFrom && rows === 0) continue
      const page = timeline.nextPage()
      if (page !== undefined && leaders.get(page) !== timeline) continue
      if (timeline.length >= rowsFrom) rows--
      tokens--
      const share = { waiting, tokens: 1 }
      shares.push(share)
      if (left > 1) wanting.push({ share, left: left - 1 })
    }
    // The smallest wishes first, so that what they leave goes to the others.
    wanting.sort((a, b) => a.left - b.left)
    wanting.forEach(({ share, left }, i) => {
      const part = Math.min(left, Math.floor(tokens / (wanting.length - i)))
      const more = Math.min(part, rows + Math.max(0, share.waiting.rowsFrom - share.waiting.timeline.length - 1))
      const { timeline, rowsFrom } = share.waiting
      rows -= Math.max(0, timeline.length + 1 + more - Math.max(rowsFrom, timeline.length + 1))
      tokens -= more
      share.tokens += more
    })
    for (const share of shares) share.tokens = share.waiting.timeline.stepUpTo(share.tokens)
    return shares
  }

  /** Of several with the same beginning one computes it, and the others find it in the tree: by page, who is farthest. */
  private async leaders(): Promise<Map<string, Timeline>> {
    for (const { timeline } of [...this.waiting]) await timeline.saveState()
    const leaders = new Map<string, Timeline>()
    for (const { timeline, rowsFrom } of this.waiting) {
      // Somebody may have computed the same prompt since it began to wait.
      if (timeline.length < rowsFrom) timeline.adopt(timeline.tokens, rowsFrom)
      const page = timeline.nextPage()
      if (page === undefined) continue
      const leader = leaders.get(page)
      // Who got no memory the last time may wait for one of the others.
      const first = !leader || (this.denied.has(leader) && !this.denied.has(timeline))
      if (first || (timeline.length > leader.length && !this.denied.has(timeline))) leaders.set(page, timeline)
    }
    return leaders
  }

  /** Gets pages and slots for all shares, the oldest first; returns those that have them. */
  private async grow(shares: Share[]): Promise<Share[]> {
    const granted: Share[] = []
    const evicted = new Set<Timeline>()
    for (const share of [...shares].sort((a, b) => a.waiting.age - b.waiting.age)) {
      const { timeline } = share.waiting
      while (!evicted.has(timeline)) {
        try {
          await timeline.growTo(timeline.length + share.tokens)
          granted.push(share)
          break
        } catch (error) {
          if (!(error instanceof UserError) || error.code !== 'out_of_memory') throw error
          const victim = this.victimOf(share.waiting)
          if (victim) {
            victim.evict()
            evicted.add(victim)
            for (const { timeline: other, rows } of this.waiting) if (other === victim) rows.length = 0
            continue
          }
          // Older requests will give their pages back; with nobody to wait for, it will never fit.
          if (!this.waiting.some((other) => other.age < share.waiting.age && other.timeline.holdsMemory)) {
            this.waiting = this.waiting.filter((other) => other !== share.waiting)
            share.waiting.fail(error)
          }
          break
        }
      }
    }
    const served = granted.filter(({ waiting }) => !evicted.has(waiting.timeline))
    // Who got no pages lets the others go first; else the step's tokens could go to them again, and nobody would move.
    const getting = new Set(served.map(({ waiting }) => waiting))
    const denied = new Set(shares.map(({ waiting }) => waiting).filter((waiting) => !getting.has(waiting)))
    this.denied = new Set([...denied].map(({ timeline }) => timeline))
    this.waiting = [
      ...this.waiting.filter((waiting) => !denied.has(waiting)),
      ...this.waiting.filter((waiting) => denied.has(waiting)),
    ]
    return served
  }

  /** Whose pages are taken when memory is short: a timeline that rests, else the youngest one younger than `needy`. */
  private victimOf(needy: Waiting): Timeline | undefined {
    const busy = new Set(this.waiting.map(({ timeline }) => timeline))
    for (const timeline of this.ages.keys()) if (!busy.has(timeline) && timeline.holdsMemory) return timeline
    let youngest: Waiting | undefined
    for (const other of this.waiting)
      if (other.age > (youngest?.age ?? needy.age) && other.timeline.holdsMemory) youngest = other
    return youngest?.timeline
  }

  private async step(shares: readonly Share[]): Promise<void> {
    const served = new Set(shares.map(({ waiting }) => waiting))
    const total = shares.reduce((sum, share) => sum + share.tokens, 0)
    const step = {
      tokens: new Int32Array(total),
      positions: new Int32Array(total),
      sequences: new Int32Array(total),
      ends: new Int32Array(total),
      pageTables: shares.map(({ waiting }) => waiting.timeline.pageTable()),
    }
    const slots = shares.flatMap(({ waiting }) => waiting.timeline.slot ?? [])
    const logitRows: number[] = []
    const wants: RowWish[] = []
    let at = 0
    shares.forEach(({ waiting: { timeline, rowsFrom, want }, tokens }, sequence) => {
      for (let position = timeline.length; position < timeline.length + tokens; position++, at++) {
        step.tokens[at] = timeline.tokens[position]!
        step.positions[at] = position
        step.sequences[at] = sequence
        step.ends[at] = timeline.endOf(position)
        if (position < rowsFrom) continue
        logitRows.push(at)
        wants.push(want)
      }
    })
    // Those who were not served stand first now.
    this.waiting = this.waiting.filter((waiting) => !served.has(waiting))
    this.serving = this.latest = shares.length
    const started = performance.now()
    let result: StepResult
    try {
      const ticket = this.runner.submit({
        ...step,
        ...(slots.length > 0 && { slots: Int32Array.from(slots) }),
        logitRows: Int32Array.from(logitRows),
        wants,
      })
      const others = shares.map(({ waiting }) => waiting.meanwhile?.())
      ;[result] = await Promise.all([ticket.done, ...others])
    } catch (error) {
      for (const { timeline, fail } of served) {
        timeline.stepFailed()
        fail(error)
      }
      return
    } finally {
      this.serving = 0
    }
    const report = { tokens: total, sequences: shares.length, milliseconds: performance.now() - started }
    let row = 0
    const from = shares.map(({ waiting }) => waiting.timeline.length)
    const tell: (() => void)[] = []
    for (const [sequence, { waiting, tokens }] of shares.entries()) {
      const { timeline, rowsFrom } = waiting
      const rows = Math.min(tokens, Math.max(0, timeline.length + tokens - rowsFrom))
      const own = result.rows.slice(row, row + rows)
      row += rows
      timeline.advance(tokens, result.tiedFrom?.[sequence])
      if (timeline.length < timeline.tokens.length) {
        waiting.rows.push(...own.map(kept))
        this.waiting.push(waiting)
      } else tell.push(waiting.finish([...waiting.rows, ...own]))
    }
    this.onStep?.(report)
    try {
      await this.draft(shares, from)
    } catch (error) {
      this.waiting = this.waiting.filter((waiting) => !served.has(waiting))
      for (const { fail } of served) fail(error)
      return
    }
    for (const done of tell) done()
  }

  /**
   * For those who want drafts, runs the model's draft over the rows of the last step that stay and whose next token is known,
   * so that its own cache is filled as far as the others, and asks it what comes next. `from`: where each began.
   */
  private async draft(shares: readonly Share[], from: readonly number[]): Promise<void> {
    const { runner } = this
    if (!runner.submitDraft) return
    const [hiddenRows, tokens, positions, sequences, ends, logitRows]: number[][] = [[], [], [], [], [], []]
    const asking: Timeline[] = []
    let at = 0
    shares.forEach(({ waiting: { timeline }, tokens: count }, sequence) => {
      const end = timeline.wantsDraft ? Math.min(from[sequence]! + count, timeline.length) : 0
      for (let position = from[sequence]!; position < end; position++) {
        const next = timeline.tokenBehind(position)
        if (next === undefined) continue
        if (position + 1 === timeline.tokens.length) {
          logitRows!.push(tokens!.length)
          asking.push(timeline)
        }
        hiddenRows!.push(at + position - from[sequence]!)
        tokens!.push(next)
        positions!.push(position)
        sequences!.push(sequence)
        ends!.push(timeline.endOf(position))
      }
      at += count
    })
    if (tokens!.length === 0) return
    const { rows } = await runner.submitDraft({
      hiddenRows: Int32Array.from(hiddenRows!),
      tokens: Int32Array.from(tokens!),
      positions: Int32Array.from(positions!),
      sequences: Int32Array.from(sequences!),
      textLengths: Int32Array.from(ends!),
      pageTables: shares.map(({ waiting }) => waiting.timeline.pageTable()),
      logitRows: Int32Array.from(logitRows!),
      wants: logitRows!.map(() => LIKELIEST),
    }).done
    asking.forEach((timeline, row) => {
      timeline.drafted = [tokenOf(rows[row]!)]
    })
  }
}

/** A row that outlives the next step. */
function kept({ logits, hidden, ...rest }: RowResult): RowResult {
  return { ...rest, ...(logits && { logits: logits.slice() }), ...(hidden && { hidden: hidden.slice() }) }
}
