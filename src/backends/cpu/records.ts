/** Calls as the records that the kernels read, and matrices as descriptors: named fields to words, by kernels/contract.ts. */
import { invariant } from '../../errors.js'
import {
  BARRIER_BEFORE,
  DESCRIPTOR,
  KERNELS,
  KERNEL_FORMATS,
  RECORD_BYTES,
  RECORD_HEADER,
  STEP_HEADER,
  CONTROL_BLOCK,
  recordFields,
  type KernelFormat,
  type KernelName,
  type RecordField,
} from '../contract.generated.js'

const FIELDS = new Map<string, readonly RecordField[]>()

function fieldsOf(kernel: KernelName): readonly RecordField[] {
  let fields = FIELDS.get(kernel)
  if (!fields) FIELDS.set(kernel, (fields = recordFields(KERNELS[kernel])))
  return fields
}

/** Rows of a buffer in memory. */
export interface RowsAt {
  readonly address: number
  readonly rowBytes: number
}

/** A record with all addresses: fields by their names. What may be absent is undefined; a table, a state or a weight is an address. */
export interface PlacedCall {
  readonly kernel: KernelName
  readonly rows: 'T' | 'R'
  readonly multiple: number
  readonly fields: Readonly<Record<string, number | RowsAt | readonly RowsAt[] | undefined>>
}

/** @param barrier - whether all threads meet before it. */
export function writeRecord(buffer: ArrayBufferLike, address: number, call: PlacedCall, barrier: boolean): void {
  const { kernel, rows, multiple, fields } = call
  const words = new Int32Array(buffer, address, RECORD_BYTES / 4)
  const floats = new Float32Array(buffer, address, RECORD_BYTES / 4)
  const header: Record<(typeof RECORD_HEADER)[number], number> = {
    opcode: KERNELS[kernel].opcode,
    flags: barrier ? BARRIER_BEFORE : 0,
    counter: 0,
    rowKind: rows === 'T' ? 0 : 1,
    multiple,
  }
  words.set(RECORD_HEADER.map((name) => header[name]))
  for (const { name, kind, word } of fieldsOf(kernel)) {
    invariant(name in fields, `${kernel} without ${name}`)
    const value = fields[name]
    if (kind === 'float') floats[word] = value as number
    else words.set(wordsOf(value), word)
  }
}

function wordsOf(value: PlacedCall['fields'][string]): readonly number[] {
  if (value === undefined) return [0]
  if (typeof value === 'number') return [value]
  if ('address' in value) return [value.address, value.rowBytes]
  return [value.length, ...value.flatMap(({ address, rowBytes }) => [address, rowBytes])]
}

/** A number that a kernel left in its record. */
export function recordWord(buffer: ArrayBufferLike, address: number, kernel: KernelName, name: string): number {
  const field = fieldsOf(kernel).find((one) => one.name === name)
  invariant(field, `${kernel} without ${name}`)
  return new Int32Array(buffer, address, RECORD_BYTES / 4)[field.word]!
}

/** Sets the work counters of `count` records to zero. */
export function resetCounters(buffer: ArrayBufferLike, address: number, count: number): void {
  const step = RECORD_BYTES / 4
  const words = new Int32Array(buffer, address, count * step)
  for (let i = RECORD_HEADER.indexOf('counter'); i < words.length; i += step) words[i] = 0
}

/** Writes a record for a kernel that goes over `bytes` bytes of memory from `address` on. */
export function writeSpan(
  { buffer }: WebAssembly.Memory,
  record: number,
  kernel: 'readMemory' | 'readPages' | 'touchPages',
  address: number,
  bytes: number,
): void {
  writeRecord(buffer, record, { kernel, rows: 'T', multiple: 1, fields: { address, bytes } }, false)
}

/** Writes a step's header: counts, and addresses. */
export function writeHeader(buffer: ArrayBufferLike, header: Readonly<Record<keyof typeof STEP_HEADER, number>>): void {
  const names = Object.keys(STEP_HEADER) as (keyof typeof STEP_HEADER)[]
  new Uint32Array(buffer, CONTROL_BLOCK.step, names.length).set(names.map((name) => header[name]))
}

/** Address of a word of a step's header. */
export function headerAddress(name: keyof typeof STEP_HEADER): number {
  return CONTROL_BLOCK.step + Object.keys(STEP_HEADER).indexOf(name) * 4
}

/** Bytes of a descriptor. */
export const DESCRIPTOR_BYTES = Object.keys(DESCRIPTOR).length * 4

/** Writes the descriptor of the first `rows` rows of a matrix that has one at `from`. */
export function writeFirstRows(buffer: ArrayBufferLike, from: number, rows: number, to: number): void {
  const words = new Int32Array(buffer, to, DESCRIPTOR_BYTES / 4)
  words.set(new Int32Array(buffer, from, words.length))
  words[Object.keys(DESCRIPTOR).indexOf('rows')] = rows
}

/** A matrix in a bank's memory; what a format has no use for is 0. See kernels/contract.ts. */
export type Descriptor = { readonly format: KernelFormat } & {
  readonly [Name in Exclude<keyof typeof DESCRIPTOR, 'format'>]?: number
}

export function writeDescriptor(buffer: ArrayBufferLike, address: number, descriptor: Descriptor): void {
  const words = new Uint32Array(buffer, address, DESCRIPTOR_BYTES / 4)
  const floats = new Float32Array(buffer, address, DESCRIPTOR_BYTES / 4)
  const values = { ...descriptor, format: KERNEL_FORMATS[descriptor.format].code }
  Object.entries(DESCRIPTOR).forEach(([name, kind], i) => {
    const value = values[name as keyof typeof DESCRIPTOR] ?? 0
    if (kind === 'float') floats[i] = value
    else words[i] = value
  })
}
