import { PAGE_SIZE, rowsOfPage, type Step } from '../backend.js'

/** Rows of one cache state, in pages made when first written. */
export class PagedRows {
  private readonly pages = new Map<number, Float32Array>()

  /** A row of `width` for every position p with (p + 1) % every == 0. */
  constructor(
    private readonly width: number,
    private readonly every: number,
  ) {}

  /** The row of a token's sequence at `position`, [width]. */
  row(step: Step, t: number, position: number): Float32Array {
    const table = step.pageTables[step.sequences[t]!]!
    const id = table[Math.floor(position / PAGE_SIZE)]!
    let page = this.pages.get(id)
    if (!page) this.pages.set(id, (page = new Float32Array(rowsOfPage(this.every) * this.width)))
    const at = Math.floor((position % PAGE_SIZE) / Math.min(this.every, PAGE_SIZE)) * this.width
    return page.subarray(at, at + this.width)
  }
}
