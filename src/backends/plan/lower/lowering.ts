import { invariant } from '../../../errors.js'
import type { Activation, HeadView, Value, View, Weight } from '../../../graph/ops.js'
import {
  ACTIVATION,
  CACHE,
  KERNELS,
  X_BLOCK_BYTES,
  X_OUTLIER_BYTES,
  type KernelContract,
  type KernelName,
  type WeightKind,
} from '../../contract.generated.js'
import type { CacheFormat } from '../../formats/cache-format.js'
import { isBlocks, type PlannedWeight } from '../../formats/weights.js'
import {
  memoryOf,
  type AnyFields,
  type Buffer,
  type BufferAt,
  type Call,
  type CallFields,
  type WeightOperand,
} from '../calls.js'

/** Collects calls, with the buffers that they work on and quantised copies of activations. */
export class Lowering {
  readonly calls: Call[] = []
  /** The memory in which the op runs that is being lowered. */
  bank = 0
  private readonly buffers = new Map<string, Buffer>()
  /** Quantised copies of a buffer's columns, by `offset:width`, until the buffer is written again. */
  private readonly quantized = new Map<Buffer, Map<string, Buffer>>()

  constructor(
    private readonly weights: ReadonlyMap<string, PlannedWeight>,
    private readonly integers: boolean,
    readonly cache: CacheFormat,
  ) {}

  /** The code of what cache pages hold. */
  get cacheKind(): number {
    return CACHE[this.cache]
  }

  /** The buffer of a value in a memory; a value that crosses has one in each. */
  bufferOf(value: Value, bank = this.bank): Buffer {
    const key = `${value.id}@${bank}`
    let buffer = this.buffers.get(key)
    if (!buffer) {
      buffer = { rowBytes: value.width * 4, rows: value.rows, multiple: 1, extra: 0, name: `value ${value.id}` }
      this.buffers.set(key, buffer)
    }
    return buffer
  }

  whole(value: Value): BufferAt {
    return at(this.bufferOf(value))
  }

  view(x: View | HeadView): BufferAt {
    return at(this.bufferOf(x.value), x.offset * 4)
  }

  /**
   * int8 copy of a view, made once for all the matrices that read it. `outlier`: one column may be left out of the codes, which says
   * the end of a row; who reads parts of rows cannot take it.
   */
  quantize(x: View, outlier = true): Buffer {
    const source = this.bufferOf(x.value)
    let copies = this.quantized.get(source)
    if (!copies) this.quantized.set(source, (copies = new Map<string, Buffer>()))
    const key = `${x.offset}:${x.width}:${outlier}`
    let copy = copies.get(key)
    if (!copy) copies.set(key, (copy = this.quantizeRows(this.view(x), x.width, 1, outlier)))
    return copy
  }

  quantizeRows(x: BufferAt, columns: number, multiple = 1, outlier = true): Buffer {
    const source = x.buffer
    const rowBytes = Math.ceil(columns / 32) * X_BLOCK_BYTES + X_OUTLIER_BYTES
    const buffer = { rowBytes, rows: source.rows, multiple, extra: 0, name: `int8 of ${source.name}` }
    const ints = { columns, outlier: outlier ? 1 : 0 }
    this.push('quantize', buffer, { reads: { x }, writes: { out: at(buffer) }, ints }, multiple)
    return buffer
  }

  /** Whether integer kernels multiply it. */
  isInteger({ format }: PlannedWeight): boolean {
    return this.integers && isBlocks(format)
  }

  weight(name: string): PlannedWeight {
    const planned = this.weights.get(name)
    invariant(planned, `weight ${name} was not planned`)
    return planned
  }

  /** A weight that may be absent. */
  optional(weight: Weight | undefined): PlannedWeight | undefined {
    return weight && this.weight(weight.name)
  }

  /** Appends a call over the rows that `rows` has, times `multiple`. */
  push<K extends KernelName>(kernel: K, rows: Buffer, fields: CallFields<K>, multiple?: number): void
  push(kernel: KernelName, { rows }: Buffer, fields: AnyFields, multiple = 1): void {
    const { reads = {}, writes = {}, weights = {}, ints = {}, floats = {} } = fields
    // selectRows takes the R rows out of T
    const mixed = [...memoryOf(reads), ...memoryOf(writes)].some((b) => typeof b !== 'string' && b.rows !== rows)
    invariant(kernel === 'selectRows' || !mixed, `${kernel} mixes T and R rows`)
    const { weights: kinds = {} }: KernelContract = KERNELS[kernel]
    const names = Object.entries(kinds).map(([field, kind]) => matrixName(kind, weights[field]))
    const name = [kernel, ...names].filter(Boolean).join(' ')
    this.calls.push({ kernel, name, bank: this.bank, rows, multiple, reads, writes, weights, ints, floats })
    for (const write of Object.values(writes)) if (write && 'buffer' in write) this.quantized.delete(write.buffer)
  }
}

/** The first matrix of an operand by its name, without the numbers of layers and experts; nothing for vectors. */
function matrixName(kind: WeightKind, operand: WeightOperand): string {
  const first = operand && ('weight' in operand ? operand : operand[0])
  return first && (kind === 'matrix' || kind === 'matrices') ? first.weight.name.replace(/\.\d+\b/g, '') : ''
}

export function at(buffer: Buffer, offset = 0): BufferAt {
  return { buffer, offset }
}

export function temporary(name: string, rowBytes: number, extra: number, multiple = 1): Buffer {
  return { rowBytes, rows: 'T', multiple, extra, name }
}

export function activationOf(activation: Activation): {
  readonly code: number
  readonly floats: { readonly alpha: number; readonly limit: number; readonly upOffset: number }
} {
  const none = { alpha: 0, limit: 0, upOffset: 0 }
  if (activation === 'silu') return { code: ACTIVATION.silu, floats: none }
  if (activation === 'gelu_tanh') return { code: ACTIVATION.geluTanh, floats: none }
  if (activation === 'situ') return { code: ACTIVATION.situ, floats: none }
  const { alpha, limit, upOffset } = activation
  return { code: ACTIVATION.clampedSwiglu, floats: { alpha, limit, upOffset } }
}
