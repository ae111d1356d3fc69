import { PAGE_SIZE, type Runner } from '../../backends/backend.js'
import { UserError, invariant } from '../../errors.js'
import { PrefixTree } from './prefix-tree.js'
import type { SlotPool } from './slots.js'

/** Pages to add at once, so that memory does not grow with every page. */
const GROWTH = 8

/** How much memory the cache may take. */
export interface CacheLimit {
  /** Beyond this many pages, pages that only wait to be used again are taken first. */
  readonly pages: number
  /** The same for slots of recurrent states; see {@link SlotPool}. */
  readonly slots?: number
  /** Whether running requests end at the limit too. */
  readonly hard: boolean
}

/**
 * Hands out the cache pages of a runner. Pages are reserved when they are first needed and used again when given back;
 * pages in the prefix tree that nobody uses are kept until memory is needed.
 */
export class PagePool {
  readonly tree = new PrefixTree()
  private readonly free: number[] = []
  private reserved = 0

  constructor(
    private readonly runner: Pick<Runner, 'reservePages'>,
    private readonly limit: CacheLimit = { pages: Infinity, hard: false },
    private readonly slots?: Pick<SlotPool, 'forget'>,
  ) {}

  /** Pages that exist; some may be free. */
  get size(): number {
    return this.reserved
  }

  /** Pages that no sequence uses. */
  get freeCount(): number {
    return this.free.length + this.tree.idleCount
  }

  /** Call only while no step is in flight, and one call at a time: growing moves memory. @throws UserError out_of_memory. */
  async take(count: number): Promise<number[]> {
    while (this.free.length < count) {
      const missing = count - this.free.length
      if (this.reserved < this.limit.pages && (await this.grow(missing))) continue
      const node = this.tree.evict()
      if (node) {
        this.slots?.forget(node)
        this.free.push(node.page)
      } else if (this.limit.hard && this.reserved >= this.limit.pages) throw this.exhausted(missing)
      else await this.reserve(this.reserved + missing)
    }
    const pages = this.free.splice(this.free.length - count, count).reverse()
    invariant(pages.length === count, `took ${pages.length} of ${count} cache pages`)
    return pages
  }

  give(pages: readonly number[]): void {
    for (let i = pages.length - 1; i >= 0; i--) this.free.push(pages[i]!)
  }

  /** Adds some pages below the limit; false where memory has none and the tree could help. */
  private async grow(missing: number): Promise<boolean> {
    const room = this.limit.pages - this.reserved
    const wished = this.reserved + Math.min(room, Math.max(missing, GROWTH))
    const least = this.reserved + Math.min(room, missing)
    try {
      await this.reserve(wished)
    } catch (error) {
      // The last pages that fit are worth a second try.
      if (!(error instanceof UserError) || error.code !== 'out_of_memory') throw error
      if (wished === least) {
        if (this.tree.idleCount === 0) throw error
        return false
      }
      try {
        await this.reserve(least)
      } catch (again) {
        if (this.tree.idleCount === 0) throw again
        return false
      }
    }
    return true
  }

  private async reserve(size: number): Promise<void> {
    await this.runner.reservePages(size)
    const added: number[] = []
    for (let page = this.reserved; page < size; page++) added.push(page)
    // The lowest page is taken first, and free pages from before come before new ones.
    this.free.unshift(...added.reverse())
    this.reserved = size
  }

  private exhausted(missing: number): UserError {
    const held = `the cache may hold ${this.limit.pages * PAGE_SIZE} tokens, and ${missing * PAGE_SIZE} more are needed`
    return new UserError(`out of memory: ${held}`, 'out_of_memory', {
      remedies: [{ option: 'cacheMemory', change: 'raise' }, { advice: 'a shorter prompt' }],
    })
  }
}

/** Pages that `positions` positions need. */
export function pagesFor(positions: number): number {
  return Math.ceil(positions / PAGE_SIZE)
}
