import { DESCRIPTOR_BYTES } from '../records.js'
import type { LoadTasks } from './load-tasks.js'
import type { PlacedWeight } from '../places.js'

/** Bytes that are made at a time. */
const REGION_BYTES = 64 << 20

interface Region {
  readonly bank: number
  readonly from: number
  end: number
}

/**
 * Has the pages of fresh memory made by all threads, ahead of the host, which loads weights into it: the system makes a page at the
 * first write to it, which takes one thread longer than reading and packing what belongs there.
 */
export class FreshPages {
  private readonly regions: readonly Region[]
  private readonly regionOf = new Map<PlacedWeight, number>()
  private readonly made: Promise<void>[] = []

  /** @param weights in the order in which they are loaded */
  constructor(
    weights: Iterable<PlacedWeight>,
    private readonly tasks: LoadTasks,
  ) {
    const regions: Region[] = []
    for (const weight of weights) {
      const end = weight.data + weight.bytes
      const last = regions.at(-1)
      const near = last?.bank === weight.bank && weight.descriptor - last.end < DESCRIPTOR_BYTES * 2
      if (last && near && end - last.from <= REGION_BYTES) last.end = end
      else regions.push({ bank: weight.bank, from: weight.descriptor, end })
      this.regionOf.set(weight, regions.length - 1)
    }
    this.regions = regions
  }

  /** When the memory of a weight is there. Begins the next region, too. */
  async ready(weight: PlacedWeight): Promise<void> {
    const own = this.regionOf.get(weight)!
    for (let next = this.made.length; next <= Math.min(own + 1, this.regions.length - 1); next++) {
      const { bank, from, end } = this.regions[next]!
      this.made.push(this.tasks.touch(bank, from, end - from))
    }
    await this.made[own]
  }
}
