import { allOps, finalHidden, type Program } from '../../graph/program.js'
import type { Op, Value } from '../../graph/ops.js'
import { invariant } from '../../errors.js'
import type { Steps } from '../../slices.js'
import { align } from '../align.js'
import { PAGE_SIZE, type BackendOptions } from '../backend.js'
import { CANARY, CONTROL_BLOCK, RECORD_BYTES } from '../contract.generated.js'
import { statePageBytes, type CacheFormat } from '../formats/cache-format.js'
import type { PlannedWeight } from '../formats/weights.js'
import type { Buffer, Call } from '../plan/calls.js'
import { gatesOf, lowerGate } from '../plan/lower/gates.js'
import { lowerOp } from '../plan/lower/lower.js'
import type { Lowering } from '../plan/lower/lowering.js'
import { findCrossings, assignBuffers } from '../plan/buffer-assignment.js'
import type { BankAssignment } from './banks.js'
import type { BankLayout } from './bank-layout.js'
import { listsOf, pageOffsetsOf, recurrentBytes, slotOffsetsOf, writeCalls, type Places } from './place-calls.js'
import type { PlacedWeight } from './places.js'
import { DESCRIPTOR_BYTES } from './records.js'
import { scratchBytes } from './scratch.js'
import { segmentsOf } from './segments.js'
import type { Segment } from './threads.js'

/** Page-table entries of all sequences of a step. */
export const PAGE_TABLE_ENTRIES = 1 << 16

export interface Layout {
  readonly banks: readonly BankLayout[]
  readonly segments: readonly Segment[]
  /** Bytes from one thread's scratch to the next. */
  readonly scratchBytes: number
  /** Of each bank, the word after each thread's scratch, which no kernel may write. */
  readonly canaries: readonly (readonly number[])[]
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
    /** The matrix that its logits come from, and the descriptor that its record names: of as many of its rows as a step asks for. */
    readonly head: { readonly bank: number; readonly matrix: number; readonly descriptor: number }
  }
}

/** A layout, and what knows all that lies in it: not to be kept. */
export interface NewLayout extends Layout {
  /** Writes records and pointer lists into fresh memories. */
  readonly write: (memories: readonly WebAssembly.Memory[]) => Steps<void>
}

/** After each thread's scratch: its canary, in cache lines that no thread writes. */
const SPARE_BYTES = 256

/** Ops that are lowered without a pause. */
const OPS_AT_ONCE = 64

/** Where something lies: a bank and an address in it. */
type InBank = Layout['logits']

/** Decides every address: step data, records, pointer lists, weights, activations, scratch, and then cache pages. */
export function* layOut(
  lowering: Lowering,
  weights: ReadonlyMap<string, PlacedWeight>,
  plan: BankAssignment,
  nThreads: number,
  options: BackendOptions,
): Steps<NewLayout> {
  const { program } = plan
  const firstCalls = yield* lowerAll(lowering, plan)
  const { calls, cache } = lowering
  const draftFrom = firstCalls[program.ops.length] ?? calls.length
  const results = resultsOf(program, calls, draftFrom)
  const keep = results.map(({ value, bank }) => lowering.bufferOf(value, bank))
  const crossings = findCrossings(program, plan.bankOf, lowering, firstCalls)
  const sizeOf = (b: Buffer): number =>
    b.extra + b.rowBytes * b.multiple * (b.rows === 'T' ? options.stepTokens : options.maxLogitRows)
  yield
  const memory = assignBuffers(calls, crossings, plan.count, sizeOf, keep)
  const scratch = scratchBytes(program, weights, cache, longestText(program))
  const threadBytes = align(scratch) + SPARE_BYTES
  const lists = new Map<readonly PlannedWeight[], number>()
  const placed: ReturnType<typeof placeBank>[] = []
  for (const [bank, activationBytes] of memory.bytes.entries()) {
    const own = calls.filter((call) => call.bank === bank)
    const inBank = [...weights.values()].filter((w) => w.bank === bank)
    const contents = { calls: own, weights: inBank, lists, cache, options, activationBytes, threadBytes, nThreads }
    placed.push(placeBank(bank, plan, contents))
    yield
  }
  const banks = placed.map(({ layout }) => layout)
  const addressOf = (buffer: Buffer, bank: number): number => placed[bank]!.activations + memory.offsets.get(buffer)!
  const draftHead = program.draft && calls.findLast(({ kernel }) => kernel === 'linear')
  const places: Places = {
    ...{ weights, banks, lists, addressOf, sizeOf, draftHead },
    pages: pageOffsetsOf(program, plan, cache),
    slots: slotOffsetsOf(program, plan),
  }
  const canaries = banks.map(({ scratchAddress }) =>
    Array.from({ length: nThreads }, (_, thread) => scratchAddress + thread * threadBytes + scratch),
  )
  const { step, draft } = segmentsOf(calls, draftFrom, crossings, banks, addressOf)
  const [logits, draftLogits, final] = (['logits', 'draft', 'hidden'] as const).map((name): InBank | undefined => {
    const i = results.findIndex((result) => result.name === name)
    return i < 0 ? undefined : { bank: results[i]!.bank, address: addressOf(keep[i]!, results[i]!.bank) }
  })
  const hidden = banks.flatMap((_, bank) => {
    const buffer = program.draft && lowering.bufferOf(program.draft.hidden, bank)
    return buffer && memory.offsets.has(buffer) ? [{ bank, address: addressOf(buffer, bank) }] : []
  })
  return {
    banks,
    segments: step,
    ...(draftLogits && { draft: { segments: draft, hidden, logits: draftLogits, head: headOf(draftHead, places) } }),
    canaries,
    scratchBytes: threadBytes,
    names: banks.map((_, bank) => calls.filter((call) => call.bank === bank).map((call) => call.name)),
    logits: logits!,
    ...(final && { finalHidden: { ...final, width: finalHidden(program)!.width } }),
    *write(memories) {
      for (const [bank, m] of memories.entries()) {
        const own = calls.filter((call) => call.bank === bank)
        yield* writeCalls(m, bank, own, [...step, ...draft], places)
        for (const address of canaries[bank]!) new Int32Array(m.buffer, address, 1)[0] = CANARY
      }
    },
  }
}

/** Lowers all ops; returns the first call of each. */
function* lowerAll(lowering: Lowering, { program, bankOf }: BankAssignment): Steps<number[]> {
  const firstCalls: number[] = []
  const gates = gatesOf(program, bankOf, lowering)
  const inGates = new Set<Op>([...gates.values()].flatMap(({ gate, up }) => [gate, up]))
  for (const [i, { op }] of allOps(program).entries()) {
    firstCalls.push(lowering.calls.length)
    const gate = gates.get(op)
    if (gate) lowerGate(gate, bankOf[i]!, lowering)
    else if (!inGates.has(op)) lowerOp(op, bankOf[i]!, lowering)
    if ((i + 1) % OPS_AT_ONCE === 0) yield
  }
  return firstCalls
}

/** Values that are read when a step has ended, with their banks. */
function resultsOf(
  program: Program,
  calls: readonly Call[],
  draftFrom: number,
): { name: 'logits' | 'draft' | 'hidden'; value: Value; bank: number }[] {
  const { bank } = calls[draftFrom - 1]!
  const final = finalHidden(program)
  return [
    { name: 'logits', value: program.logits, bank },
    ...(program.draft ? [{ name: 'draft' as const, value: program.draft.logits, bank: calls.at(-1)!.bank }] : []),
    ...(final ? [{ name: 'hidden' as const, value: final, bank }] : []),
  ]
}

function headOf(call: Call | undefined, { banks, weights }: Places): NonNullable<Layout['draft']>['head'] {
  const operand = call?.weights['matrix']
  invariant(call && operand && 'weight' in operand, 'a draft without a head')
  const matrix = weights.get(operand.weight.name)!.descriptor
  return { bank: call.bank, matrix, descriptor: banks[call.bank]!.draftHeadAddress }
}

/** What lies in one bank. */
interface BankContents {
  readonly calls: readonly Call[]
  /** They get their places. */
  readonly weights: readonly PlacedWeight[]
  /** Gets the places of the lists of pointers. */
  readonly lists: Map<readonly PlannedWeight[], number>
  readonly cache: CacheFormat
  readonly options: BackendOptions
  readonly activationBytes: number
  /** Scratch of one thread. */
  readonly threadBytes: number
  readonly nThreads: number
}

/** Addresses inside one bank, in the order in which they lie. */
function placeBank(
  bank: number,
  plan: BankAssignment,
  { calls, weights, lists, cache, options, activationBytes, threadBytes, nThreads }: BankContents,
): { readonly layout: BankLayout; readonly activations: number } {
  const { program } = plan
  const { stepTokens, maxLogitRows } = options
  let next: number = CONTROL_BLOCK.end
  const take = (bytes: number): number => {
    const address = next
    next = align(next + bytes)
    return address
  }
  const stepData = {
    tokensAddress: take(stepTokens * 4),
    positionsAddress: take(stepTokens * 4),
    sequencesAddress: take(stepTokens * 4),
    endsAddress: take(stepTokens * 4),
    tiesAddress: take(stepTokens * 4),
    logitRowsAddress: take(maxLogitRows * 4),
    tablePointersAddress: take(stepTokens * 4),
    slotPointersAddress: take(stepTokens * 4),
    tablesAddress: take(PAGE_TABLE_ENTRIES * 4),
    ropeAddresses: program.ropeTables.map((table) => take(stepTokens * table.invFreq.length * 8)),
  }
  const recordsAddress = take(calls.length * RECORD_BYTES)
  const probeRecord = take(RECORD_BYTES)
  const draftHeadAddress = take(DESCRIPTOR_BYTES)
  const weightsAddress = next
  for (const placed of weights) {
    placed.descriptor = take(DESCRIPTOR_BYTES)
    placed.data = take(placed.bytes)
  }
  const probe = { record: probeRecord, address: weightsAddress, bytes: next - weightsAddress }
  for (const list of calls.flatMap(listsOf)) lists.set(list, take(list.length * 4))
  const activations = take(activationBytes)
  const scratchAddress = take(threadBytes * nThreads)
  const timesAddress = take(timesBytes(calls.length) * nThreads)
  const pages = plan.states[bank]!.map((id) => statePageBytes(program.states[id]!, cache))
  const layout = {
    ...{ ...stepData, recordsAddress, nRecords: calls.length, probe, draftHeadAddress, scratchAddress, timesAddress },
    poolAddress: next,
    pageBytes: pages.reduce((sum, { keys, values }) => sum + keys + values, 0),
    slotBytes: plan.recurrents[bank]!.reduce((sum, id) => sum + recurrentBytes(program, id), 0),
  }
  return { layout, activations }
}

/** Most tokens of a sequence: those of the model's context, as far as page tables reach. */
export function longestText({ contextLength }: Program): number {
  return Math.min(contextLength, PAGE_TABLE_ENTRIES * PAGE_SIZE)
}

/** Bytes of one thread's times for `nRecords` calls and the end. */
export function timesBytes(nRecords: number): number {
  return (nRecords + 1) * 16
}
