import { UserError, invariant } from '../../errors.js'
import type { Program } from '../../graph/program.js'
import {
  StepCancelled,
  textLengthsOf,
  firstTied,
  type BackendOptions,
  type ChooseToken,
  type DraftStep,
  type OpTimes,
  type RowResult,
  type Runner,
  type Step,
  type StepResult,
  type Ticket,
} from '../backend.js'
import { rowOf, rowResults } from '../rows.js'
import { CANARY, CONTROL_BLOCK } from '../contract.generated.js'
import { writeAngles } from '../plan/angles.js'
import { CacheMemory } from './cache-memory.js'
import type { BankLayout } from './bank-layout.js'
import { collectMemories } from './platform.js'
import { PAGE_TABLE_ENTRIES, longestText, timesBytes, type Layout } from './layout.js'
import { fastestRead } from './read-speed.js'
import { resetCounters, writeFirstRows, writeHeader, writeSpan } from './records.js'
import type { Threads } from './threads.js'

/** A loaded model on the CPU: writes a step's data into every bank, wakes the threads, hands out the logits. */
export class CpuRunner implements Runner {
  readonly backend = 'cpu'
  readonly stepTokens: number
  readonly maxLogitRows: number
  readonly weightBytes: number
  readonly activeWeightBytes: number
  readonly pageBytes: number
  readonly slotBytes: number
  private caches: readonly CacheMemory[]
  readonly maxInFlight = 1
  private running = false
  private cancelled = false
  /** Steps so far. */
  private steps = 0
  private readonly exact: boolean
  private readonly choose: ChooseToken | undefined

  constructor(
    private readonly program: Program,
    private readonly layout: Layout,
    private memories: readonly WebAssembly.Memory[],
    private readonly pool: Threads,
    readonly threads: number,
    private readonly profiled: boolean,
    options: BackendOptions,
    bytes: Pick<Runner, 'weightBytes' | 'activeWeightBytes'>,
  ) {
    this.weightBytes = bytes.weightBytes
    this.activeWeightBytes = bytes.activeWeightBytes
    this.pageBytes = layout.banks.reduce((sum, bank) => sum + bank.pageBytes, 0)
    this.slotBytes = layout.banks.reduce((sum, bank) => sum + bank.slotBytes, 0)
    this.caches = layout.banks.map((bank, i) => new CacheMemory(memories[i]!, bank))
    this.stepTokens = options.stepTokens
    this.maxLogitRows = options.maxLogitRows
    this.exact = options.precision === 'exact'
    this.choose = options.choose
  }

  get failed(): Promise<Error> | undefined {
    return this.pool.failed
  }

  get hasDraft(): boolean {
    return this.program.draft !== undefined
  }

  get hasHidden(): boolean {
    return this.layout.finalHidden !== undefined
  }

  async reservePages(count: number): Promise<void> {
    for (const cache of this.caches) cache.reservePages(count)
  }

  async reserveSlots(count: number): Promise<void> {
    for (const cache of this.caches) cache.reserveSlots(count)
  }

  copySlot(from: number, to: number): void {
    for (const cache of this.caches) cache.copySlot(from, to)
  }

  readPage(page: number): Uint8Array {
    const all = new Uint8Array(this.pageBytes)
    this.caches.reduce((at, cache) => {
      const bytes = cache.pageBytes(page)
      all.set(bytes, at)
      return at + bytes.length
    }, 0)
    return all
  }

  writePage(page: number, all: Uint8Array): void {
    invariant(all.length === this.pageBytes, 'a cache page of another form')
    this.caches.reduce((at, cache) => {
      const bytes = cache.pageBytes(page)
      bytes.set(all.subarray(at, at + bytes.length))
      return at + bytes.length
    }, 0)
  }

  submit(step: Step): Ticket {
    const done = this.step(step)
    const own = this.steps
    return { done, cancel: () => own === this.steps && this.running && this.setCancelled(true) }
  }

  submitDraft(step: DraftStep): Ticket {
    return { done: this.draft(step) }
  }

  private async step(step: Step): Promise<StepResult> {
    invariant(this.slotBytes === 0 || step.slots?.length === step.pageTables.length, 'a slot for each sequence')
    await this.compute(step, () => this.pool.run())
    const rows = this.rowsOf(step, this.layout.logits)
    const tied = this.findTied(step)
    return this.exact ? { rows, tiedFrom: tied } : { rows, unsharedFrom: tied }
  }

  private async draft(step: DraftStep): Promise<StepResult> {
    const { draft } = this.layout
    invariant(draft, 'the program has no draft')
    const rowBytes = this.program.draft!.hidden.width * 4
    for (const { bank, address } of draft.hidden) {
      const bytes = new Uint8Array(this.memories[bank]!.buffer, address)
      // Rows only move down.
      step.hiddenRows.forEach((row, t) => bytes.copyWithin(t * rowBytes, row * rowBytes, (row + 1) * rowBytes))
    }
    const { bank, matrix, descriptor } = draft.head
    const vocab = step.vocab ?? this.program.vocabSize
    writeFirstRows(this.memories[bank]!.buffer, matrix, vocab, descriptor)
    await this.compute(step, () => this.pool.draft())
    return { rows: this.rowsOf(step, draft.logits, vocab) }
  }

  /** @param vocab tokens that have logits, the first ones */
  private rowsOf(step: Step, at: Layout['logits'], vocab = this.program.vocabSize): RowResult[] {
    const count = step.logitRows.length
    const { vocabSize } = this.program
    const logits = new Float32Array(this.memories[at.bank]!.buffer, at.address, count * vocabSize)
    const states = this.layout.finalHidden
    const hidden = (row: number): Float32Array => {
      invariant(states, 'a program without final states')
      const all = new Float32Array(this.memories[states.bank]!.buffer, states.address, count * states.width)
      return rowOf(all, row, states.width)
    }
    return rowResults(step, { logits: (row) => rowOf(logits, row, vocabSize).subarray(0, vocab), hidden }, this.choose)
  }

  private async compute(step: Step, run: () => Promise<void>): Promise<void> {
    invariant(!this.running, 'two steps at a time')
    const ends = textLengthsOf(step)
    this.check(step, ends)
    this.running = true
    this.steps++
    try {
      // What all banks are given is worked out once.
      const angles = this.program.ropeTables.map((table) => {
        const values = new Float32Array(step.tokens.length * 2 * table.invFreq.length)
        return writeAngles(table, step.positions, values)
      })
      this.layout.banks.forEach((_, bank) => this.writeStep(bank, step, ends, angles))
      await run()
      if (this.cancelled) throw new StepCancelled()
    } finally {
      this.running = false
      if (this.cancelled) this.setCancelled(false)
    }
  }

  /** Threads look at it wherever they meet. */
  private setCancelled(cancelled: boolean): void {
    this.cancelled = cancelled
    for (const { buffer } of this.memories)
      Atomics.store(new Int32Array(buffer, CONTROL_BLOCK.cancelAsked, 1), 0, cancelled ? 1 : 0)
  }

  private findTied(step: Step): number[] {
    const ties = this.layout.banks.map((bank, i) => this.tiesOf(bank, this.memories[i]!.buffer, step))
    return firstTied(step, (t) => ties.some((flags) => flags[t] === 1))
  }

  /** Whether no kernel wrote past the end of its thread's scratch. */
  keptToScratch(): boolean {
    return this.layout.canaries.every((addresses, bank) =>
      addresses.every((address) => new Int32Array(this.memories[bank]!.buffer, address, 1)[0] === CANARY),
    )
  }

  private tiesOf(bank: BankLayout, buffer: ArrayBufferLike, { tokens }: Step): Int32Array {
    return new Int32Array(buffer, bank.tiesAddress, tokens.length)
  }

  async readSpeed(): Promise<number> {
    invariant(!this.running, 'a step is running')
    const bytes = this.layout.banks.reduce((sum, { probe }) => sum + probe.bytes, 0)
    return fastestRead(bytes, async (kernel) => {
      this.layout.banks.forEach(({ probe }, i) =>
        writeSpan(this.memories[i]!, probe.record, kernel, probe.address, probe.bytes),
      )
      await this.pool.probe()
    })
  }

  async takeProfile(): Promise<OpTimes[]> {
    if (!this.profiled) return []
    return this.layout.banks.flatMap((bank, i) => {
      const threads = Array.from({ length: this.threads }, (_, thread) => {
        const bytes = timesBytes(bank.nRecords)
        return new Float64Array(this.memories[i]!.buffer, bank.timesAddress + thread * bytes, bytes / 8)
      })
      const column = (at: number): number[] => threads.map((times) => times[at]!)
      const rows = [...this.layout.names[i]!, 'end of step'].map((name, op) => {
        return { name, wait: column(op * 2), work: column(op * 2 + 1) }
      })
      for (const times of threads) times.fill(0)
      return rows
    })
  }

  async close(): Promise<void> {
    await this.pool.close()
    const bytes = this.memories.reduce((sum, { buffer }) => sum + buffer.byteLength, 0)
    // A closed engine that somebody still has frees its weights all the same.
    this.memories = []
    this.caches = []
    await collectMemories(bytes)
  }

  private check(step: Step, ends: Int32Array): void {
    const { vocabSize } = this.program
    invariant(step.tokens.length > 0 && step.tokens.length <= this.stepTokens, `a step of ${step.tokens.length} tokens`)
    invariant(step.logitRows.length <= this.maxLogitRows, `a step with ${step.logitRows.length} rows of logits`)
    const longest = longestText(this.program)
    invariant(
      ends.every((end, t) => step.positions[t]! < end && end <= longest),
      `a text of more than ${longest} tokens, or one that ends before its token`,
    )
    for (const id of step.tokens)
      if (id < 0 || id >= vocabSize)
        throw new UserError(
          `token id ${id}: expected 0 to ${vocabSize - 1}, the model's vocabulary`,
          'invalid_argument',
        )
  }

  private writeStep(index: number, step: Step, ends: Int32Array, angles: readonly Float32Array[]): void {
    const bank = this.layout.banks[index]!
    const { buffer } = this.memories[index]!
    const cache = this.caches[index]!
    writeHeader(buffer, {
      stepTokens: step.tokens.length,
      stepLogitRows: step.logitRows.length,
      tokens: bank.tokensAddress,
      positions: bank.positionsAddress,
      sequences: bank.sequencesAddress,
      logitRows: bank.logitRowsAddress,
      pageTables: bank.tablePointersAddress,
      pool: bank.poolAddress,
      pageBytes: bank.pageBytes,
      slots: bank.slotPointersAddress,
      ends: bank.endsAddress,
      ties: bank.tiesAddress,
    })
    const ints = (address: number, values: Int32Array): void =>
      new Int32Array(buffer, address, values.length).set(values)
    ints(bank.tokensAddress, step.tokens)
    ints(bank.positionsAddress, step.positions)
    ints(bank.sequencesAddress, step.sequences)
    ints(bank.endsAddress, ends)
    this.tiesOf(bank, buffer, step).fill(0)
    ints(bank.logitRowsAddress, step.logitRows)
    let table = 0
    const pointers = new Int32Array(buffer, bank.tablePointersAddress, step.pageTables.length)
    step.pageTables.forEach((pages, s) => {
      invariant(table + pages.length <= PAGE_TABLE_ENTRIES, 'too many cache pages in one step')
      pointers[s] = bank.tablesAddress + table * 4
      ints(bank.tablesAddress + table * 4, cache.pageNumbers(pages))
      table += pages.length
    })
    // A draft has no recurrent layers.
    if (bank.slotBytes > 0 && step.slots) {
      ints(
        bank.slotPointersAddress,
        step.slots.map((slot) => cache.slotAddress(slot)),
      )
    }
    bank.ropeAddresses.forEach((address, i) => new Float32Array(buffer, address, angles[i]!.length).set(angles[i]!))
    resetCounters(buffer, bank.recordsAddress, bank.nRecords)
  }
}
