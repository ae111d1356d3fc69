import type { BankLayout } from './bank-layout.js'
import { DESCRIPTOR_BYTES, writeSpan } from './records.js'
import type { Threads } from './threads.js'
import type { PlacedWeight } from './places.js'

/** Bytes that are made at a time. */
const REGION_BYTES = 64 << 20

interface Region {
  readonly bank: number
  readonly from: number
  end: number
}

/**
 * Makes the pages of fresh memory on all threads, ahead of those who load weights into it: the system makes a page at the
 * first write to it, which takes one thread longer than reading and packing what belongs there.
 * @returns for each weight, when its memory is there.
 */
export function makePages(
  weights: Iterable<PlacedWeight>,
  banks: readonly BankLayout[],
  memories: readonly WebAssembly.Memory[],
  threads: Pick<Threads, 'probe'>,
): ReadonlyMap<PlacedWeight, Promise<void>> {
  const ready = new Map<PlacedWeight, Promise<void>>()
  let done = Promise.resolve()
  for (const [region, own] of regionsOf(weights)) {
    done = done.then(() => {
      banks.forEach(({ probe }, bank) => {
        const bytes = bank === region.bank ? region.end - region.from : 0
        writeSpan(memories[bank]!, probe.record, 'touchPages', region.from, bytes)
      })
      return threads.probe()
    })
    // Whoever waits for the weights hears of it.
    done.catch(() => undefined)
    for (const weight of own) ready.set(weight, done)
  }
  return ready
}

/** Runs of weights that are stored one after the other, in the order in which they are loaded. */
function regionsOf(weights: Iterable<PlacedWeight>): [Region, PlacedWeight[]][] {
  const regions: [Region, PlacedWeight[]][] = []
  for (const weight of weights) {
    const end = weight.data + weight.bytes
    const [last, own] = regions.at(-1) ?? []
    const near = last?.bank === weight.bank && weight.descriptor - last.end < DESCRIPTOR_BYTES * 2
    if (last && own && near && end - last.from <= REGION_BYTES) {
      last.end = end
      own.push(weight)
    } else regions.push([{ bank: weight.bank, from: weight.descriptor, end }, [weight]])
  }
  return regions
}
