import { PAGE_SIZE, type Runner } from '../backends/backend.js'
import { UserError, invariant } from '../errors.js'

/** Pages to add at once, so that memory does not grow with every page. */
const GROWTH = 8

/** Hands out the cache pages of a runner. Pages are reserved when they are first needed and used again when given back. */
export class PagePool {
  private readonly free: number[] = []
  private reserved = 0

  constructor(private readonly runner: Pick<Runner, 'reservePages'>) {}

  /** Pages that exist; some may be free. */
  get size(): number {
    return this.reserved
  }

  get freeCount(): number {
    return this.free.length
  }

  /** Call only between steps: growing moves memory. @throws UserError out_of_memory. */
  take(count: number): number[] {
    const missing = count - this.free.length
    if (missing > 0) this.grow(missing)
    const pages = this.free.splice(this.free.length - count, count).reverse()
    invariant(pages.length === count, `took ${pages.length} of ${count} cache pages`)
    return pages
  }

  give(pages: readonly number[]): void {
    for (let i = pages.length - 1; i >= 0; i--) this.free.push(pages[i]!)
  }

  private grow(missing: number): void {
    const wished = this.reserved + Math.max(missing, GROWTH)
    const least = this.reserved + missing
    let size = wished
    try {
      this.runner.reservePages(wished)
    } catch (error) {
      // The last pages that fit are worth a second try.
      if (!(error instanceof UserError) || error.code !== 'out_of_memory' || wished === least) throw error
      this.runner.reservePages(least)
      size = least
    }
    const added: number[] = []
    for (let page = this.reserved; page < size; page++) added.push(page)
    // The lowest page is taken first, and free pages from before come before new ones.
    this.free.unshift(...added.reverse())
    this.reserved = size
  }
}

/** Pages that `positions` positions need. */
export function pagesFor(positions: number): number {
  return Math.ceil(positions / PAGE_SIZE)
}
