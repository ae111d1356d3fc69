import { PAGE_SIZE, type RowResult, type RowWish, type Runner } from '../../backends/backend.js'
import { invariant } from '../../errors.js'
import { contextExceeded } from '../prompt.js'
import { pagesFor, type PagePool } from './cache.js'
import { LiveState } from './live-state.js'
import type { PrefixNode } from './prefix-tree.js'
import type { Scheduler } from './scheduler.js'
import type { SlotPool } from './slots.js'

/** A snapshot of recurrent states is kept every so many positions of a long sequence. */
const SNAPSHOT_DISTANCE = 16 * PAGE_SIZE

/** A runner that several timelines share: each step serves all who wait, their pages come from one pool. */
export interface SharedRunner {
  readonly runner: Runner
  readonly scheduler: Scheduler
  readonly pool: PagePool
  /** Only where the model has recurrent states. */
  readonly slots: SlotPool | undefined
  readonly vocabSize: number
  readonly contextLength: number
}

/**
 * One sequence of tokens, of which the first `length` have their keys and values in the cache. Its pages are of two kinds:
 * full ones are shared with all timelines through the prefix tree and never written again, the rest are its own. Recurrent
 * states are those of the last computed token; they go back only to snapshots, which are kept behind some full pages.
 */
export class Timeline {
  /** What the sequence is to be; behind `length` it waits to be computed. */
  readonly tokens: number[] = []
  private computed = 0
  private readonly nodes: PrefixNode[] = []
  private readonly own: number[] = []
  /** Tokens that were found in the tree since the last call of reuse. */
  private adopted = 0
  /** The token behind all that are here, once it is chosen. */
  private upcoming: number | undefined
  /** Whether the model's draft is to keep pace and to say what comes behind {@link upcoming}, and what it said. */
  wantsDraft = false
  drafted: readonly number[] = []
  /** Tokens at the end that are only drafted: pages with one of them in it are not shared. */
  private draftLength = 0
  /** Where the text ends whose tokens are computed: a step may have a piece of it, and a draft follows it. */
  private end = 0
  /** From this position on, what is in the cache holds for a text that ends at {@link end} (Runner.tiedFrom). */
  private tiedFrom = Infinity

  private readonly live: LiveState | undefined
  /** Where a snapshot is to be kept when this position is reached. */
  private landmark: number | undefined

  constructor(private readonly shared: SharedRunner) {
    this.live = shared.slots && new LiveState(shared.slots)
  }

  /** Tokens in the cache. */
  get length(): number {
    return this.computed
  }

  get holdsMemory(): boolean {
    return this.nodes.length + this.own.length > 0 || (this.live?.held ?? false)
  }

  /** Where the recurrent states are, if the model has any. */
  get slot(): number | undefined {
    return this.live?.slot
  }

  /** Tokens found in the shared cache since {@link reuse}. */
  get adoptedTokens(): number {
    return this.adopted
  }

  /** Page ids in order. */
  pageTable(): Int32Array {
    const table = new Int32Array(this.nodes.length + this.own.length)
    this.nodes.forEach((node, i) => (table[i] = node.page))
    table.set(this.own, this.nodes.length)
    return table
  }

  /**
   * Keeps what the cache and `ids` have in common from the start, drops the rest, and returns how many were kept. The
   * last of `ids` always stays to be fed, since its logits are what the caller wants.
   */
  reuse(ids: readonly number[]): number {
    const limit = Math.min(this.computed, ids.length - 1)
    let kept = 0
    while (kept < limit && this.tokens[kept] === ids[kept]) kept++
    this.truncate(kept)
    this.adopt(ids, ids.length - 1)
    this.adopted = 0
    return this.computed
  }

  /**
   * Forgets everything behind the first `length` tokens, or a little more where a shared page would have to be written;
   * with recurrent states, all behind the last snapshot before.
   */
  truncate(length: number): void {
    if (length < this.computed) this.computed = this.live ? this.goBack(this.live, length) : length
    this.tokens.length = this.computed
    if (this.tiedFrom >= this.computed) this.tiedFrom = Infinity
    const full = Math.floor(this.computed / PAGE_SIZE)
    this.releaseNodes(full + 1)
    this.shared.pool.give(this.own.splice(Math.max(0, pagesFor(this.computed) - this.nodes.length)))
    if (this.nodes.length <= full) return
    // The last page is shared, and what comes next would be written into it.
    const last = this.nodes[full]!
    if (this.computed % PAGE_SIZE !== 0 && this.shared.pool.tree.takeBack(last)) {
      this.nodes.pop()
      this.own.push(last.page)
    } else {
      this.releaseNodes(full)
      this.computed = this.tokens.length = full * PAGE_SIZE
    }
  }

  /**
   * Feeds `ids` behind what is cached, in as many steps as it takes. Undefined when `signal` ended it; what was computed
   * by then stays.
   * @param rows whose logits are wanted: of the last or of all, or from this position on
   * @param read gets what the rows gave, which is overwritten by the next step
   * @param meanwhile is done while they are computed; it must not fail
   * @param want of each row
   * @param end of the text, where more of it will come
   * @throws UserError context_length_exceeded, out_of_memory
   */
  async step<R>(
    ids: readonly number[],
    rows: 'last' | 'all' | number,
    read: (rows: readonly RowResult[]) => R,
    signal?: AbortSignal,
    meanwhile?: () => Promise<void>,
    want?: RowWish,
    end = this.tokens.length + ids.length - this.draftLength,
  ): Promise<R | undefined> {
    const { scheduler, contextLength } = this.shared
    this.upcoming = undefined
    this.drafted = []
    const start = this.tokens.length
    const count = ids.length
    invariant(count > 0 && start === this.computed, 'a timeline takes one call at a time')
    if (start + count > contextLength) throw contextExceeded(start + count, contextLength)
    for (const id of ids) this.tokens.push(id)
    if (end !== this.end && this.isTied) {
      this.computed = this.tiedFrom
      this.tiedFrom = Infinity
    }
    this.end = end
    try {
      const rowsFrom = rows === 'all' ? start : rows === 'last' ? start + count - 1 : rows
      return await scheduler.run(this, rowsFrom, read, signal, meanwhile, want)
    } finally {
      // After a failure or a cancellation: what did not come to be computed.
      if (this.computed < this.tokens.length) this.tokens.length = this.computed
    }
  }

  /**
   * Feeds `ids` and, behind them, tokens that may follow. `read` gets the rows of the last of `ids` and of the drafts,
   * [1 + drafts], and returns the tokens that it chose; drafts stay in the cache as far as they were chosen. The last
   * chosen token never is in the cache: it comes next. Behind a position where scores are tied a draft cannot be checked
   * in the same step, and is left out.
   * @throws UserError as {@link step}
   */
  async verify(
    ids: readonly number[],
    drafts: readonly number[],
    read: (rows: readonly RowResult[], drafts: readonly number[]) => readonly number[],
    signal?: AbortSignal,
    meanwhile?: () => Promise<void>,
    want?: RowWish,
  ): Promise<readonly number[] | undefined> {
    const certain = this.tokens.length + ids.length
    const settle = (rows: readonly RowResult[]): readonly number[] => {
      const checked = drafts.slice(0, Math.max(0, this.tiedFrom - certain + 1))
      const chosen = read(rows.slice(0, 1 + checked.length), checked)
      this.draftLength = 0
      this.truncate(certain + Math.max(0, chosen.length - 1))
      this.share()
      this.upcoming = chosen.at(-1)
      return chosen
    }
    this.draftLength = drafts.length
    try {
      return await this.step([...ids, ...drafts], certain - 1, settle, signal, meanwhile, want)
    } finally {
      // After a failure or a cancellation before it was settled.
      if (this.draftLength > 0 && this.tokens.length > certain) this.truncate(certain)
      this.draftLength = 0
    }
  }

  /** The token behind a position that is in the cache; undefined where it is not known yet. */
  tokenBehind(position: number): number | undefined {
    return position + 1 < this.tokens.length ? this.tokens[position + 1] : this.upcoming
  }

  /** Takes pages so that `positions` tokens fit, and a slot. Between steps. @throws UserError out_of_memory. */
  async growTo(positions: number): Promise<void> {
    await this.live?.prepare()
    const missing = pagesFor(positions) - this.nodes.length - this.own.length
    if (missing > 0) this.own.push(...(await this.shared.pool.take(missing)))
  }

  /** The end of the text that the token at `position` is a part of. */
  endOf(position: number): number {
    return Math.max(this.end, position + 1)
  }

  /** What is computed at `tiedFrom` and behind hangs on where the text ends, so that others cannot share it. */
  get isTied(): boolean {
    return this.tiedFrom < Infinity
  }

  /**
   * The next `count` tokens are in the cache; pages that are full now are shared.
   * @param tiedFrom first position of the step at which scores were tied
   */
  advance(count: number, tiedFrom = Infinity): void {
    this.computed += count
    this.tiedFrom = Math.min(this.tiedFrom, tiedFrom)
    this.share()
  }

  private share(): void {
    const { pool } = this.shared
    const sure = Math.min(this.computed, this.tokens.length - this.draftLength, this.tiedFrom)
    while (this.own.length > 0 && (this.nodes.length + 1) * PAGE_SIZE <= sure) {
      const page = this.own.shift()!
      const node = pool.tree.add(this.nodes.at(-1), this.tokens, this.nodes.length * PAGE_SIZE, page)
      // Another timeline computed the same: its page serves both.
      if (node.page !== page) pool.give([page])
      this.nodes.push(node)
    }
  }

  /** Takes over pages that other timelines have computed for these tokens, up to `limit` tokens. */
  adopt(ids: readonly number[], limit: number): void {
    const { tree } = this.shared.pool
    const first = this.nodes.length * PAGE_SIZE
    const end = this.shared.slots ? this.lastSnapshot(this.shared.slots, ids, limit) : limit
    for (let start = first; start + PAGE_SIZE <= end; start += PAGE_SIZE) {
      const node = tree.use(this.nodes.at(-1), ids, start)
      if (!node) break
      this.shared.pool.give(this.own.splice(0))
      this.nodes.push(node)
      const before = this.computed
      this.computed = start + PAGE_SIZE
      this.adopted += this.computed - before
      for (let i = this.tokens.length; i < this.computed; i++) this.tokens.push(ids[i]!)
    }
    if (this.nodes.length * PAGE_SIZE > first) this.live?.goBack(this.nodes.at(-1))
  }

  /** How many of the next `count` tokens a step may take: it ends where a snapshot of recurrent states is wanted. */
  stepUpTo(count: number): number {
    this.landmark = this.nextLandmark()
    return this.landmark === undefined ? count : Math.min(count, this.landmark - this.computed)
  }

  /** Keeps a snapshot where one is wanted. Between steps. */
  async saveState(): Promise<void> {
    if (!this.live || this.computed !== this.landmark) return
    await this.live.save(this.nodes.at(-1)!)
    this.landmark = undefined
  }

  /** After a step that failed, recurrent states may be those of any token of it. */
  stepFailed(): void {
    if (!this.live) return
    this.computed = this.goBack(this.live, this.computed)
    this.truncate(this.computed)
  }

  /**
   * Names the next full page that is to be computed, with all before it; undefined where less than a page is left. With
   * recurrent states, the pages up to the next snapshot: others can go on only there.
   */
  nextPage(): string | undefined {
    if (this.live) {
      const end = this.nextLandmark()
      return end === undefined || end === this.tokens.length ? undefined : this.tokens.slice(0, end).join()
    }
    const start = this.nodes.length * PAGE_SIZE
    if (start + PAGE_SIZE > Math.min(this.tokens.length - this.draftLength - 1, this.tiedFrom)) return undefined
    return `${this.nodes.at(-1)?.page ?? 'start'}:${this.tokens.slice(start, start + PAGE_SIZE).join()}`
  }

  /** Gives the pages up, but not the tokens: they are computed again, or found again, when they are needed. */
  evict(): void {
    this.releaseNodes(0)
    this.shared.pool.give(this.own.splice(0))
    this.live?.give()
    this.computed = 0
    this.tiedFrom = Infinity
  }

  /** Forgets all tokens and gives all pages back; full ones stay in the tree until memory is needed. */
  release(): void {
    this.evict()
    this.tokens.length = 0
    this.shared.scheduler.forget(this)
  }

  /** The last snapshot at `length` or before becomes where the recurrent states go on; returns its position. */
  private goBack(live: LiveState, length: number): number {
    let pages = Math.min(this.nodes.length, Math.floor(length / PAGE_SIZE))
    while (pages > 0 && !this.shared.slots!.has(this.nodes[pages - 1]!)) pages--
    live.goBack(this.nodes[pages - 1])
    return pages * PAGE_SIZE
  }

  /** Position of the last snapshot that other timelines keep for these tokens, behind the shared pages; 0 without. */
  private lastSnapshot(slots: SlotPool, ids: readonly number[], limit: number): number {
    let node = this.nodes.at(-1)
    let last = 0
    for (let start = this.nodes.length * PAGE_SIZE; start + PAGE_SIZE <= limit; start += PAGE_SIZE) {
      node = this.shared.pool.tree.find(node, ids, start)
      if (!node) break
      if (slots.has(node)) last = start + PAGE_SIZE
    }
    return last
  }

  /** Where the next snapshot is wanted: at the end of the last full page before the last token, and every so often before. */
  private nextLandmark(): number | undefined {
    if (!this.live) return undefined
    const distant = (Math.floor(this.computed / SNAPSHOT_DISTANCE) + 1) * SNAPSHOT_DISTANCE
    const last = Math.floor((this.tokens.length - 1) / PAGE_SIZE) * PAGE_SIZE
    const next = last > this.computed ? Math.min(last, distant) : distant
    return next <= this.tokens.length ? next : undefined
  }

  private releaseNodes(from: number): void {
    while (this.nodes.length > from) this.shared.pool.tree.release(this.nodes.pop()!)
  }
}
