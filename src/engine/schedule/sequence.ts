import { PAGE_SIZE } from '../../backends/backend.js'
import { invariant } from '../../errors.js'
import type { PagePool } from './cache.js'
import { PageTable } from './page-table.js'
import { RecurrentStates, landmarkBefore, nextLandmark } from './recurrent-states.js'
import type { SlotPool } from './slots.js'
import { Speculation } from './speculation.js'
import { Ties } from './ties.js'

/**
 * waiting: for a step. preempted: likewise, and its memory was taken, so that it is computed again. running: in a step.
 * finished: all that was appended is computed; it may be continued.
 */
export type SequenceStatus = 'waiting' | 'preempted' | 'running' | 'finished'

/** Where sequences get their memory. */
export interface SequenceMemory {
  readonly pool: PagePool
  /** Only where the model has recurrent states. */
  readonly slots: SlotPool | undefined
}

/** A sequence of tokens, of which the first {@link length} have their keys and values in the cache. */
export class Sequence {
  status: SequenceStatus = 'finished'
  /** What the sequence is to be; those after `length` wait to be computed. */
  readonly tokens: number[] = []
  readonly speculation = new Speculation()
  readonly ties = new Ties()
  private readonly pages: PageTable
  private readonly states: RecurrentStates | undefined
  private computed = 0
  private adopted = 0
  private isTrial = false
  private repeatsTokens = false

  /** @param salt sequences share cached pages only with those of the same salt */
  constructor({ pool, slots }: SequenceMemory, salt = '') {
    this.pages = new PageTable(pool, salt)
    this.states = slots && new RecurrentStates(slots, this.pages)
  }

  /** Tokens in the cache. */
  get length(): number {
    return this.computed
  }

  get holdsMemory(): boolean {
    return !this.pages.isEmpty || (this.states?.held ?? false)
  }

  /** Where the recurrent states are, if the model has any. */
  get slot(): number | undefined {
    return this.states?.slot
  }

  /** Tokens found in the shared cache since {@link reuse}. */
  get adoptedTokens(): number {
    return this.adopted
  }

  /** Tokens in pages that are full and shared. */
  get sharedTokens(): number {
    return this.pages.sharedTokens
  }

  /** Page ids in order. */
  pageTable(): Int32Array {
    return this.pages.ids()
  }

  /**
   * Keeps what the cache and `ids` have in common from the start, drops the rest, and returns how many were kept. The
   * last of `ids` always stays to be appended, since its logits are what the caller wants.
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
   * Appends `ids`, and drafts after them that may follow; they wait to be computed then.
   * @param end of the text, where more of it will come
   */
  append(ids: readonly number[], drafts: readonly number[] = [], end = this.tokens.length + ids.length): void {
    invariant(
      ids.length > 0 && this.status === 'finished' && this.tokens.length === this.computed,
      'a sequence takes one call at a time',
    )
    this.speculation.next = undefined
    this.speculation.unchecked = drafts.length
    for (const id of ids) this.tokens.push(id)
    for (const id of drafts) this.tokens.push(id)
    this.computed = this.ties.endAt(end, this.computed)
  }

  /** Drafts of the last {@link append} that its step could check: after a position where scores are tied, none. */
  get checkedDrafts(): number {
    const { unchecked } = this.speculation
    return Math.min(unchecked, Math.max(0, this.ties.from - (this.tokens.length - unchecked) + 1))
  }

  /**
   * Says which tokens were chosen after the certain ones of the last {@link append}. Drafts stay in the cache as far as they
   * were chosen; the last chosen token never is in the cache: it comes next.
   */
  accept(chosen: readonly number[]): void {
    const certain = this.tokens.length - this.speculation.unchecked
    const right = certain + Math.max(0, chosen.length - 1)
    this.speculation.unchecked = 0
    this.truncate(right)
    this.repeatsTokens = this.computed < right
    this.share()
    this.speculation.next = chosen.at(-1)
  }

  /** Forgets what was appended and did not come to be computed, and drafts. */
  dropUncomputed(): void {
    const certain = this.tokens.length - this.speculation.unchecked
    this.speculation.unchecked = 0
    if (this.computed < this.tokens.length) this.tokens.length = this.computed
    if (this.tokens.length > certain) this.truncate(certain)
  }

  /**
   * Forgets everything after the first `length` tokens, or a little more where a shared page would have to be written;
   * with recurrent states, all after the last place before where they are kept.
   */
  truncate(length: number): void {
    if (length < this.computed) this.computed = this.states ? this.states.goBack(length) : length
    this.computed = this.pages.truncate(this.computed)
    this.tokens.length = this.computed
    this.ties.truncate(this.computed)
    this.speculation.truncate(this.computed)
  }

  /** Whether right tokens are computed once more, since recurrent states went back to before them. With drafts after them they might go back again. */
  get repeats(): boolean {
    return this.repeatsTokens
  }

  /** What comes next may be taken back, up to here. */
  beginTrial(): void {
    this.isTrial = true
  }

  /** Takes memory so that `positions` tokens fit. While no step is in flight. @throws UserError out_of_memory. */
  async allocate(positions: number): Promise<void> {
    const certain = this.tokens.length - this.speculation.unchecked
    const isTrial = this.isTrial || (this.speculation.unchecked > 0 && this.computed < certain)
    await this.states?.allocate(this.computed, isTrial)
    this.isTrial = false
    await this.pages.allocate(positions)
  }

  /** Frees the memory. What waits keeps its tokens: they are computed again, or found again, when it is its turn. */
  evict(): void {
    this.pages.free()
    this.states?.free()
    this.computed = 0
    this.ties.truncate(0)
    this.speculation.truncate(0)
    if (this.status !== 'finished') {
      this.status = 'preempted'
      return
    }
    this.tokens.length = 0
    this.speculation.unchecked = 0
  }

  /**
   * The next `count` tokens are in the cache; pages that are full now are shared.
   * @param tiedFrom first position of the step at which scores were tied
   * @param unsharedFrom the same, where the choice among them stays
   */
  advance(count: number, tiedFrom = Infinity, unsharedFrom = Infinity): void {
    this.speculation.computed(this.computed, this.computed + count)
    this.computed += count
    this.ties.found(tiedFrom, unsharedFrom)
    this.share()
  }

  private share(): void {
    const certain = this.tokens.length - this.speculation.unchecked
    this.pages.share(this.tokens, Math.min(this.computed, certain, this.ties.sharedUpTo))
  }

  /** Takes over pages that other sequences have computed for these tokens, up to `limit` tokens. */
  adopt(ids: readonly number[], limit: number): void {
    if (!this.pages.adopt(ids, this.states ? this.states.lastSnapshot(ids, limit) : limit)) return
    const found = this.pages.sharedTokens
    this.adopted += found - this.computed
    this.computed = found
    for (let i = this.tokens.length; i < found; i++) this.tokens.push(ids[i]!)
    this.states?.goOnFrom(this.pages.nodeBefore(found))
  }

  /** How many of the next `count` tokens a step may take. */
  stepUpTo(count: number): number {
    return this.states ? this.states.stepUpTo(count, this.computed, this.tokens.length) : count
  }

  /** Keeps a snapshot of recurrent states where one is wanted. While no step is in flight. */
  async saveStates(): Promise<void> {
    await this.states?.save(this.computed)
  }

  /** After a step that failed, recurrent states may be those of any token of it. */
  stepFailed(): void {
    if (this.states) this.truncate((this.computed = this.states.goBack(this.computed)))
  }

  /**
   * Names the next full page that is to be computed, with all before it; undefined where less than a page is left. With
   * recurrent states, the pages up to the next snapshot: others can continue only there.
   */
  nextPage(): string | undefined {
    const { sharedTokens } = this.pages
    if (!this.states) {
      const certain = this.tokens.length - this.speculation.unchecked - 1
      const end = sharedTokens + PAGE_SIZE
      return end > Math.min(certain, this.ties.sharedUpTo)
        ? undefined
        : this.pages.nameOf(this.tokens, sharedTokens, end)
    }
    const start = landmarkBefore(this.computed)
    const end = nextLandmark(this.computed, this.tokens.length)
    if (end === undefined || end === this.tokens.length || sharedTokens < start) return undefined
    return this.pages.nameOf(this.tokens, start, end)
  }
}
