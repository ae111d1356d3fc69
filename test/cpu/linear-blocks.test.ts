// Blocks with scales of two levels and codes into tables: every kernel, every product, one row of x and many.
import { describe, expect, it } from 'vitest'
import type { BlockEncoding } from '../../src/backends/formats/stored-formats.js'
import { blockBytes } from '../../src/backends/formats/weights.js'
import { bytesOfHex } from '../../src/backends/cpu/hex.js'
import { BASELINE_WASM, RELAXED_WASM } from '../../src/backends/cpu/kernels.generated.js'
import { compileKernels } from '../../src/backends/cpu/platform.js'
import { headerAddress, writeDescriptor, writeRecord, type PlacedCall } from '../../src/backends/cpu/records.js'
import { STAGED_BLOCK, X_BLOCK_BYTES } from '../../src/backends/contract.generated.js'
import { E4M3, E8M0 } from '../../src/checkpoint/formats/small-floats.js'

// Two pairs of row groups, one group alone, three rows; runs of 8, 4 and 1 blocks.
const [ROWS, BLOCKS, TOKENS] = [43, 16, 5]
const COLS = 32 * BLOCKS
const [DESCRIPTOR, RECORD, SCRATCH, X, X_CODES, OUT, MATRIX, SOURCE] = [
  64, 4096, 8192, 65536, 98304, 131072, 196608, 458752,
]
const [FIND_OUT, NIBBLES, BYTES_SIGNED] = [-1, 0, 2]

type Kernel = (...args: number[]) => number

const PLANS: readonly BlockEncoding[] = [
  { format: 'int4_min', per: 8, mins: true, factor: 1 },
  { format: 'int4_min', per: 4, mins: true, factor: 1 },
  { format: 'int4_min', per: 1, mins: true, factor: 1 },
  { format: 'int7', per: 8, mins: false, factor: 8 },
  { format: 'int7', per: 8, mins: true, factor: 1 },
  { format: 'int7', per: 1, mins: true, factor: 1 },
  { format: 'mxfp4', per: 1, mins: false, factor: 1 },
  { format: 'iq4', per: 8, mins: false, factor: 1 },
  { format: 'iq4', per: 1, mins: false, factor: 1 },
  { format: 'nvfp4', per: 1, mins: false, factor: 1 },
]
const IQ4 = [-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113]
const E2M1 = [0, 0.5, 1, 1.5, 2, 3, 4, 6, 0, -0.5, -1, -1.5, -2, -3, -4, -6]

class Bench {
  private constructor(
    private readonly memory: WebAssembly.Memory,
    private readonly kernel: Record<string, Kernel>,
    private readonly weights: Float64Array,
  ) {}

  /** A matrix of random codes and scales; `extreme`: all codes and activations as large as they get. */
  static async load(wasm: string, plan: BlockEncoding, extreme = false): Promise<Bench> {
    const made = await compileKernels([bytesOfHex(wasm)])
    const memory = new WebAssembly.Memory({ initial: 24, maximum: 65536, shared: true })
    const env = { memory, abort: () => undefined, clock: () => 0 }
    const kernel = new WebAssembly.Instance(made!.module, { env }).exports as unknown as Record<string, Kernel>
    kernel['init']!(0, 1, SCRATCH, NIBBLES, 0)
    const { dataBytes, scaleBytes } = blockBytes(plan.format, ROWS, COLS, plan)
    const global = plan.format === 'nvfp4' ? 0.1 : 1
    writeDescriptor(memory.buffer, DESCRIPTOR, {
      ...{ format: plan.format, data: MATRIX, scales: MATRIX + dataBytes, rows: ROWS, cols: COLS },
      multiplier: plan.format === 'nvfp4' ? 2 ** 119 * global : 2 ** 112 / plan.factor,
      ...{ per: plan.per, mins: plan.mins ? 1 : 0, paddedCols: COLS },
      supers: MATRIX + dataBytes + scaleBytes,
    })
    const weights = records(new DataView(memory.buffer, SOURCE), plan, global, extreme)
    expect(kernel['packBlocks']!(DESCRIPTOR, SOURCE, 0, ROWS)).toBe(0)
    const bench = new Bench(memory, kernel, weights)
    const x = new Float32Array(memory.buffer, X, TOKENS * COLS)
    x.forEach((_, i) => (x[i] = extreme ? 1 : Math.sin(i * 0.37) * (1 + (i % 7))))
    const codes = { address: X_CODES, rowBytes: BLOCKS * X_BLOCK_BYTES }
    bench.run('quantize', TOKENS, { x: { address: X, rowBytes: COLS * 4 }, out: codes, columns: COLS })
    return bench
  }

  private run(kernel: PlacedCall['kernel'], tokens: number, fields: PlacedCall['fields']): void {
    new Int32Array(this.memory.buffer, headerAddress('stepTokens'), 1)[0] = tokens
    writeRecord(this.memory.buffer, RECORD, { kernel, rows: 'T', multiple: 1, fields }, false)
    this.kernel['run']!(RECORD, 1)
  }

  /** Integer products where `products` is given, else the exact path with the floats. */
  multiply(products?: number, first = 0, count = TOKENS): number[] {
    const out = new Float32Array(this.memory.buffer, OUT, TOKENS * ROWS + 16).fill(-1)
    this.kernel['init']!(0, 1, SCRATCH, products ?? FIND_OUT, 0)
    const [from, stride] = products === undefined ? [X, COLS * 4] : [X_CODES, BLOCKS * X_BLOCK_BYTES]
    this.run('linear', count, {
      x: { address: from + first * stride, rowBytes: stride },
      ...{ matrix: DESCRIPTOR, bias: undefined, integer: products === undefined ? 0 : 1 },
      out: { address: OUT, rowBytes: ROWS * 4 },
    })
    expect([...out.subarray(count * ROWS)].every((v) => v === -1)).toBe(true)
    return [...out.subarray(0, count * ROWS)]
  }

  /** In double, with the activations as floats or as the codes that they became. */
  expected(codes: boolean): number[] {
    const x = new Float32Array(this.memory.buffer, X, TOKENS * COLS)
    const view = new DataView(this.memory.buffer, X_CODES)
    const value = (t: number, c: number): number => {
      const block = (t * BLOCKS + (c >> 5)) * X_BLOCK_BYTES
      return codes ? view.getInt8(block + (c & 31)) * view.getFloat32(block + 32, true) : x[t * COLS + c]!
    }
    return Array.from({ length: TOKENS * ROWS }, (_, i) => {
      const [t, row] = [Math.floor(i / ROWS), i % ROWS]
      let sum = 0
      for (let c = 0; c < COLS; c++) sum += this.weights[row * COLS + c]! * value(t, c)
      return sum
    })
  }
}

/** Writes random records and returns what they mean, by the formulas in kernels/cpu/dequantize-blocks.ts. */
function records(view: DataView, plan: BlockEncoding, global: number, extreme: boolean): Float64Array {
  const values = new Float64Array(ROWS * COLS)
  let state = 1
  const random = (below: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
  const { format, per, mins, factor } = plan
  let [d, dmin] = [0, 0]
  for (let row = 0; row < ROWS; row++)
    for (let b = 0; b < BLOCKS; b++) {
      const at = (row * BLOCKS + b) * STAGED_BLOCK.bytes
      if (b % per === 0) [d, dmin] = [(1 + random(1024)) / 1024, (1 + random(1024)) / 1024]
      const scale = [0, 1].map(() => (format === 'int4_min' ? random(64) : random(127) - 63))
      const min = [0, 1].map(() => (mins ? random(64) : 0))
      if (format !== 'int7') [scale[1], min[1]] = [scale[0]!, min[0]!]
      if (format === 'mxfp4') scale[0] = 120 + random(10)
      if (format === 'nvfp4') for (const h of [0, 1]) scale[h] = 40 + random(40)
      for (let c = 0; c < 32; c++) {
        const code = extreme ? (format === 'int7' ? 126 : 15) : random(format === 'int7' ? 127 : 16)
        view.setUint8(at + c, code)
        const h = c >> 4
        const meant = {
          int4_min: () => d * scale[h]! * code - dmin * min[h]!,
          int7: () => (d * scale[h]! * (code - 64)) / factor - (dmin * min[h]!) / factor,
          mxfp4: () => E8M0[scale[0]!]! * E2M1[code]!,
          iq4: () => d * scale[h]! * IQ4[code]!,
          nvfp4: () => Math.fround(E4M3[scale[h]!]! * Math.fround(global)) * E2M1[code]!,
        }[format]()
        values[row * COLS + 32 * b + c] = meant
      }
      for (const h of [0, 1]) {
        view.setUint8(at + STAGED_BLOCK.scales + h, scale[h]!)
        view.setUint8(at + STAGED_BLOCK.mins + h, min[h]!)
      }
      view.setFloat32(at + STAGED_BLOCK.scale, d, true)
      view.setFloat32(at + STAGED_BLOCK.minScale, dmin, true)
    }
  return values
}

function error(a: readonly number[], b: readonly number[]): number {
  const square = (v: readonly number[]): number => v.reduce((sum, x) => sum + x * x, 0)
  return Math.sqrt(square(a.map((v, i) => v - b[i]!)) / square(b))
}

describe.each([
  ['relaxed', RELAXED_WASM],
  ['baseline', BASELINE_WASM],
])('blocks, %s kernels', (_, wasm) => {
  describe.each(PLANS)('$format, runs of $per, minima: $mins', (plan) => {
    it('mean what their formula says', async () => {
      const bench = await Bench.load(wasm, plan)
      expect(error(bench.multiply(), bench.expected(false))).toBeLessThan(1e-6)
      for (const products of wasm === RELAXED_WASM ? [FIND_OUT, NIBBLES, BYTES_SIGNED] : [FIND_OUT, NIBBLES])
        if (products !== BYTES_SIGNED || plan.format !== 'iq4')
          expect(error(bench.multiply(products), bench.expected(true)), String(products)).toBeLessThan(1e-6)
    })

    it('give the same bits for one row and for many, whatever the product takes', async () => {
      const bench = await Bench.load(wasm, plan)
      const all = bench.multiply(FIND_OUT)
      expect(bench.multiply(NIBBLES)).toEqual(all)
      for (const [first, count] of [
        [0, 1],
        [1, 2],
        [2, 3],
      ] as const)
        expect(bench.multiply(FIND_OUT, first, count)).toEqual(all.slice(first * ROWS, (first + count) * ROWS))
    })

    it('do not overflow', async () => {
      const bench = await Bench.load(wasm, plan, true)
      for (const products of [FIND_OUT, NIBBLES])
        for (const count of [1, TOKENS])
          expect(error(bench.multiply(products, 0, count), bench.expected(true).slice(0, count * ROWS))).toBeLessThan(
            1e-6,
          )
    })
  })

  it('refuse scales that f16 cannot hold, and bad exponents', async () => {
    const [plan] = PLANS
    const bench = await Bench.load(wasm, plan!)
    const { memory, kernel } = bench as unknown as { memory: WebAssembly.Memory; kernel: Record<string, Kernel> }
    const view = new DataView(memory.buffer, SOURCE)
    for (const bad of [NaN, Infinity, 1 + 2 ** -12, 1e6]) {
      view.setFloat32(5 * BLOCKS * STAGED_BLOCK.bytes + STAGED_BLOCK.scale, bad, true)
      expect(kernel['packBlocks']!(DESCRIPTOR, SOURCE, 0, ROWS)).toBe(6)
    }
  })
})
