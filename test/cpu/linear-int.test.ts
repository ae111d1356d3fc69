// Matrices of int4 and int8 times activations in int8.
import { describe, expect, it } from 'vitest'
import { writeDescriptor } from '../../src/backends/cpu/records.js'
import type { KernelFormat } from '../../src/backends/contract.generated.js'
import {
  BUILDS,
  BYTES_SIGNED,
  DESCRIPTOR,
  FIND_OUT,
  MATRIX,
  ProductBench,
  ROWS,
  SOURCE,
  SOURCE_DESCRIPTOR,
  instantiate,
  relativeError,
} from './kernel-bench.js'

// Two whole blocks of columns and a ragged one.
const [COLS, BLOCKS] = [70, 3]
const SCALES = MATRIX + 65536

/** A matrix of `weight(row, col)` in `format`. */
async function pack(
  wasm: string,
  format: 'int4' | 'int8',
  weight: (row: number, col: number) => number,
): Promise<ProductBench> {
  const kernels = await instantiate(wasm)
  const { buffer } = kernels.memory
  const weights = new Float32Array(buffer, SOURCE, ROWS * COLS)
  weights.forEach((_, i) => (weights[i] = weight(Math.floor(i / COLS), i % COLS)))
  const describeMatrix = (at: number, kind: KernelFormat, data: number): void => {
    const matrix = { format: kind, data, scales: SCALES, rows: ROWS, cols: COLS, stride: COLS * 4 }
    const grid = { gridCols: 0, blockRows: 1, blockCols: 1, paddedCols: BLOCKS * 32 }
    writeDescriptor(buffer, at, { ...matrix, multiplier: 2 ** 112 / 256, ...grid })
  }
  describeMatrix(DESCRIPTOR, format, MATRIX)
  describeMatrix(SOURCE_DESCRIPTOR, 'f32', SOURCE)
  kernels.kernel['packFloats']!(DESCRIPTOR, SOURCE_DESCRIPTOR, 256, 0, ROWS)
  return new ProductBench(kernels, weights)
}

describe.each(BUILDS)('integer matrices, %s kernels', (build, wasm) => {
  describe.each([
    ['int4', 0.15],
    ['int8', 0.02],
  ] as const)('%s', (format, tolerance) => {
    it('are near the product of the floats', async () => {
      const bench = await pack(wasm, format, (row, col) => Math.cos(row * 1.3 + col * 0.7))
      expect(relativeError(bench.multiply(FIND_OUT), bench.expected(false))).toBeLessThan(tolerance)
    })

    it('are the product of what the codes mean and of what they leave out', async () => {
      const bench = await pack(wasm, format, (row, col) => Math.cos(row * 1.3 + col * 0.7))
      const outliers = bench.outliers()
      expect(outliers.filter((_, t) => t % 2 === 1)).toEqual([53, 19, 55, 21, 57])
      expect(relativeError(bench.multiply(FIND_OUT), bench.expected(true))).toBeLessThan(tolerance)
    })

    it('give the same bits for one row and for many, whatever the product takes', async () => {
      const bench = await pack(wasm, format, (row, col) => Math.cos(row * 1.3 + col * 0.7))
      bench.expectSameBits()
    })

    // Codes that every engine multiplies alike, so that this path is seen everywhere. The baseline has no such product.
    if (build === 'relaxed')
      it('give the same bits where bytes are signed', async () => {
        const bench = await pack(wasm, format, (row, col) => ((row * 31 + col * 17) % 97) / 97)
        expect(bench.multiply(BYTES_SIGNED)).toEqual(bench.multiply(FIND_OUT))
      })
  })
})
