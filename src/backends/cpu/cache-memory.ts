import prettyBytes from 'pretty-bytes'
import { UserError, invariant } from '../../errors.js'
import { MAX_BANK_BYTES } from './banks.js'
import type { BankLayout } from './bank-layout.js'

/**
 * What a bank's memory grows by: cache pages, and slots of recurrent states where there are any. Pages are numbered from
 * the pool's start in steps of their size; slots lie between them, so that page `id` may have a later number.
 */
export class CacheMemory {
  private readonly pages: number[] = []
  private readonly slots: number[] = []
  private end: number

  constructor(
    private readonly memory: WebAssembly.Memory,
    private readonly bank: BankLayout,
  ) {
    this.end = bank.poolAddress
  }

  /** Makes pages [0, count) usable. @throws UserError out_of_memory. */
  reservePages(count: number): void {
    const { poolAddress, pageBytes } = this.bank
    const missing = count - this.pages.length
    if (missing <= 0) return
    const first = pageBytes === 0 ? 0 : Math.ceil((this.end - poolAddress) / pageBytes)
    this.grow(Math.max(this.end, poolAddress + (first + missing) * pageBytes), `${count * 64} tokens`)
    for (let i = 0; i < missing; i++) this.pages.push(first + i)
  }

  /** Makes slots [0, count) usable. @throws UserError out_of_memory. */
  reserveSlots(count: number): void {
    const { slotBytes } = this.bank
    const missing = count - this.slots.length
    if (missing <= 0) return
    const first = this.end
    this.grow(first + missing * slotBytes, `${count} recurrent states`)
    for (let i = 0; i < missing; i++) this.slots.push(first + i * slotBytes)
  }

  /** A page table in numbers from the pool's start. */
  pageNumbers(ids: Int32Array): Int32Array {
    // Without slots pages lie one after the other.
    return this.slots.length === 0 ? ids : ids.map((id) => this.pages[id]!)
  }

  /** The bytes of a page, where they are. */
  pageBytes(page: number): Uint8Array {
    const { poolAddress, pageBytes } = this.bank
    const number = this.pages[page]
    invariant(number !== undefined, `page ${page} is not reserved`)
    return new Uint8Array(this.memory.buffer, poolAddress + number * pageBytes, pageBytes)
  }

  slotAddress(slot: number): number {
    const address = this.slots[slot]
    invariant(address !== undefined, `slot ${slot} is not reserved`)
    return address
  }

  copySlot(from: number, to: number): void {
    const bytes = new Uint8Array(this.memory.buffer)
    const start = this.slotAddress(from)
    bytes.copyWithin(this.slotAddress(to), start, start + this.bank.slotBytes)
  }

  private grow(end: number, what: string): void {
    const { memory } = this
    const missing = Math.ceil((end - memory.buffer.byteLength) / 65536)
    try {
      if (end > MAX_BANK_BYTES) throw new RangeError(`larger than ${prettyBytes(MAX_BANK_BYTES)}`)
      if (missing > 0) memory.grow(missing)
    } catch (cause) {
      throw new UserError(
        `out of memory: a context of ${what} needs ${prettyBytes(end)} in one WebAssembly memory, which has ${prettyBytes(memory.buffer.byteLength)} and cannot grow`,
        'out_of_memory',
        {
          cause,
          remedies: [{ advice: 'a shorter prompt' }, { option: 'kvCache', value: 'q8' }, { advice: 'a smaller model' }],
        },
      )
    }
    this.end = end
  }
}
