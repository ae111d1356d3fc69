import { PAGE_SIZE, type Step } from '../backend.js'

/** Rows of one cache state, in pages made when first written. */
export class PagedRows {
  private readonly pages = new Map<number, Float32Array>()

  constructor(private readonly width: number) {}

  /** The row of a token's sequence at `position`, [width]. */
  row(step: Step, t: number, position: number): Float32Array {
    const table = step.pageTables[step.sequences[t]!]!
    const id = table[Math.floor(position / PAGE_SIZE)]!
    let page = this.pages.get(id)
    if (!page) this.pages.set(id, (page = new Float32Array(PAGE_SIZE * this.width)))
    const at = (position % PAGE_SIZE) * this.width
    return page.subarray(at, at + this.width)
  }
}
