// Scales in f16 are stored times 2^10, which keeps them out of subnormal numbers; where one is too large for that, none is.
import { describe, expect, it } from 'vitest'
import { cpuBackend } from '../../src/backends/cpu/cpu.js'
import { lowerHalves } from '../../src/backends/formats/halves.js'
import { memorySource } from '../../src/checkpoint/files/memory.js'
import type { Checkpoint } from '../../src/checkpoint/checkpoint.js'
import { decodeRows } from '../../src/checkpoint/formats/decode.js'
import { rowBytes, type FormatName } from '../../src/checkpoint/formats/formats.js'
import { storedTensor } from '../../src/checkpoint/tensor.js'
import { GraphBuilder, matrix } from '../../src/graph/builder.js'
import { weightsFor } from '../ops/random-weights.js'
import { loadRunner, logitsOf } from '../runner.js'

/** An f16 by its definition (IEEE 754-2019, binary16). */
function valueOf(bits: number): number {
  const [exponent, mantissa] = [(bits >> 10) & 31, bits & 0x3ff]
  const size = exponent === 0 ? mantissa * 2 ** -24 : (1 + mantissa / 1024) * 2 ** (exponent - 15)
  return bits & 0x8000 ? -size : size
}

it('are lowered without a loss, and nothing else is touched', () => {
  // Two groups of two runs, of which the second is shorter; 1 is what lies between.
  const raised = [0x2800, 0x0d00, 0x7bff, 0x8c00, 0x0000, 0x8000, 0x2802, 0x2404]
  const halves = Uint16Array.from(
    [0, 1, 2, 3].flatMap((i) => [...raised.slice(2 * i, 2 * i + 2), 1, ...(i % 2 ? [] : [1])]),
  )
  const before = halves.slice()
  lowerHalves(halves, { bytes: 28, groups: 2, groupBytes: 14, runs: 2, runBytes: 8, superBytes: 4 })
  const scales = [0, 1, 4, 5, 7, 8, 11, 12]
  expect(scales.map((i) => valueOf(halves[i]!))).toEqual(scales.map((i) => valueOf(before[i]!) / 1024))
  expect([2, 3, 6, 9, 10, 13].map((i) => halves[i])).toEqual([1, 1, 1, 1, 1, 1])
})

/** Where the f16 scales of a block of so many bytes lie. */
const FORMATS: { format: FormatName; blockBytes: number; at: number[] }[] = [
  { format: 'q4_k', blockBytes: 144, at: [0, 2] },
  { format: 'q5_k', blockBytes: 176, at: [0, 2] },
  { format: 'q6_k', blockBytes: 210, at: [208] },
  { format: 'q2_k', blockBytes: 84, at: [80, 82] },
  { format: 'q4_1', blockBytes: 20, at: [0, 2] },
  { format: 'iq4_xs', blockBytes: 136, at: [0] },
]
/** Some pieces of the size that is loaded at a time. */
const [ROWS, COLS] = [800, 512]
/** Columns that are looked at, of both runs. */
const LOOKED_AT = [0, 33, 300, 511]

/** Rows whose scales are any f16 up to 1, many of them subnormal; and one row has `large`. */
function matrixOf({ format, blockBytes, at }: (typeof FORMATS)[number], large?: number, row = 0): Uint8Array {
  const bytes = new Uint8Array(ROWS * rowBytes(format, COLS))
  let state = 1
  for (let i = 0; i < bytes.length; i++) bytes[i] = (state = (Math.imul(state, 1103515245) + 12345) >>> 0) >>> 24
  const view = new DataView(bytes.buffer)
  for (let block = 0, n = 0; block < bytes.length; block += blockBytes)
    for (const offset of at) view.setUint16(block + offset, ((n++ * 7919) % 0x3c01) | (n % 3 === 0 ? 0x8000 : 0), true)
  if (large !== undefined) view.setUint16(row * rowBytes(format, COLS) + at[0]!, large, true)
  return bytes
}

describe.each(FORMATS)('in $format', (own) => {
  it.each([
    { large: undefined, row: 0 },
    // The largest that can be raised, the next one, and the largest f16; found by the first piece, and by the last.
    { large: 0x53ff, row: 799 },
    { large: 0x5400, row: 799 },
    { large: 0x7bff, row: 0 },
    { large: 0xfbff, row: 403 },
  ])('are what the file says: %o', async ({ large, row }) => {
    const source = memorySource('w', matrixOf(own, large, row))
    const stored = storedTensor({ name: 'w', format: own.format, shape: [ROWS, COLS], source, offset: 0 })
    const b = new GraphBuilder()
    const x = b.embed(matrix('x', LOOKED_AT.length, COLS))
    const program = b.build(b.linear(b.selectRows(x), matrix('w', ROWS, COLS)), 16)
    const units = weightsFor({ x: (i) => (LOOKED_AT[Math.floor(i / COLS)] === i % COLS ? 1 : 0) })
    const checkpoint = {
      tensor: (name: string, shape: readonly number[]) => (name === 'w' ? stored : units.tensor(name, shape)),
    } as Checkpoint
    const runner = await loadRunner(cpuBackend, program, checkpoint, { threads: 2 })
    await runner.reservePages(1)
    const tokens = Int32Array.from(LOOKED_AT, (_, i) => i)
    const step = { tokens, positions: tokens, sequences: new Int32Array(4), logitRows: tokens }
    const logits = await logitsOf(runner, { ...step, pageTables: [Int32Array.of(0)] })
    const expected = await decodeRows(stored, 0, ROWS)
    // Plus 0, since a product with 0 may be -0.
    const columns = LOOKED_AT.flatMap((col) => Array.from({ length: ROWS }, (_, r) => expected[r * COLS + col]! + 0))
    expect(logits).toEqual(Float32Array.from(columns))
    await runner.close()
  })
})
