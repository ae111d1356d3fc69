import { PAGE_SIZE } from '../../backends/backend.js'
import { pagesFor, type PagePool } from './cache.js'
import type { PrefixNode } from './prefix-tree.js'

/**
 * The cache pages of one sequence, in order. Full ones are shared with all sequences through the prefix tree and never written
 * again; those after them are its own.
 */
export class PageTable {
  private readonly shared: PrefixNode[] = []
  private readonly own: number[] = []

  /** @param salt sequences find each other's pages only where it is the same */
  constructor(
    private readonly pool: PagePool,
    private readonly salt: string,
  ) {}

  get isEmpty(): boolean {
    return this.shared.length + this.own.length === 0
  }

  /** Tokens in shared pages. */
  get sharedTokens(): number {
    return this.shared.length * PAGE_SIZE
  }

  /** The shared page that ends at `position`. */
  nodeBefore(position: number): PrefixNode | undefined {
    return this.shared[position / PAGE_SIZE - 1]
  }

  /** Page ids in order. */
  ids(): Int32Array {
    const table = new Int32Array(this.shared.length + this.own.length)
    this.shared.forEach((node, i) => (table[i] = node.page))
    table.set(this.own, this.shared.length)
    return table
  }

  /** Takes pages until `positions` positions have room. While no step is in flight. @throws UserError out_of_memory. */
  async allocate(positions: number): Promise<void> {
    const missing = pagesFor(positions) - this.shared.length - this.own.length
    if (missing > 0) this.own.push(...(await this.pool.take(missing)))
  }

  /**
   * Frees the pages after the first `length` tokens, and has the next token written into a page of its own. Returns how many
   * tokens are left: less than `length` where others use the page that would have to be written.
   */
  truncate(length: number): number {
    const full = Math.floor(length / PAGE_SIZE)
    this.unuse(full + 1)
    this.pool.give(this.own.splice(Math.max(0, pagesFor(length) - this.shared.length)))
    if (this.shared.length <= full) return length
    const last = this.shared[full]!
    if (length % PAGE_SIZE !== 0 && this.pool.tree.takeBack(last)) {
      this.shared.pop()
      this.own.push(last.page)
      return length
    }
    this.unuse(full)
    return full * PAGE_SIZE
  }

  /** Shares the own pages that the first `count` of `tokens` fill. */
  share(tokens: readonly number[], count: number): void {
    while (this.own.length > 0 && this.sharedTokens + PAGE_SIZE <= count) {
      const page = this.own.shift()!
      const node = this.pool.tree.add(this.shared.at(-1), tokens, this.sharedTokens, page, this.salt)
      // Another sequence computed the same: its page serves both.
      if (node.page !== page) this.pool.give([page])
      this.shared.push(node)
    }
  }

  /** Takes over pages that others share for the first `count` of `tokens`, in place of its own; false where there are none. */
  adopt(tokens: readonly number[], count: number): boolean {
    const before = this.shared.length
    while (this.sharedTokens + PAGE_SIZE <= count) {
      const node = this.pool.tree.use(this.shared.at(-1), tokens, this.sharedTokens, this.salt)
      if (!node) break
      this.pool.give(this.own.splice(0))
      this.shared.push(node)
    }
    return this.shared.length > before
  }

  /** The pages that {@link adopt} would take, without taking them. */
  *findShared(tokens: readonly number[], count: number): Generator<PrefixNode> {
    let node = this.shared.at(-1)
    for (let start = this.sharedTokens; start + PAGE_SIZE <= count; start += PAGE_SIZE) {
      node = this.pool.tree.find(node, tokens, start, this.salt)
      if (!node) return
      yield node
    }
  }

  /** Names tokens [start, end) with all before them, which are in shared pages. */
  nameOf(tokens: readonly number[], start: number, end: number): string {
    const before = this.nodeBefore(start)
    return `${before ? before.page : `start ${this.salt}`}:${tokens.slice(start, end).join()}`
  }

  /** Frees all pages; full ones stay in the tree until memory is needed. */
  free(): void {
    this.unuse(0)
    this.pool.give(this.own.splice(0))
  }

  private unuse(from: number): void {
    while (this.shared.length > from) this.pool.tree.release(this.shared.pop()!)
  }
}
