import { describe, expect, it } from 'vitest'
import type { KernelFormat } from '../../src/backends/contract.generated.js'
import { writeDescriptor } from '../../src/backends/cpu/records.js'
import { BUILDS, instantiate } from './kernel-bench.js'

const [TARGET, SOURCE, CODES, GRID, ROWS] = [64, 128, 65536, 114688, 131072]
const WIDTH: Partial<Record<KernelFormat, number>> = { f32: 4, f16: 2, bf16: 2, fp8: 1 }

function describeMatrix(
  memory: WebAssembly.Memory,
  at: number,
  format: KernelFormat,
  rows: number,
  cols: number,
): void {
  writeDescriptor(memory.buffer, at, {
    format,
    ...{ data: at === TARGET ? CODES : ROWS, scales: GRID, rows, cols },
    ...{ stride: cols * (WIDTH[format] ?? 0), multiplier: 1, gridCols: 0, blockRows: 1, blockCols: 1 },
    paddedCols: Math.ceil(cols / 32) * 32,
  })
}

function fromHalf(half: number): number {
  const exponent = (half >> 10) & 31
  const size = exponent === 0 ? (half & 1023) * 2 ** -24 : (1 + (half & 1023) / 1024) * 2 ** (exponent - 15)
  return half & 0x8000 ? -size : size
}

/** Code and scale of an element, read from the interleaved blocks as docs/kernels.md states them. */
function element(memory: WebAssembly.Memory, bits: 4 | 8, cols: number, row: number, col: number): [number, number] {
  const lane = row & 7
  const codeBytes = bits * 32
  const block = ((row >> 3) * Math.ceil(cols / 32) + (col >> 5)) * (codeBytes + 16)
  const scale = fromHalf(new DataView(memory.buffer).getUint16(CODES + block + codeBytes + lane * 2, true))
  const bytes = new Uint8Array(memory.buffer, CODES + block)
  const c = col & 31
  if (bits === 8) return [bytes[(c >> 2) * 32 + lane * 4 + (c & 3)]! - 128, scale]
  const byte = bytes[((c & 15) >> 2) * 32 + lane * 4 + (c & 3)]!
  return [(c < 16 ? byte & 15 : byte >> 4) - 8, scale]
}

describe.each(BUILDS)('packing, %s kernels', (_, wasm) => {
  // 11 rows and 70 columns: ragged groups of rows and blocks of columns
  const [rows, cols] = [11, 70]

  it.each([4, 8] as const)('rounds floats to int%i, each block to its own extreme', async (bits) => {
    const { memory, kernel } = await instantiate(wasm)
    const values = new Float32Array(memory.buffer, ROWS, rows * cols)
    for (let i = 0; i < values.length; i++) values[i] = Math.sin(i * 1.7) * (1 + (i % 5))
    values.fill(0, 3 * cols, 3 * cols + 32)
    describeMatrix(memory, TARGET, bits === 4 ? 'int4' : 'int8', rows, cols)
    describeMatrix(memory, SOURCE, 'f32', rows, cols)
    const factor = 256
    kernel['packFloats']!(TARGET, SOURCE, factor, 0, rows)
    for (let row = 0; row < rows; row++)
      for (let col = 0; col < cols; col++) {
        const from = row * cols + (col & ~31)
        const block = values.subarray(from, Math.min(from + 32, (row + 1) * cols))
        const extreme = block.reduce((most, v) => (Math.abs(v) > Math.abs(most) ? v : most), 0)
        const [code, scale] = element(memory, bits, cols, row, col)
        const step = bits === 8 ? Math.abs(extreme) / 127 : extreme / -8
        expect(scale / factor).toBeCloseTo(step, 2 - Math.log10(Math.abs(step) + 1e-9))
        // half a step, but for int4's other end, which has one code less
        const slack = bits === 8 ? 0.51 : 1.01
        expect(Math.abs((code * scale) / factor - values[row * cols + col]!)).toBeLessThanOrEqual(
          slack * Math.abs(step) * (1 + 2 ** -10) + Math.abs(extreme) * 2 ** -10,
        )
      }
  })

  it.each([4, 8] as const)('only reorders ggml blocks of %i bits', async (bits) => {
    const { memory, kernel } = await instantiate(wasm)
    const blockBytes = bits === 4 ? 18 : 34
    const wide = 64
    const source = new Uint8Array(memory.buffer, ROWS, rows * (wide / 32) * blockBytes)
    for (let i = 0; i < source.length; i++) source[i] = (i * 89 + 7) & 0xff
    for (let at = 0; at < source.length; at += blockBytes) source[at + 1]! &= 0x3f // finite scales
    describeMatrix(memory, TARGET, bits === 4 ? 'int4' : 'int8', rows, wide)
    expect(kernel['packGgml']!(TARGET, ROWS, 0, rows)).toBe(0)
    for (let row = 0; row < rows; row++)
      for (let col = 0; col < wide; col++) {
        const at = (row * (wide / 32) + (col >> 5)) * blockBytes
        const c = col & 31
        const code =
          bits === 8 ? (source[at + 2 + c]! << 24) >> 24 : ((source[at + 2 + (c & 15)]! >> (c < 16 ? 0 : 4)) & 15) - 8
        const scale = fromHalf(source[at]! | (source[at + 1]! << 8))
        expect(element(memory, bits, wide, row, col)).toEqual([code, scale])
      }
    source[5 * (wide / 32) * blockBytes + 1] = 0x7c // an infinite scale in row 5
    expect(kernel['packGgml']!(TARGET, ROWS, 0, rows)).toBe(6)
  })

  it('reorders compressed-tensors words, and refuses scales that f16 cannot hold', async () => {
    const { memory, kernel } = await instantiate(wasm)
    const source = new Uint8Array(memory.buffer, ROWS, rows * 32)
    for (let i = 0; i < source.length; i++) source[i] = (i * 57 + 3) & 0xff
    const grid = new Float32Array(memory.buffer, GRID, rows * 2).map((_, i) => (i + 1) / 512)
    new Float32Array(memory.buffer, GRID, rows * 2).set(grid)
    describeMatrix(memory, TARGET, 'int4', rows, 64)
    expect(kernel['packWords']!(TARGET, ROWS, GRID, 16, 0, rows)).toBe(0)
    for (let row = 0; row < rows; row++)
      for (let col = 0; col < 64; col++) {
        const code = ((source[row * 32 + (col >> 1)]! >> ((col & 1) * 4)) & 15) - 8
        expect(element(memory, 4, 64, row, col)).toEqual([code, grid[row * 2 + (col >> 5)]! * 16])
      }
    new Float32Array(memory.buffer, GRID)[7] = 1 + 2 ** -12
    expect(kernel['packWords']!(TARGET, ROWS, GRID, 1, 0, rows)).toBe(4)
    new Float32Array(memory.buffer, GRID)[7] = 1e6
    expect(kernel['packWords']!(TARGET, ROWS, GRID, 1, 0, rows)).toBe(4)
  })

  it('sees a number that is not finite wherever it is', async () => {
    const { memory, kernel } = await instantiate(wasm)
    const cases: [width: number, mask: number, bad: number][] = [
      [1, 0x7f, 0xff],
      [2, 0x7c00, 0xfc01],
      [2, 0x7f80, 0x7f80],
      [4, 0x7f800000, 0x7fc00000],
    ]
    for (const [width, mask, bad] of cases)
      for (const count of [1, 15, 16, 37]) {
        const array = { 1: Uint8Array, 2: Uint16Array, 4: Uint32Array }[width]!
        const values = new array(memory.buffer, ROWS, count + 1).fill(1)
        values[count] = bad // beyond the end
        const check = (): number => kernel['anyMasked']!(ROWS, count * width, width, mask)
        expect(check()).toBe(0)
        for (let i = 0; i < count; i++) {
          values[i] = bad
          expect(check()).toBe(1)
          values[i] = 1
        }
      }
  })
})
