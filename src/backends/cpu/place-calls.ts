/** Calls as records in the banks' memories: names become addresses. */
import { invariant } from '../../errors.js'
import type { Program } from '../../graph/program.js'
import type { Steps } from '../../slices.js'
import { align } from '../align.js'
import { KERNELS, RECORD_BYTES, type KernelContract, type OperandKind, type WeightKind } from '../contract.generated.js'
import { statePageBytes, type CacheFormat } from '../formats/cache-format.js'
import type { PlannedWeight } from '../formats/weights.js'
import { type Buffer, type BufferAt, type Call, type Operand, type WeightOperand } from '../plan/calls.js'
import { HazardTracker } from '../plan/hazards.js'
import type { BankAssignment } from './banks.js'
import type { BankLayout } from './bank-layout.js'
import type { PlacedWeight } from './places.js'
import { writeRecord, type PlacedCall, type RowsAt } from './records.js'
import type { Segment } from './threads.js'

/** Addresses of what calls name, in all banks. */
export interface Places {
  readonly weights: ReadonlyMap<string, PlacedWeight>
  readonly banks: readonly BankLayout[]
  /** Of lists of pointers to the weights of experts. */
  readonly lists: ReadonlyMap<readonly PlannedWeight[], number>
  /** Of states, inside a page or a slot of their bank. */
  readonly pages: readonly { readonly keys: number; readonly values: number }[]
  readonly slots: readonly number[]
  /** Multiplies with the first rows of its matrix, whose descriptor is the bank's own. */
  readonly draftHead: Call | undefined
  addressOf(buffer: Buffer, bank: number): number
  sizeOf(buffer: Buffer): number
}

/** Calls that are written without a pause. */
const CALLS_AT_ONCE = 64

type Field = PlacedCall['fields'][string]

/** Writes a bank's calls, and the lists of pointers that they need. */
export function* writeCalls(
  memory: WebAssembly.Memory,
  bank: number,
  calls: readonly Call[],
  segments: readonly Segment[],
  places: Places,
): Steps<void> {
  const { recordsAddress } = places.banks[bank]!
  const starts = new Set(segments.filter((s) => s.bank === bank).map((s) => s.records))
  const hazards = new HazardTracker((b) => {
    const start = places.addressOf(b, bank)
    return [start, start + places.sizeOf(b)]
  })
  for (const [i, call] of calls.entries()) {
    const address = recordsAddress + i * RECORD_BYTES
    // Threads enter a segment one by one, and others may still be copying: meet first.
    const entry = starts.has(address)
    if (entry) hazards.reset()
    const barrier = hazards.needsBarrier(call) || entry
    const { weights = {} }: KernelContract = KERNELS[call.kernel]
    for (const [name, kind] of Object.entries(weights)) writeList(memory, kind, call.weights[name], places)
    writeRecord(memory.buffer, address, { ...call, fields: placedFields(call, bank, places) }, barrier)
    if ((i + 1) % CALLS_AT_ONCE === 0) yield
  }
}

/** The lists of weights that a call names, which need a place. */
export function listsOf({ weights }: Call): (readonly PlannedWeight[])[] {
  return Object.values(weights).flatMap((operand) => (operand && !('weight' in operand) ? [operand] : []))
}

function writeList(memory: WebAssembly.Memory, kind: WeightKind, operand: WeightOperand, places: Places): void {
  if (!operand || 'weight' in operand) return
  const pointers = operand.map((weight) => addressOfWeight(kind === 'matrices' ? 'matrix' : 'vector', weight, places))
  new Uint32Array(memory.buffer, places.lists.get(operand), pointers.length).set(pointers)
}

function placedFields(call: Call, bank: number, places: Places): PlacedCall['fields'] {
  const { reads, writes, weights = {} }: KernelContract = KERNELS[call.kernel]
  const operands = { ...call.reads, ...call.writes }
  const kinds = Object.entries({ ...reads, ...writes })
  const placed = kinds.map(([name, kind]): [string, Field] => [name, placedOperand(kind, operands[name], bank, places)])
  const matrices = Object.entries(weights).map(([name, kind]): [string, Field] => [
    name,
    call === places.draftHead && name === 'matrix'
      ? places.banks[bank]!.draftHeadAddress
      : placedWeight(kind, call.weights[name], places),
  ])
  return { ...call.ints, ...call.floats, ...Object.fromEntries([...placed, ...matrices]) }
}

function placedOperand(kind: OperandKind, operand: Operand, bank: number, places: Places): Field {
  const rowsAt = ({ buffer, offset }: BufferAt): RowsAt => ({
    address: places.addressOf(buffer, bank) + offset,
    rowBytes: buffer.rowBytes,
  })
  if (operand === undefined) return kind === 'rows?' ? { address: 0, rowBytes: 0 } : undefined
  if ('ropeTable' in operand) return places.banks[bank]!.ropeAddresses[operand.ropeTable]!
  if ('recurrent' in operand) return places.slots[operand.recurrent]!
  if ('state' in operand) return places.pages[operand.state]![operand.values ? 'values' : 'keys']
  if (!('buffer' in operand)) return operand.map(rowsAt)
  return kind === 'table' ? rowsAt(operand).address : rowsAt(operand)
}

function placedWeight(kind: WeightKind, operand: WeightOperand, places: Places): number {
  if (!operand) return 0
  return 'weight' in operand ? addressOfWeight(kind, operand, places) : places.lists.get(operand)!
}

function addressOfWeight(kind: WeightKind, { weight }: PlannedWeight, { weights }: Places): number {
  const placed = weights.get(weight.name)
  invariant(placed, `weight ${weight.name} has no place`)
  return kind === 'matrix' ? placed.descriptor : placed.data
}

/** Where a state's keys and values begin inside a page of its bank. */
export function pageOffsetsOf(program: Program, plan: BankAssignment, cache: CacheFormat): Places['pages'] {
  const offsets: { keys: number; values: number }[] = []
  for (const states of plan.states) {
    let at = 0
    for (const id of states) {
      const { keys, values } = statePageBytes(program.states[id]!, cache)
      offsets[id] = { keys: at, values: at + keys }
      at += keys + values
    }
  }
  return offsets
}

/** Where a recurrent state begins inside a slot of its bank. */
export function slotOffsetsOf(program: Program, plan: BankAssignment): number[] {
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

export function recurrentBytes(program: Program, id: number): number {
  return align(program.recurrents[id]!.floats * 4)
}
