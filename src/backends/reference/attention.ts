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

/**
 * One query head: softmax(scale * q k^T) v over positions 0..own. Writes [vWidth] to out.
 * `keyAt` and `valueAt` give the head's row at a position.
 */
export function attend(
  q: Float32Array,
  own: number,
  scale: number,
  keyAt: (position: number) => Float32Array,
  valueAt: (position: number) => Float32Array,
  out: Float32Array,
): void {
  const scores = new Float64Array(own + 1)
  for (let p = 0; p <= own; p++) {
    const key = keyAt(p)
    let dot = 0
    for (let i = 0; i < q.length; i++) dot += q[i]! * key[i]!
    scores[p] = dot * scale
  }
  const max = scores.reduce((a, b) => Math.max(a, b), -Infinity)
  const sum = scores.reduce((total, s) => total + Math.exp(s - max), 0)
  const acc = new Float64Array(out.length)
  for (let p = 0; p <= own; p++) {
    const weight = Math.exp(scores[p]! - max) / sum
    const value = valueAt(p)
    for (let i = 0; i < acc.length; i++) acc[i]! += weight * value[i]!
  }
  out.set(acc)
}
