import type { CacheFormat } from '../../formats/cache-format.js'
import { invariant } from '../../../errors.js'
import type { Activation, HeadView, Value, View, Weight } from '../../../graph/ops.js'
import { PANEL_BLOCK_BYTES, X_BLOCK_BYTES, type KernelName } from '../../cpu/records.js'
import type { PlacedWeight } from '../../formats/weights.js'

/** Memory of an activation or a temporary: `rowBytes` for each of T (or R) times `multiple` rows. */
export interface Buffer {
  readonly rowBytes: number
  readonly rows: 'T' | 'R'
  readonly multiple: number
  /** Bytes besides the rows (tables). */
  readonly extra: number
  readonly name: string
}

/** Where a record's words point: a buffer's bytes at an offset; resolved when addresses are known. */
export interface BufferAt {
  readonly buffer: Buffer
  readonly offset: number
}

/** A word of a record: a number, the bits of a float, an address to come. */
export type Word =
  | number
  | { f32: number }
  | BufferAt
  | { rope: number }
  | { pageOffset: number; values: boolean }
  | { slotOffset: number }
  | { descriptor: PlacedWeight }
  | { data: PlacedWeight }
  | { pointers: PlacedWeight[]; to: 'descriptors' | 'data' }

/** One record to be, in one bank. Words start at word 5 of the record. */
export interface LoweredOp {
  readonly kernel: KernelName
  /** For people: the kernel and its weight. */
  readonly name: string
  readonly bank: number
  readonly rows: 'T' | 'R'
  readonly multiple: number
  readonly words: readonly Word[]
  readonly reads: readonly (Buffer | string)[]
  readonly writes: readonly (Buffer | string)[]
}

/** Collects kernel records, with the buffers that they work on and quantised copies of activations. */
export class Lowering {
  readonly ops: LoweredOp[] = []
  private readonly buffers = new Map<string, Buffer>()
  /** Quantised copies of a buffer's columns, by `offset:width`, until the buffer is written again. */
  private readonly quantized = new Map<Buffer, Map<string, Buffer>>()

  constructor(
    private readonly weights: ReadonlyMap<string, PlacedWeight>,
    private readonly integers: boolean,
    readonly cache: CacheFormat,
  ) {}

  /** What kernels are told of the cache: see kernels/cpu/attention.ts. */
  get cacheKind(): number {
    return { f32: 0, f16: 1, q8: 2 }[this.cache]
  }

  /** The buffer of a value in a bank; a value that crosses has one in each. */
  bufferOf(value: Value, bank: number): Buffer {
    const key = `${value.id}@${bank}`
    let buffer = this.buffers.get(key)
    if (!buffer) {
      buffer = { rowBytes: value.width * 4, rows: value.rows, multiple: 1, extra: 0, name: `value ${value.id}` }
      this.buffers.set(key, buffer)
    }
    return buffer
  }

  /** int8 copy of a view, made once for all the matrices that read it. */
  quantize(x: View, bank: number): Buffer {
    const source = this.bufferOf(x.value, bank)
    let copies = this.quantized.get(source)
    if (!copies) this.quantized.set(source, (copies = new Map<string, Buffer>()))
    const key = `${x.offset}:${x.width}`
    let copy = copies.get(key)
    if (!copy) copies.set(key, (copy = this.quantizeBuffer(source, at(source, x.offset * 4), x.width, 1, bank)))
    return copy
  }

  quantizeBuffer(source: Buffer, from: BufferAt, width: number, multiple: number, bank: number): Buffer {
    const buffer = {
      rowBytes: Math.ceil(width / 32) * X_BLOCK_BYTES,
      rows: source.rows,
      multiple,
      extra: 0,
      name: `int8 of ${source.name}`,
    }
    const words = [from, source.rowBytes, at(buffer), buffer.rowBytes, width]
    this.push('quantize', bank, buffer, multiple, words, [source], [buffer])
    return buffer
  }

  isInteger(placed: PlacedWeight): boolean {
    return this.integers && PANEL_BLOCK_BYTES[placed.format] !== undefined
  }

  weight(name: string): PlacedWeight {
    const placed = this.weights.get(name)
    invariant(placed, `weight ${name} was not placed`)
    return placed
  }

  descriptor(weight: Weight): Word {
    return { descriptor: this.weight(weight.name) }
  }

  /** Address of a vector's values; 0 where there is none. */
  dataOf(weight: Weight | undefined): Word {
    return weight ? { data: this.weight(weight.name) } : 0
  }

  view(x: View, bank: number): Word[] {
    const buffer = this.bufferOf(x.value, bank)
    return [at(buffer, x.offset * 4), buffer.rowBytes]
  }

  head(x: HeadView, bank: number): Word[] {
    const buffer = this.bufferOf(x.value, bank)
    return [at(buffer, x.offset * 4), buffer.rowBytes]
  }

  elementwise(kernel: KernelName, bank: number, x: View, words: Word[], reads: View[], out: View): void {
    const buffer = this.bufferOf(out.value, bank)
    invariant(x.value.rows === out.value.rows, `${kernel} mixes T and R rows`)
    this.push(
      kernel,
      bank,
      buffer,
      1,
      words,
      reads.map((v) => this.bufferOf(v.value, bank)),
      [buffer],
    )
  }

  pushHeads(kernel: KernelName, bank: number, words: Word[], x: HeadView, out: HeadView): void {
    const buffer = this.bufferOf(out.value, bank)
    this.push(kernel, bank, buffer, 1, words, [this.bufferOf(x.value, bank)], [buffer])
  }

  push(
    kernel: KernelName,
    bank: number,
    rowsLike: Buffer,
    multiple: number,
    words: readonly Word[],
    reads: readonly (Buffer | string)[],
    writes: readonly (Buffer | string)[],
  ): void {
    const name = [kernel, ...words.map(weightName)].filter(Boolean).join(' ')
    this.ops.push({ kernel, name, bank, rows: rowsLike.rows, multiple, words, reads, writes })
    for (const write of writes) if (typeof write !== 'string') this.quantized.delete(write)
  }
}

/** The weight that a word refers to, without the numbers of layers and experts. */
function weightName(word: Word): string {
  if (typeof word === 'number') return ''
  const placed = 'descriptor' in word ? word.descriptor : 'pointers' in word ? word.pointers[0] : undefined
  return placed?.weight.name.replace(/\.\d+\b/g, '') ?? ''
}

export function at(buffer: Buffer, offset = 0): BufferAt {
  return { buffer, offset }
}

export function temporary(name: string, rowBytes: number, extra: number, multiple = 1): Buffer {
  return { rowBytes, rows: 'T', multiple, extra, name }
}

/** Code, alpha, limit, offset of up; see kernels/cpu/elementwise.ts. */
export function activationWords(activation: Activation): Word[] {
  if (activation === 'silu') return [0, 0, 0, 0]
  if (activation === 'gelu_tanh') return [1, 0, 0, 0]
  if (activation === 'situ') return [3, 0, 0, 0]
  const { alpha, limit, upOffset } = activation
  return [2, { f32: alpha }, { f32: limit }, { f32: upOffset }]
}
