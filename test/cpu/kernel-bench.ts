/** Kernels by themselves, in one memory and one thread: what the tests of packing and of products share. */
import { expect } from 'vitest'
import { bytesOfHex } from '../../src/hex.js'
import { BASELINE_WASM } from '../../src/backends/cpu/kernels-baseline.generated.js'
import { RELAXED_WASM } from '../../src/backends/cpu/kernels-relaxed.generated.js'
import { compileKernels } from '../../src/backends/cpu/platform.js'
import { headerAddress, writeRecord, type PlacedCall } from '../../src/backends/cpu/records.js'
import { X_BLOCK_BYTES, X_OUTLIER_BYTES } from '../../src/backends/contract.generated.js'

/** Both builds of the kernels, by name. */
export const BUILDS = [
  ['relaxed', RELAXED_WASM],
  ['baseline', BASELINE_WASM],
] as const

/** What the engine's product of bytes takes; see kernels/cpu/simd.ts. */
export const [FIND_OUT, NIBBLES, BYTES_SIGNED] = [-1, 0, 2]

/** Two pairs of row groups, one group alone, three rows. */
export const ROWS = 43
/** So many that panels are used, and an odd row is left. */
export const TOKENS = 11

/** Where things lie: first the small ones, then the activations and the product, then what a test packs. */
const [RECORD, SCRATCH, X, X_CODES, OUT] = [4096, 8192, 65536, 98304, 131072]
export const [DESCRIPTOR, SOURCE_DESCRIPTOR, MATRIX, SOURCE] = [64, 192, 196608, 458752]
const PAGES = 24

type Kernel = (...args: number[]) => number

export interface Kernels {
  readonly memory: WebAssembly.Memory
  readonly kernel: Readonly<Record<string, Kernel>>
}

/** @param clock - milliseconds, as the kernels see them */
export async function instantiate(wasm: string, clock: () => number = () => 0): Promise<Kernels> {
  const begun = await compileKernels([async () => bytesOfHex(wasm)])
  const { module } = await begun!.made
  const memory = new WebAssembly.Memory({ initial: PAGES, maximum: 65536, shared: true })
  const env = { memory, abort: () => undefined, clock }
  const kernel = new WebAssembly.Instance(module, { env }).exports as unknown as Record<string, Kernel>
  kernel['init']!(0, 1, SCRATCH, NIBBLES, 0)
  return { memory, kernel }
}

/** Every other row has one that is much larger than the others, which its codes leave out. */
function usual(i: number, columns: number): number {
  const [t, column] = [Math.floor(i / columns), i % columns]
  return t % 2 === 1 && column === (t * 53) % columns ? 100 - t : Math.sin(i * 0.37) * (1 + (i % 7))
}

/** TOKENS rows of activations times the matrix at DESCRIPTOR, which a test has packed. */
export class ProductBench {
  private readonly x: Float32Array
  private readonly blocks: number

  /** @param weights - what the matrix means, [ROWS, columns] */
  constructor(
    private readonly kernels: Kernels,
    private readonly weights: ArrayLike<number>,
    activation?: (i: number) => number,
  ) {
    const columns = weights.length / ROWS
    this.blocks = Math.ceil(columns / 32)
    this.x = new Float32Array(kernels.memory.buffer, X, TOKENS * columns)
    this.x.forEach((_, i) => (this.x[i] = activation ? activation(i) : usual(i, columns)))
    const codes = { address: X_CODES, rowBytes: this.codeBytes }
    this.run('quantize', TOKENS, { x: { address: X, rowBytes: columns * 4 }, out: codes, columns, outlier: 1 })
  }

  /**
   * Rows [first, first + count) of the activations times the matrix; what lies after them must stay as it is. Integer products
   * where `products` is given, else the floats.
   */
  multiply(products?: number, first = 0, count = TOKENS): number[] {
    const values = this.multiplyBy(products, first, count, 0)
    // Tiles for fused vectors give the same bits.
    expect(this.multiplyBy(products, first, count, 1)).toEqual(values)
    return values
  }

  private multiplyBy(products: number | undefined, first: number, count: number, fused: 0 | 1): number[] {
    const { memory, kernel } = this.kernels
    const out = new Float32Array(memory.buffer, OUT, TOKENS * ROWS + 16).fill(-1)
    kernel['init']!(0, 1, SCRATCH, products ?? FIND_OUT, 0, fused)
    const [from, rowBytes] = products === undefined ? [X, (this.x.length / TOKENS) * 4] : [X_CODES, this.codeBytes]
    this.run('linear', count, {
      x: { address: from + first * rowBytes, rowBytes },
      ...{ matrix: DESCRIPTOR, bias: undefined, integer: products === undefined ? 0 : 1 },
      out: { address: OUT, rowBytes: ROWS * 4 },
    })
    expect(out.subarray(count * ROWS).every((v) => v === -1)).toBe(true)
    return [...out.subarray(0, count * ROWS)]
  }

  /** The product in double, of the activations as floats or as the codes that they became. */
  expected(codes: boolean): number[] {
    const columns = this.x.length / TOKENS
    const view = new DataView(this.kernels.memory.buffer, X_CODES)
    const value = (t: number, c: number): number => {
      const row = t * this.codeBytes
      const block = row + (c >> 5) * X_BLOCK_BYTES
      const tail = row + this.blocks * X_BLOCK_BYTES
      if (codes && view.getInt32(tail, true) === c) return view.getFloat32(tail + 4, true)
      return codes ? view.getInt8(block + (c & 31)) * view.getFloat32(block + 32, true) : this.x[t * columns + c]!
    }
    return Array.from({ length: TOKENS * ROWS }, (_, i) => {
      const [t, row] = [Math.floor(i / ROWS), i % ROWS]
      let sum = 0
      for (let c = 0; c < columns; c++) sum += this.weights[row * columns + c]! * value(t, c)
      return sum
    })
  }

  /** The columns that the codes of each row leave out; -1: none. */
  outliers(): number[] {
    const view = new DataView(this.kernels.memory.buffer, X_CODES)
    return Array.from({ length: TOKENS }, (_, t) =>
      view.getInt32(t * this.codeBytes + this.blocks * X_BLOCK_BYTES, true),
    )
  }

  /** Of a row of x. */
  private get codeBytes(): number {
    return this.blocks * X_BLOCK_BYTES + X_OUTLIER_BYTES
  }

  /** One row and many take other ways through the kernels, and engines multiply bytes in several. */
  expectSameBits(): void {
    const all = this.multiply(FIND_OUT)
    expect(this.multiply(NIBBLES)).toEqual(all)
    for (const [first, count] of [
      [0, 1],
      [1, 2],
      [2, 3],
      [3, 4],
      [4, 5],
      [1, 8],
    ] as const)
      expect(this.multiply(FIND_OUT, first, count)).toEqual(all.slice(first * ROWS, (first + count) * ROWS))
  }

  private run(kernel: PlacedCall['kernel'], tokens: number, fields: PlacedCall['fields']): void {
    const { buffer } = this.kernels.memory
    new Int32Array(buffer, headerAddress('stepTokens'), 1)[0] = tokens
    writeRecord(buffer, RECORD, { kernel, rows: 'T', multiple: 1, fields }, false)
    this.kernels.kernel['run']!(RECORD, 1)
  }
}

/** |a - b| / |b|. */
export function relativeError(a: readonly number[], b: readonly number[]): number {
  return Math.hypot(...a.map((v, i) => v - b[i]!)) / Math.hypot(...b)
}
