import { invariant } from '../../errors.js'
import { allOps, finalHidden, type Program } from '../../graph/program.js'
import { PAGE_SIZE, type BackendOptions } from '../backend.js'
import type { BankPlan } from './banks.js'
import { lowerOp } from '../plan/lower/lower.js'
import { deltaBytes } from '../plan/lower/recurrent.js'
import { sparseBytes } from '../plan/lower/sparse.js'
import { statePageBytes, type CacheFormat } from '../formats/cache-format.js'
import { type Buffer, type LoweredOp, type Lowering, type Word } from '../plan/lower/lowering.js'
import { HazardTracker, findCrossings, planMemory } from '../plan/memory-plan.js'
import {
  BARRIER_BEFORE,
  CHUNK_COLUMNS,
  DESCRIPTOR_BYTES,
  FIRST_FREE_ADDRESS,
  OPCODES,
  PANEL_BLOCK_BYTES,
  RECORD_BYTES,
  STEP_ADDRESS,
} from './records.js'
import type { BankCopy, Segment } from './threads.js'
import { align, type PlacedWeight } from '../formats/weights.js'

/** Page-table entries of all sequences of a step. */
export const PAGE_TABLE_ENTRIES = 1 << 16

/** Addresses inside one bank's memory. */
export interface BankLayout {
  readonly tokensAddress: number
  readonly positionsAddress: number
  readonly sequencesAddress: number
  readonly endsAddress: number
  readonly tiesAddress: number
  readonly logitRowsAddress: number
  readonly tablePointersAddress: number
  readonly tablesAddress: number
  /** Per rope table: [T][cos, sin]. */
  readonly ropeAddresses: readonly number[]
  readonly recordsAddress: number
  readonly nRecords: number
  /** A record beside the step's, for what is done to the memory of all weights: making it (fresh-pages.ts), or only reading it. */
  readonly probe: { readonly record: number; readonly address: number; readonly bytes: number }
  readonly scratchAddress: number
  /** f64 [thread][nRecords + 1][waited, worked]; see kernels/cpu/index.ts. */
  readonly timesAddress: number
  /** [sequences] addresses of slots. */
  readonly slotPointersAddress: number
  /** Cache pages and slots of recurrent states begin here; the memory grows by them. */
  readonly poolAddress: number
  readonly pageBytes: number
  readonly slotBytes: number
}

export interface Layout {
  readonly banks: readonly BankLayout[]
  readonly segments: readonly Segment[]
  readonly scratchBytes: number
  /** Names of each bank's records. */
  readonly names: readonly (readonly string[])[]
  readonly logits: { bank: number; address: number }
  /** States after the final norm, [R, width]. */
  readonly finalHidden?: { readonly bank: number; readonly address: number; readonly width: number }
  /** Where the program has one: its segments, its logits, and all places of the hidden rows. */
  readonly draft?: {
    readonly segments: readonly Segment[]
    readonly hidden: readonly { bank: number; address: number }[]
    readonly logits: { bank: number; address: number }
  }
  /** Writes records and pointer lists into fresh memories. */
  write(memories: readonly WebAssembly.Memory[]): void
}

/** Decides every address: step data, records, pointer lists, weights, activations, scratch, and then cache pages. */
export function layOut(
  lowering: Lowering,
  weights: ReadonlyMap<string, PlacedWeight>,
  plan: BankPlan,
  nThreads: number,
  options: BackendOptions,
): Layout {
  const { stepTokens, maxLogitRows } = options
  const { program } = plan
  const firstLowered: number[] = []
  allOps(program).forEach(({ op }, i) => {
    firstLowered.push(lowering.ops.length)
    lowerOp(op, plan.bankOf[i]!, lowering)
  })
  const ops = lowering.ops
  const crossings = findCrossings(program, plan.bankOf, lowering, firstLowered)
  const sizeOf = (b: Buffer): number => b.extra + b.rowBytes * b.multiple * (b.rows === 'T' ? stepTokens : maxLogitRows)
  const draftFrom = firstLowered[program.ops.length] ?? ops.length
  const ends = [{ logits: program.logits, bank: ops[draftFrom - 1]!.bank }]
  if (program.draft) ends.push({ logits: program.draft.logits, bank: ops.at(-1)!.bank })
  const keep = ends.map(({ logits, bank }) => lowering.bufferOf(logits, bank))
  const final = finalHidden(program)
  if (final) keep.push(lowering.bufferOf(final, ends[0]!.bank))
  const memory = planMemory(ops, crossings, plan.count, sizeOf, keep)

  // 4 rows of a chunk, and what routing, attention and the integer kernels keep beside
  const experts = Math.max(0, ...allOps(program).map(({ op }) => (op.op === 'route' ? op.logits.width : 0)))
  const scratchBytes =
    align(
      Math.max(
        4 * CHUNK_COLUMNS * 4,
        experts * 20,
        attentionBytes(program, lowering.cache),
        deltaBytes(program),
        sparseBytes(program, longestText(program)),
        panelBytes(weights),
      ),
    ) + 256
  const activations: number[] = []
  /** Addresses of pointer lists, by the word that asks for one. */
  const pointerLists = new Map<Word, number>()
  const banks = plan.states.map((states, bank): BankLayout => {
    let next = FIRST_FREE_ADDRESS
    const take = (bytes: number): number => {
      const address = next
      next = align(next + bytes)
      return address
    }
    const tokensAddress = take(stepTokens * 4)
    const positionsAddress = take(stepTokens * 4)
    const sequencesAddress = take(stepTokens * 4)
    const endsAddress = take(stepTokens * 4)
    const tiesAddress = take(stepTokens * 4)
    const logitRowsAddress = take(maxLogitRows * 4)
    const tablePointersAddress = take(stepTokens * 4)
    const slotPointersAddress = take(stepTokens * 4)
    const tablesAddress = take(PAGE_TABLE_ENTRIES * 4)
    const ropeAddresses = program.ropeTables.map((table) => take(stepTokens * table.invFreq.length * 8))
    const own = ops.filter((op) => op.bank === bank)
    const recordsAddress = take(own.length * RECORD_BYTES)
    const probeRecord = take(RECORD_BYTES)
    const weightsAddress = next
    for (const placed of weights.values()) {
      if (placed.bank !== bank) continue
      placed.descriptor = take(DESCRIPTOR_BYTES)
      placed.data = take(placed.bytes)
    }
    const probe = { record: probeRecord, address: weightsAddress, bytes: next - weightsAddress }
    for (const op of own)
      for (const word of op.words)
        if (typeof word === 'object' && 'pointers' in word) pointerLists.set(word, take(word.pointers.length * 4))
    activations.push(take(memory.bytes[bank]!))
    const scratchAddress = take(scratchBytes * nThreads)
    const timesAddress = take(timesBytes(own.length) * nThreads)
    const pageBytes = states.reduce((sum, id) => {
      const { keys, values } = statePageBytes(program.states[id]!, lowering.cache)
      return sum + keys + values
    }, 0)
    return {
      ...{
        tokensAddress,
        positionsAddress,
        sequencesAddress,
        endsAddress,
        tiesAddress,
        logitRowsAddress,
        tablePointersAddress,
        tablesAddress,
      },
      ...{
        ropeAddresses,
        recordsAddress,
        nRecords: own.length,
        probe,
        scratchAddress,
        timesAddress,
        slotPointersAddress,
        poolAddress: next,
        pageBytes,
        slotBytes: plan.recurrents[bank]!.reduce((sum, id) => sum + recurrentBytes(program, id), 0),
      },
    }
  })
  const addressOf = (buffer: Buffer, bank: number): number => activations[bank]! + memory.offsets.get(buffer)!
  const pageOffsets = pageOffsetsOf(program, plan, lowering.cache)
  const slotOffsets = slotOffsetsOf(program, plan)
  const { step, draft } = segmentsOf(ops, draftFrom, crossings, banks, addressOf)
  const segments = [...step, ...draft]
  const [logits, draftLogits] = ends.map(({ bank }, i) => ({ bank, address: addressOf(keep[i]!, bank) }))
  const hidden = banks.flatMap((_, bank) => {
    const buffer = program.draft && lowering.bufferOf(program.draft.hidden, bank)
    return buffer && memory.offsets.has(buffer) ? [{ bank, address: addressOf(buffer, bank) }] : []
  })
  return {
    banks,
    segments: step,
    ...(draftLogits && { draft: { segments: draft, hidden, logits: draftLogits } }),
    scratchBytes,
    names: banks.map((_, bank) => ops.filter((op) => op.bank === bank).map((op) => op.name)),
    logits: logits!,
    ...(final && {
      finalHidden: {
        bank: ends[0]!.bank,
        address: addressOf(lowering.bufferOf(final, ends[0]!.bank), ends[0]!.bank),
        width: final.width,
      },
    }),
    write(memories) {
      memories.forEach((m, bank) => {
        const resolve = (word: Word): number | { f32: number } => {
          if (typeof word === 'number' || 'f32' in word) return word
          if ('buffer' in word) return addressOf(word.buffer, bank) + word.offset
          if ('rope' in word) return banks[bank]!.ropeAddresses[word.rope]!
          if ('descriptor' in word) return word.descriptor.descriptor
          if ('data' in word) return word.data.data
          if ('pointers' in word) {
            const address = pointerLists.get(word)!
            new Uint32Array(m.buffer, address, word.pointers.length).set(
              word.pointers.map((p) => (word.to === 'data' ? p.data : p.descriptor)),
            )
            return address
          }
          if ('slotOffset' in word) return slotOffsets[word.slotOffset]!
          const page = pageOffsets[word.pageOffset]!
          return word.values ? page.values : page.keys
        }
        writeRecords(
          m,
          banks[bank]!,
          ops.filter((op) => op.bank === bank),
          resolve,
          addressOf,
          sizeOf,
          segments,
        )
      })
    },
  }
}

/** Most tokens of a sequence: those of the model's context, as far as page tables reach. */
export function longestText({ contextLength }: Program): number {
  return Math.min(contextLength, PAGE_TABLE_ENTRIES * PAGE_SIZE)
}

/** Bytes of one thread's times for `nRecords` ops and the end. */
export function timesBytes(nRecords: number): number {
  return (nRecords + 1) * 16
}

/**
 * Scratch of attention. attendRows: eight rows of scores, q and out, and a panel of four keys or eight values. attendRowsQ8: eight
 * rows of scores, out, and q in i16, the scales of a page, and eight rows of weights in i16 by block.
 */
function attentionBytes(program: Program, cache: CacheFormat): number {
  const needs = program.states.map(({ keyDim, valueDim }) => {
    if (cache === 'q8') {
      const [keys, values] = [Math.ceil(keyDim / 32), Math.ceil(valueDim / 32)]
      const scales = Math.max(keys, values) * PAGE_SIZE * 4
      return 192 + 8 * PAGE_SIZE * 4 + 8 * 32 * (values * 4 + keys * 2) + scales + 8 * values * (4 + PAGE_SIZE * 2)
    }
    const columns = Math.ceil(keyDim / 4) * 4
    const valueColumns = Math.ceil((valueDim || keyDim) / 4) * 4
    return 128 + 8 * PAGE_SIZE * 4 + 8 * (columns + valueColumns) * 4 + Math.max(4 * columns, 8 * valueColumns) * 4
  })
  return Math.max(0, ...needs)
}

/** Scratch of linear-int.ts: pointers, and sixteen unpacked rows: codes in bytes, and f32 scales. */
function panelBytes(weights: ReadonlyMap<string, PlacedWeight>): number {
  const needs = [...weights.values()].map(({ format, stored }) => {
    return Math.ceil(stored.cols / 32) * (PANEL_BLOCK_BYTES[format] ?? 0)
  })
  return 1024 + needs.reduce((a, b) => Math.max(a, b), 0)
}

/** Where a state's keys and values begin inside a page of its bank. */
function pageOffsetsOf(program: Program, plan: BankPlan, cache: CacheFormat): { keys: number; values: number }[] {
  const offsets: { keys: number; values: number }[] = []
  for (const states of plan.states) {
    let at = 0
    for (const id of states) {
      const state = program.states[id]!
      const { keys, values } = statePageBytes(state, cache)
      offsets[id] = { keys: at, values: at + keys }
      at += keys + values
    }
  }
  return offsets
}

/** Where a recurrent state begins inside a slot of its bank. */
function slotOffsetsOf(program: Program, plan: BankPlan): number[] {
  const offsets: number[] = []
  for (const recurrents of plan.recurrents) {
    let at = 0
    for (const id of recurrents) {
      offsets[id] = at
      at += recurrentBytes(program, id)
    }
  }
  return offsets
}

function recurrentBytes(program: Program, id: number): number {
  return align(program.recurrents[id]!.floats * 4)
}

/** Runs of ops in one bank, with the copies that bring their inputs: those of a step, and from op `draftFrom` on the draft's. */
function segmentsOf(
  ops: readonly LoweredOp[],
  draftFrom: number,
  crossings: ReturnType<typeof findCrossings>,
  banks: readonly BankLayout[],
  addressOf: (buffer: Buffer, bank: number) => number,
): { step: Segment[]; draft: Segment[] } {
  const [step, draft]: [Segment[], Segment[]] = [[], []]
  const done = banks.map(() => 0)
  ops.forEach((op, i) => {
    const copies = crossings
      .filter((c) => c.before === i)
      .map((c): BankCopy => {
        const rowsAt = STEP_ADDRESS + (c.from.buffer.rows === 'T' ? 0 : 4)
        const [from, to] = [addressOf(c.from.buffer, c.from.bank), addressOf(c.to.buffer, c.to.bank)]
        return { fromBank: c.from.bank, from, to, rowBytes: c.from.buffer.rowBytes, rowsAt }
      })
    const segments = i < draftFrom ? step : draft
    const current = segments.at(-1)
    if (current && current.bank === op.bank && copies.length === 0)
      segments[segments.length - 1] = { ...current, count: current.count + 1 }
    else {
      const first = done[op.bank]!
      const records = banks[op.bank]!.recordsAddress + first * RECORD_BYTES
      segments.push({ bank: op.bank, first, records, count: 1, copies })
    }
    done[op.bank]!++
  })
  return { step, draft }
}

function writeRecords(
  memory: WebAssembly.Memory,
  bank: BankLayout,
  ops: readonly LoweredOp[],
  resolve: (word: Word) => number | { f32: number },
  addressOf: (buffer: Buffer, bank: number) => number,
  sizeOf: (buffer: Buffer) => number,
  segments: readonly Segment[],
): void {
  const starts = new Set(segments.map((s) => `${s.bank}:${s.records}`))
  const hazards = new HazardTracker((b) => {
    const start = addressOf(b, ops[0]!.bank)
    return [start, start + sizeOf(b)]
  })
  ops.forEach((op, i) => {
    const address = bank.recordsAddress + i * RECORD_BYTES
    const words = new Int32Array(memory.buffer, address, RECORD_BYTES / 4)
    const floats = new Float32Array(memory.buffer, address, RECORD_BYTES / 4)
    // Threads enter a segment one by one, and others may still be copying: meet first.
    const entry = starts.has(`${op.bank}:${address}`)
    if (entry) hazards.reset()
    const barrier = hazards.needsBarrier(op) || entry
    words.set([OPCODES[op.kernel], barrier ? BARRIER_BEFORE : 0, 0, op.rows === 'T' ? 0 : 1, op.multiple])
    invariant(op.words.length + 5 <= words.length, `${op.kernel} has too many words`)
    op.words.forEach((word, w) => {
      const value = resolve(word)
      if (typeof value === 'number') words[5 + w] = value
      else floats[5 + w] = value.f32
    })
  })
}
