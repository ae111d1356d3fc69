import { invariant } from '../../errors.js'
import type { CacheState, ExpertsOp, HeadView, LinearOp, Op, Value, View, Weight } from '../../graph/ops.js'
import { PAGE_SIZE } from '../backend.js'
import { GROUP_ROWS, X_BLOCK_BYTES, type KernelName } from './records.js'
import type { PlacedWeight } from './weights.js'

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
  | { descriptor: PlacedWeight }
  | { data: PlacedWeight }
  | { pointers: PlacedWeight[] }

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

/** Turns each op of a program into kernel records, with temporaries and quantised activations. */
export class Lowering {
  readonly ops: LoweredOp[] = []
  private readonly buffers = new Map<string, Buffer>()
  /** Quantised copies of a buffer's columns, by `offset:width`, until the buffer is written again. */
  private readonly quantized = new Map<Buffer, Map<string, Buffer>>()

  constructor(
    private readonly weights: ReadonlyMap<string, PlacedWeight>,
    private readonly integers: boolean,
    /** Bytes of a cached number: 2 (f16) or 4 (f32). */
    readonly cacheBytes: 2 | 4,
  ) {}

  private get half(): number {
    return this.cacheBytes === 2 ? 1 : 0
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

  /** Appends the records of one op. */
  lower(op: Op, bank: number): void {
    switch (op.op) {
      case 'embed': {
        const out = this.bufferOf(op.out, bank)
        return this.push('embed', bank, out, 1, [this.descriptor(op.weight), at(out), out.rowBytes], [], [out])
      }
      case 'rmsNorm': {
        const width = op.x.width / op.heads
        const w = this.dataOf(op.weight)
        const words = [...this.view(op.x, bank), w, ...this.view(op.out, bank), op.heads, width, { f32: op.eps }]
        return this.elementwise('rmsNorm', bank, op.x, words, [op.x], op.out)
      }
      case 'linear':
        return this.linear(op, bank)
      case 'headLinear': {
        const { x, out, nHeads, rowOffset, rowStride, rows } = op
        const words = [
          ...this.head(x, bank),
          this.descriptor(op.weight),
          ...this.head(out, bank),
          nHeads,
          x.stride * 4,
          out.stride * 4,
          rowOffset,
          rowStride,
          rows,
          op.transposed ? 1 : 0,
        ]
        return this.pushHeads('headLinear', bank, words, x, out)
      }
      case 'rope': {
        const { x, out } = op
        const words = [
          ...this.head(x, bank),
          x.stride * 4,
          ...this.head(out, bank),
          out.stride * 4,
          op.nHeads,
          op.dim,
          op.layout === 'interleaved' ? 1 : 0,
          { rope: op.table.id },
        ]
        return this.pushHeads('rope', bank, words, x, out)
      }
      case 'attention': {
        const { state } = op
        this.append(op.k, state, false, bank)
        this.append(op.v, state, true, bank)
        const group = op.nHeads / op.nKvHeads
        const shape = [group, op.nKvHeads, op.headDim, op.vHeadDim, { f32: op.scale }]
        return this.attend(op.q, op.out, shape, state, bank)
      }
      case 'mlaAttention': {
        const { state } = op
        this.append(op.latent, state, false, bank)
        const shape = [op.nHeads, 1, op.rank + op.ropeDim, op.rank, { f32: op.scale }]
        return this.attend(op.q, op.out, shape, state, bank)
      }
      case 'route': {
        const out = this.bufferOf(op.out, bank)
        const bias = this.dataOf(op.bias)
        const words = [...this.view(op.logits, bank), bias, at(out), out.rowBytes, op.logits.width, op.topK]
        const rule = [op.scoring === 'sigmoid' ? 1 : 0, op.nGroups, op.topkGroups, op.groupScore === 'top2sum' ? 1 : 0]
        const reads = [this.bufferOf(op.logits.value, bank)]
        return this.push('route', bank, out, 1, [...words, ...rule, op.normalize ? 1 : 0, { f32: op.scale }], reads, [
          out,
        ])
      }
      case 'experts':
        return this.experts(op, bank)
      case 'gatedMul': {
        const words = [
          ...this.view(op.gate, bank),
          ...this.view(op.up, bank),
          ...this.view(op.out, bank),
          op.gate.width,
        ]
        return this.elementwise(
          'gatedMul',
          bank,
          op.gate,
          [...words, activationCode(op.activation)],
          [op.gate, op.up],
          op.out,
        )
      }
      case 'add': {
        const words = [...this.view(op.a, bank), ...this.view(op.b, bank), ...this.view(op.out, bank), op.a.width]
        return this.elementwise('add', bank, op.a, words, [op.a, op.b], op.out)
      }
      case 'selectRows': {
        const out = this.bufferOf(op.out, bank)
        const words = [...this.view(op.x, bank), at(out), out.rowBytes, op.x.width * 4]
        return this.push('selectRows', bank, out, 1, words, [this.bufferOf(op.x.value, bank)], [out])
      }
    }
  }

  private linear(op: LinearOp, bank: number): void {
    const placed = this.weight(op.weight.name)
    const out = this.bufferOf(op.out.value, bank)
    const integer = this.isInteger(placed)
    const x = integer ? this.quantize(op.x, bank) : this.bufferOf(op.x.value, bank)
    const xWords = integer ? [at(x), x.rowBytes] : this.view(op.x, bank)
    const bias = this.dataOf(op.bias)
    const words = [...xWords, this.descriptor(op.weight), ...this.view(op.out, bank), bias, integer ? 1 : 0]
    this.push('linear', bank, out, 1, words, [x], [out])
  }

  /** route's pairs sorted by expert; gate and up for each pair; their product; down; the weighted sum. */
  private experts(op: ExpertsOp, bank: number): void {
    const X = op.gate.length
    const { topK } = op
    const F = op.gate[0]!.shape[0]!
    const D = op.x.width
    const routing = this.bufferOf(op.routing, bank)
    const plan = temporary('plan', topK * 4, (2 * X + 2) * 4)
    this.push('planExperts', bank, routing, 1, [at(routing), routing.rowBytes, topK, at(plan), X], [routing], [plan])
    const pairs = (name: string, width: number): Buffer => temporary(name, width * 4, 0, topK)
    const [gate, up, hidden, y] = [pairs('gate', F), pairs('up', F), pairs('hidden', F), pairs('y', D)]
    const integer = this.isInteger(this.weight(op.gate[0]!.name))
    const x = integer ? this.quantize(op.x, bank) : this.bufferOf(op.x.value, bank)
    const xWords = integer ? [at(x), x.rowBytes] : this.view(op.x, bank)
    const matrices = (names: ExpertsOp['gate']): Word => ({ pointers: names.map((w) => this.weight(w.name)) })
    for (const [weights, out] of [
      [op.gate, gate],
      [op.up, up],
    ] as const) {
      const words = [
        ...xWords,
        matrices(weights),
        at(out),
        out.rowBytes,
        at(plan),
        integer ? 1 : 0,
        X,
        topK,
        Math.ceil(F / GROUP_ROWS),
      ]
      this.push('linear_experts', bank, out, topK, words, [x, plan], [out])
    }
    const mul = [
      at(gate),
      gate.rowBytes,
      at(up),
      up.rowBytes,
      at(hidden),
      hidden.rowBytes,
      F,
      activationCode(op.activation),
    ]
    this.push('gatedMul', bank, hidden, topK, mul, [gate, up], [hidden])
    const downInteger = this.isInteger(this.weight(op.down[0]!.name))
    const h = downInteger ? this.quantizeBuffer(hidden, at(hidden), F, topK, bank) : hidden
    const down = [
      at(h),
      h.rowBytes,
      matrices(op.down),
      at(y),
      y.rowBytes,
      at(plan),
      downInteger ? 1 : 0,
      X,
      1,
      Math.ceil(D / GROUP_ROWS),
    ]
    this.push('linear_experts', bank, y, topK, down, [h, plan], [y])
    const out = this.bufferOf(op.out.value, bank)
    const combine = [at(y), y.rowBytes, at(routing), routing.rowBytes, topK, ...this.view(op.out, bank), D]
    this.push('combineExperts', bank, out, 1, combine, [y, routing], [out])
  }

  private append(x: View, state: CacheState, values: boolean, bank: number): void {
    const buffer = this.bufferOf(x.value, bank)
    const columns = values ? state.valueDim : state.keyDim
    const words = [...this.view(x, bank), state.heads, columns, { pageOffset: state.id, values }, this.half]
    this.push('cacheAppend', bank, buffer, 1, words, [buffer], [`cache ${state.id} ${values ? 'values' : 'keys'}`])
  }

  private attend(q: View, out: View, shape: Word[], state: CacheState, bank: number): void {
    const cached = [
      { pageOffset: state.id, values: false },
      { pageOffset: state.id, values: state.valueDim > 0 },
    ]
    const kinds = [this.half, state.valueDim > 0 ? 0 : 1]
    const words = [...this.view(q, bank), ...this.view(out, bank), ...shape, ...cached, ...kinds]
    const reads = [this.bufferOf(q.value, bank), `cache ${state.id} keys`, `cache ${state.id} values`]
    const buffer = this.bufferOf(out.value, bank)
    this.push('attention', bank, buffer, 1, words, reads, [buffer])
  }

  /** int8 copy of a view, made once for all the matrices that read it. */
  private quantize(x: View, bank: number): Buffer {
    const source = this.bufferOf(x.value, bank)
    let copies = this.quantized.get(source)
    if (!copies) this.quantized.set(source, (copies = new Map<string, Buffer>()))
    const key = `${x.offset}:${x.width}`
    let copy = copies.get(key)
    if (!copy) copies.set(key, (copy = this.quantizeBuffer(source, at(source, x.offset * 4), x.width, 1, bank)))
    return copy
  }

  private quantizeBuffer(source: Buffer, from: BufferAt, width: number, multiple: number, bank: number): Buffer {
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

  private isInteger(placed: PlacedWeight): boolean {
    return this.integers && (placed.format === 'int4' || placed.format === 'int8')
  }

  private weight(name: string): PlacedWeight {
    const placed = this.weights.get(name)
    invariant(placed, `weight ${name} was not placed`)
    return placed
  }

  private descriptor(weight: Weight): Word {
    return { descriptor: this.weight(weight.name) }
  }

  /** Address of a vector's values; 0 where there is none. */
  private dataOf(weight: Weight | undefined): Word {
    return weight ? { data: this.weight(weight.name) } : 0
  }

  private view(x: View, bank: number): Word[] {
    const buffer = this.bufferOf(x.value, bank)
    return [at(buffer, x.offset * 4), buffer.rowBytes]
  }

  private head(x: HeadView, bank: number): Word[] {
    const buffer = this.bufferOf(x.value, bank)
    return [at(buffer, x.offset * 4), buffer.rowBytes]
  }

  private elementwise(kernel: KernelName, bank: number, x: View, words: Word[], reads: View[], out: View): void {
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

  private pushHeads(kernel: KernelName, bank: number, words: Word[], x: HeadView, out: HeadView): void {
    const buffer = this.bufferOf(out.value, bank)
    this.push(kernel, bank, buffer, 1, words, [this.bufferOf(x.value, bank)], [buffer])
  }

  private push(
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

/** Bytes of one page for a state: keys [heads][PAGE_SIZE][columns], then values, columns rounded up to fours. */
export function statePageBytes(state: CacheState, cacheBytes: number): { keys: number; values: number } {
  const bytes = (columns: number): number => PAGE_SIZE * state.heads * Math.ceil(columns / 4) * 4 * cacheBytes
  return { keys: bytes(state.keyDim), values: bytes(state.valueDim) }
}

/** The weight that a word refers to, without the numbers of layers and experts. */
function weightName(word: Word): string {
  if (typeof word === 'number') return ''
  const placed = 'descriptor' in word ? word.descriptor : 'pointers' in word ? word.pointers[0] : undefined
  return placed?.weight.name.replace(/\.\d+\b/g, '') ?? ''
}

function at(buffer: Buffer, offset = 0): BufferAt {
  return { buffer, offset }
}

function temporary(name: string, rowBytes: number, extra: number, multiple = 1): Buffer {
  return { rowBytes, rows: 'T', multiple, extra, name }
}

function activationCode(activation: 'silu' | 'gelu_tanh'): number {
  return activation === 'silu' ? 0 : 1
}
