// Matrices that are stored as floats, times activations in f32: what each number means, and one order of sums for any number of rows.
import { describe, expect, it } from 'vitest'
import { writeDescriptor } from '../../src/backends/cpu/records.js'
import {
  BUILDS,
  DESCRIPTOR,
  MATRIX,
  ProductBench,
  ROWS,
  SOURCE,
  TOKENS,
  instantiate,
  relativeError,
} from './kernel-bench.js'

type Format = 'f32' | 'bf16' | 'f16' | 'fp8'

const SCALES = SOURCE
const SPARE = SOURCE + 65536
const BYTES = { f32: 4, bf16: 2, f16: 2, fp8: 1 } as const

/** A number's bits in each format: sign, and an exponent and a mantissa cut off of those of f32. */
function store(view: DataView, format: Format, at: number, value: number): void {
  view.setFloat32(0, value, true)
  const bits = view.getUint32(0, true)
  const sign = bits >>> 31
  const magnitude = (shift: number, bias: number): number => ((bits & 0x7fffffff) >>> shift) - (bias << (23 - shift))
  if (format === 'f32') view.setFloat32(at, value, true)
  else if (format === 'bf16') view.setUint16(at, bits >>> 16, true)
  else if (format === 'f16') view.setUint16(at, (sign << 15) | magnitude(13, 112), true)
  else view.setUint8(at, (sign << 7) | magnitude(20, 120))
}

/** What those bits mean. */
function stored(format: Format, value: number): number {
  if (format === 'f32') return Math.fround(value)
  const steps = { bf16: 7, f16: 10, fp8: 3 }[format]
  const step = 2 ** (Math.floor(Math.log2(Math.abs(value))) - steps)
  return Math.trunc(value / step) * step
}

/** A matrix [ROWS, columns] as the loader leaves it; fp8 with a scale for every `block` columns of each `blockRows` rows. */
async function matrixOf(wasm: string, format: Format, columns: number, block: number, blockRows: number) {
  const kernels = await instantiate(wasm)
  const { buffer } = kernels.memory
  const bytes = columns * BYTES[format]
  const isWhole = format !== 'f32' && bytes % 16 === 0
  const gridCols = Math.ceil(columns / block)
  const scale = (row: number, col: number): number =>
    format === 'fp8' ? 1 + ((Math.floor(row / blockRows) * 7 + Math.floor(col / block) * 3) % 11) / 16 : 1
  const weights = new Float64Array(ROWS * columns)
  const view = new DataView(buffer, MATRIX - 64)
  for (let row = 0; row < ROWS; row++)
    for (let col = 0; col < columns; col++) {
      const value = Math.fround(Math.cos(row * 1.3 + col * 0.7) + (col % 2 === 0 ? 1.2 : -1.2))
      store(view, format, 64 + row * bytes + col * BYTES[format], value)
      weights[row * columns + col] = stored(format, value) * scale(row, col)
    }
  const scales = new Float32Array(buffer, SCALES, gridCols * Math.ceil(ROWS / blockRows))
  scales.forEach((_, i) => (scales[i] = scale(Math.floor(i / gridCols) * blockRows, (i % gridCols) * block)))
  if (isWhole && format === 'fp8') kernels.kernel['weave']!(MATRIX, ROWS * bytes)
  if (isWhole) kernels.kernel['interleave']!(MATRIX, ROWS, bytes, SPARE, format === 'fp8' ? 0 : 1)
  writeDescriptor(buffer, DESCRIPTOR, {
    ...{ format, data: MATRIX, scales: SCALES, rows: ROWS, cols: columns, stride: bytes, multiplier: 1 },
    ...{ gridCols, blockRows, blockCols: block, paddedCols: columns, interleaved: isWhole ? 1 : 0 },
  })
  return new ProductBench(kernels, weights)
}

describe.each(BUILDS)('matrices of floats, %s kernels', (_, wasm) => {
  describe.each(['f32', 'bf16', 'f16', 'fp8'] as const)('%s', (format) => {
    // Whole vectors of each format, of some alone, and of none; blocks that end in whole vectors, and do not.
    it.each([
      [96, 32, 4],
      [80, 48, 1],
      [72, 24, 3],
      [70, 33, 43],
      [7, 7, 1],
    ])('%i columns', async (columns, block, blockRows) => {
      const bench = await matrixOf(wasm, format, columns, block, blockRows)
      const all = bench.multiply()
      expect(relativeError(all, bench.expected(false))).toBeLessThan(1e-6)
      for (let t = 0; t < TOKENS; t++)
        expect(bench.multiply(undefined, t, 1)).toEqual(all.slice(t * ROWS, (t + 1) * ROWS))
    })
  })
})
