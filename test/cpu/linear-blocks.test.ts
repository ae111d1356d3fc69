// Blocks with scales of two levels and codes into tables: every kernel, every product, one row of x and many.
import { describe, expect, it } from 'vitest'
import type { BlockEncoding } from '../../src/backends/formats/stored-formats.js'
import { blocksLayout } from '../../src/backends/formats/weights.js'
import { writeDescriptor } from '../../src/backends/cpu/records.js'
import { STAGED_BLOCK } from '../../src/backends/contract.generated.js'
import { E4M3, E8M0 } from '../../src/checkpoint/formats/small-floats.js'
import {
  BUILDS,
  BYTES_SIGNED,
  DESCRIPTOR,
  FIND_OUT,
  MATRIX,
  NIBBLES,
  ProductBench,
  ROWS,
  SOURCE,
  TOKENS,
  instantiate,
  relativeError,
  type Kernels,
} from './kernel-bench.js'

// Runs of 8, 4 and 1 blocks.
const BLOCKS = 16
const COLS = 32 * BLOCKS

const PLANS: readonly BlockEncoding[] = [
  { format: 'int4_min', per: 8, mins: true, factor: 1, narrow: true },
  { format: 'int4_min', per: 4, mins: true, factor: 1, narrow: true },
  { format: 'int4_min', per: 1, mins: true, factor: 1, narrow: true },
  { format: 'int5_min', per: 8, mins: true, factor: 1, narrow: true },
  { format: 'int5_min', per: 1, mins: true, factor: 1, narrow: true },
  { format: 'int6', per: 8, mins: false, factor: 1, narrow: true },
  { format: 'int6', per: 1, mins: false, factor: 8, narrow: true },
  { format: 'int7', per: 8, mins: false, factor: 8, narrow: true },
  { format: 'int7', per: 8, mins: false, factor: 8, narrow: false },
  { format: 'int7', per: 8, mins: true, factor: 1, narrow: true },
  { format: 'int7', per: 1, mins: true, factor: 1, narrow: true },
  { format: 'mxfp4', per: 1, mins: false, factor: 1, narrow: true },
  { format: 'iq4', per: 8, mins: false, factor: 1, narrow: true },
  { format: 'iq4', per: 1, mins: false, factor: 1, narrow: true },
  { format: 'nvfp4', per: 1, mins: false, factor: 1, narrow: true },
]
const IQ4 = [-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113]
/** How many codes there are, where not sixteen. */
const CODES: Readonly<Partial<Record<BlockEncoding['format'], number>>> = { int5_min: 32, int6: 64 }
const E2M1 = [0, 0.5, 1, 1.5, 2, 3, 4, 6, 0, -0.5, -1, -1.5, -2, -3, -4, -6]

/** A matrix of random codes and scales; `extreme`: all codes and activations as large as they get. */
async function pack(
  wasm: string,
  plan: BlockEncoding,
  extreme = false,
): Promise<{ kernels: Kernels; bench: ProductBench }> {
  const kernels = await instantiate(wasm)
  const { buffer } = kernels.memory
  const global = plan.format === 'nvfp4' ? 0.1 : 1
  writeDescriptor(buffer, DESCRIPTOR, {
    ...{ format: plan.format, data: MATRIX, rows: ROWS, cols: COLS },
    multiplier: plan.format === 'nvfp4' ? 2 ** 119 * global : 2 ** 112 / plan.factor,
    ...{ per: plan.per, mins: plan.mins ? 1 : 0, narrow: plan.narrow ? 1 : 0, paddedCols: COLS },
    inScales: Number(blocksLayout(plan.format, ROWS, COLS, plan).inScales),
  })
  const weights = records(new DataView(buffer, SOURCE), plan, global, extreme)
  expect(kernels.kernel['packBlocks']!(DESCRIPTOR, SOURCE, 0, ROWS)).toBe(0)
  return { kernels, bench: extreme ? new ProductBench(kernels, weights, () => 1) : new ProductBench(kernels, weights) }
}

/** Writes random records and returns what they mean, by the formulas in kernels/cpu/weights/dequantize-blocks.ts. */
function records(view: DataView, plan: BlockEncoding, global: number, extreme: boolean): Float64Array {
  const values = new Float64Array(ROWS * COLS)
  let state = 1
  const random = (below: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
  const { format, per, mins, factor, narrow } = plan
  let [d, dmin] = [0, 0]
  for (let row = 0; row < ROWS; row++)
    for (let b = 0; b < BLOCKS; b++) {
      const at = (row * BLOCKS + b) * STAGED_BLOCK.bytes
      if (b % per === 0) [d, dmin] = [(1 + random(1024)) / 1024, (1 + random(1024)) / 1024]
      const scale = [0, 1].map(() => (format === 'int4_min' || format === 'int5_min' ? random(64) : random(127) - 63))
      const min = [0, 1].map(() => (mins ? random(64) : 0))
      if (format !== 'int7' && format !== 'int6') [scale[1], min[1]] = [scale[0]!, min[0]!]
      if (format === 'mxfp4') scale[0] = 120 + random(10)
      if (format === 'nvfp4') for (const h of [0, 1]) scale[h] = 40 + random(40)
      for (let c = 0; c < 32; c++) {
        const [first, codes] = format === 'int7' ? (narrow ? [32, 64] : [0, 127]) : [0, CODES[format] ?? 16]
        const code = first + (extreme ? codes - 1 : random(codes))
        view.setUint8(at + c, code)
        const h = c >> 4
        const meant = {
          int4_min: () => d * scale[h]! * code - dmin * min[h]!,
          int5_min: () => d * scale[h]! * code - dmin * min[h]!,
          int6: () => (d * scale[h]! * (code - 32)) / factor,
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

describe.each(BUILDS)('blocks, %s kernels', (build, wasm) => {
  describe.each(PLANS)('$format, runs of $per, minima: $mins, narrow: $narrow', (plan) => {
    it('mean what their formula says', async () => {
      const { bench } = await pack(wasm, plan)
      expect(relativeError(bench.multiply(), bench.expected(false))).toBeLessThan(1e-6)
      for (const products of build === 'relaxed' ? [FIND_OUT, NIBBLES, BYTES_SIGNED] : [FIND_OUT, NIBBLES])
        if (products !== BYTES_SIGNED || plan.format !== 'iq4')
          expect(relativeError(bench.multiply(products), bench.expected(true)), String(products)).toBeLessThan(1e-6)
    })

    it('give the same bits for one row and for many, whatever the product takes', async () => {
      const { bench } = await pack(wasm, plan)
      bench.expectSameBits()
    })

    it('do not overflow', async () => {
      const { bench } = await pack(wasm, plan, true)
      for (const products of [FIND_OUT, NIBBLES])
        for (const count of [1, TOKENS])
          expect(
            relativeError(bench.multiply(products, 0, count), bench.expected(true).slice(0, count * ROWS)),
          ).toBeLessThan(1e-6)
    })
  })

  it('refuse scales that f16 cannot hold, and bad exponents', async () => {
    const [plan] = PLANS
    const {
      kernels: { memory, kernel },
    } = await pack(wasm, plan!)
    const view = new DataView(memory.buffer, SOURCE)
    for (const bad of [NaN, Infinity, 1 + 2 ** -12, 1e6]) {
      view.setFloat32(5 * BLOCKS * STAGED_BLOCK.bytes + STAGED_BLOCK.scale, bad, true)
      expect(kernel['packBlocks']!(DESCRIPTOR, SOURCE, 0, ROWS)).toBe(6)
    }
  })
})
