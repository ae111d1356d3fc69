import { describe, expect, it } from 'vitest'
import { bytesOfHex } from '../../src/backends/cpu/hex.js'
import { BASELINE_WASM, RELAXED_WASM } from '../../src/backends/cpu/kernels.generated.js'
import { compileKernels } from '../../src/backends/cpu/platform.js'
import { headerAddress, writeDescriptor, writeRecord, type PlacedCall } from '../../src/backends/cpu/records.js'
import { X_BLOCK_BYTES, type KernelFormat } from '../../src/backends/contract.generated.js'

// Two pairs of row groups, one group alone, three rows; two whole blocks of columns and a ragged one.
const [ROWS, COLS, BLOCKS, TOKENS] = [43, 70, 3, 5]
const [DESCRIPTOR, SOURCE, RECORD, SCRATCH, CODES, SCALES, WEIGHTS, X, X_CODES, OUT] = [
  64, 128, 4096, 8192, 65536, 98304, 131072, 163840, 180224, 196608,
]
/** What the engine's product takes; see kernels/cpu/simd.ts. */
const [FIND_OUT, NIBBLES, BYTES_SIGNED] = [-1, 0, 2]

type Kernel = (...args: number[]) => number

class Bench {
  private constructor(
    private readonly memory: WebAssembly.Memory,
    private readonly kernel: Record<string, Kernel>,
  ) {}

  /** A matrix of `weight(row, col)` in `format`, and activations in int8. */
  static async load(
    wasm: string,
    format: 'int4' | 'int8',
    weight: (row: number, col: number) => number,
  ): Promise<Bench> {
    const made = await compileKernels([bytesOfHex(wasm)])
    const memory = new WebAssembly.Memory({ initial: 4, maximum: 65536, shared: true })
    const env = { memory, abort: () => undefined, clock: () => 0 }
    const bench = new Bench(
      memory,
      new WebAssembly.Instance(made!.module, { env }).exports as unknown as Record<string, Kernel>,
    )
    bench.kernel['init']!(0, 1, SCRATCH, NIBBLES, 0)
    const weights = new Float32Array(memory.buffer, WEIGHTS, ROWS * COLS)
    weights.forEach((_, i) => (weights[i] = weight(Math.floor(i / COLS), i % COLS)))
    const describe = (at: number, kind: KernelFormat, data: number): void => {
      const matrix = { format: kind, data, scales: SCALES, rows: ROWS, cols: COLS, stride: COLS * 4 }
      const grid = { gridCols: 0, blockRows: 1, blockCols: 1, paddedCols: BLOCKS * 32 }
      writeDescriptor(memory.buffer, at, { ...matrix, multiplier: 2 ** 112 / 256, ...grid })
    }
    describe(DESCRIPTOR, format, CODES)
    describe(SOURCE, 'f32', WEIGHTS)
    bench.kernel['packFloats']!(DESCRIPTOR, SOURCE, 256, 0, ROWS)
    const x = new Float32Array(memory.buffer, X, TOKENS * COLS)
    x.forEach((_, i) => (x[i] = Math.sin(i * 0.37) * (1 + (i % 7))))
    const codes = { address: X_CODES, rowBytes: BLOCKS * X_BLOCK_BYTES }
    bench.run('quantize', TOKENS, { x: { address: X, rowBytes: COLS * 4 }, out: codes, columns: COLS })
    return bench
  }

  private run(kernel: PlacedCall['kernel'], tokens: number, fields: PlacedCall['fields']): void {
    new Int32Array(this.memory.buffer, headerAddress('stepTokens'), 1)[0] = tokens
    writeRecord(this.memory.buffer, RECORD, { kernel, rows: 'T', multiple: 1, fields }, false)
    this.kernel['run']!(RECORD, 1)
  }

  /** Rows [first, first + count) of the activations times the matrix; what lies behind must stay as it is. */
  multiply(products: number, first = 0, count = TOKENS): number[] {
    const out = new Float32Array(this.memory.buffer, OUT, TOKENS * ROWS + 16).fill(-1)
    this.kernel['init']!(0, 1, SCRATCH, products, 0)
    const stride = BLOCKS * X_BLOCK_BYTES
    this.run('linear', count, {
      x: { address: X_CODES + first * stride, rowBytes: stride },
      ...{ matrix: DESCRIPTOR, bias: undefined, integer: 1 },
      out: { address: OUT, rowBytes: ROWS * 4 },
    })
    expect([...out.subarray(count * ROWS)].every((v) => v === -1)).toBe(true)
    return [...out.subarray(0, count * ROWS)]
  }

  /** The same from the floats. */
  expected(): number[] {
    const weights = new Float32Array(this.memory.buffer, WEIGHTS, ROWS * COLS)
    const x = new Float32Array(this.memory.buffer, X, TOKENS * COLS)
    const at = (i: number): number => {
      const [t, row] = [Math.floor(i / ROWS), i % ROWS]
      return weights.subarray(row * COLS, (row + 1) * COLS).reduce((sum, w, c) => sum + w * x[t * COLS + c]!, 0)
    }
    return Array.from({ length: TOKENS * ROWS }, (_, i) => at(i))
  }
}

function error(a: readonly number[], b: readonly number[]): number {
  const square = (v: readonly number[]): number => v.reduce((sum, x) => sum + x * x, 0)
  return Math.sqrt(square(a.map((v, i) => v - b[i]!)) / square(b))
}

describe.each([
  ['relaxed', RELAXED_WASM],
  ['baseline', BASELINE_WASM],
])('integer matrices, %s kernels', (_, wasm) => {
  describe.each([
    ['int4', 0.15],
    ['int8', 0.02],
  ] as const)('%s', (format, tolerance) => {
    it('are near the product of the floats', async () => {
      const bench = await Bench.load(wasm, format, (row, col) => Math.cos(row * 1.3 + col * 0.7))
      expect(error(bench.multiply(FIND_OUT), bench.expected())).toBeLessThan(tolerance)
    })

    it('give the same bits for one row and for many, whatever the product takes', async () => {
      const bench = await Bench.load(wasm, format, (row, col) => Math.cos(row * 1.3 + col * 0.7))
      const all = bench.multiply(FIND_OUT)
      expect(bench.multiply(NIBBLES)).toEqual(all)
      for (const [first, count] of [
        [0, 1],
        [1, 2],
        [2, 3],
      ] as const)
        expect(bench.multiply(FIND_OUT, first, count)).toEqual(all.slice(first * ROWS, (first + count) * ROWS))
    })

    // Codes that every engine multiplies alike, so that this path is seen everywhere.
    it('give the same bits where bytes are signed', async () => {
      const bench = await Bench.load(wasm, format, (row, col) => ((row * 31 + col * 17) % 97) / 97)
      if (wasm === RELAXED_WASM) expect(bench.multiply(BYTES_SIGNED)).toEqual(bench.multiply(FIND_OUT))
    })
  })
})
