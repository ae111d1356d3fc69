import type { BankLayout } from '../bank-layout.js'
import { recordWord, writeRecord, writeSpan } from '../records.js'
import type { Threads } from '../threads.js'

/** The fields of the kernel encodeRows. */
export interface RowsToEncode {
  /** Addresses: of the matrix's descriptor, of the first row of floats, and of room for blocks. */
  readonly matrix: number
  readonly source: number
  readonly staged: number
  readonly row: number
  readonly count: number
  /** The largest code. */
  readonly top: number
  /** Scales are stored times this. */
  readonly factor: number
}

/** What all threads do while a model is loaded, one task after the other: the host reads files meanwhile. */
export class LoadTasks {
  private last: Promise<unknown> = Promise.resolve()

  constructor(
    private readonly banks: readonly Pick<BankLayout, 'probe'>[],
    private readonly memories: readonly WebAssembly.Memory[],
    private readonly threads: Pick<Threads, 'probe'>,
  ) {
    // A task runs the record of each bank: what is done already takes no time.
    banks.forEach(({ probe }, bank) => writeSpan(memories[bank]!, probe.record, 'touchPages', probe.address, 0))
  }

  /** Makes the pages of fresh memory. */
  touch(bank: number, address: number, bytes: number): Promise<void> {
    return this.add(() => {
      writeSpan(this.memories[bank]!, this.banks[bank]!.probe.record, 'touchPages', address, bytes)
      return this.threads.probe()
    })
  }

  /** Floats as blocks; not 0 where a scale is refused. */
  encode(bank: number, rows: RowsToEncode): Promise<number> {
    const { buffer } = this.memories[bank]!
    const { record } = this.banks[bank]!.probe
    const call = { kernel: 'encodeRows', rows: 'T', multiple: 1, fields: { ...rows, refused: 0 } } as const
    return this.add(async () => {
      writeRecord(buffer, record, call, false)
      await this.threads.probe()
      return recordWord(buffer, record, 'encodeRows', 'refused')
    })
  }

  private add<T>(task: () => Promise<T>): Promise<T> {
    const done = this.last.then(task)
    // The caller of a task gets its error, and so do those of the tasks after it.
    this.last = done
    done.catch(() => undefined)
    return done
  }
}
