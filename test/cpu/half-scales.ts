/** Matrices whose scales are f16 of any size, loaded and compared with what the file says. */
import { expect } from 'vitest'
import { cpuBackend } from '../../src/backends/cpu/cpu.js'
import type { Checkpoint } from '../../src/checkpoint/checkpoint.js'
import { memorySource } from '../../src/checkpoint/files/memory.js'
import { decodeRows } from '../../src/checkpoint/formats/decode.js'
import { rowBytes, type FormatName } from '../../src/checkpoint/formats/formats.js'
import { storedTensor } from '../../src/checkpoint/tensor.js'
import { GraphBuilder, matrix } from '../../src/graph/builder.js'
import { weightsFor } from '../ops/random-weights.js'
import { loadRunner, logitsOf } from '../runner.js'

/** Of a block: its bytes, and where its f16 scales lie. */
export interface HalfScales {
  readonly format: FormatName
  readonly blockBytes: number
  readonly at: readonly number[]
}

export const HALF_SCALES: readonly HalfScales[] = [
  { format: 'q4_k', blockBytes: 144, at: [0, 2] },
  { format: 'q5_k', blockBytes: 176, at: [0, 2] },
  { format: 'q6_k', blockBytes: 210, at: [208] },
  { format: 'q3_k', blockBytes: 110, at: [108] },
  { format: 'q2_k', blockBytes: 84, at: [80, 82] },
  { format: 'q4_1', blockBytes: 20, at: [0, 2] },
  { format: 'q5_0', blockBytes: 22, at: [0] },
  { format: 'q5_1', blockBytes: 24, at: [0, 2] },
  { format: 'iq4_xs', blockBytes: 136, at: [0] },
  { format: 'iq4_nl', blockBytes: 18, at: [0] },
]

const COLS = 512
/** Columns that are looked at, of both runs. */
const LOOKED_AT = [0, 33, 300, 511]

/** Scales are any f16 up to 1, many of them subnormal; one row has `large`. */
export interface LargeScale {
  readonly large?: number | undefined
  readonly row: number
}

function matrixOf({ format, blockBytes, at }: HalfScales, rows: number, { large, row }: LargeScale): Uint8Array {
  const bytes = new Uint8Array(rows * rowBytes(format, COLS))
  let state = 1
  for (let i = 0; i < bytes.length; i++) bytes[i] = (state = (Math.imul(state, 1103515245) + 12345) >>> 0) >>> 24
  const view = new DataView(bytes.buffer)
  for (let block = 0, n = 0; block < bytes.length; block += blockBytes)
    for (const offset of at) view.setUint16(block + offset, ((n++ * 7919) % 0x3c01) | (n % 3 === 0 ? 0x8000 : 0), true)
  if (large !== undefined) view.setUint16(row * rowBytes(format, COLS) + at[0]!, large, true)
  return bytes
}

/** Loads a matrix of so many rows and expects its values to be those of the plain decoder, bit by bit. */
export async function expectAsStored(own: HalfScales, rows: number, scale: LargeScale): Promise<void> {
  const source = memorySource('w', matrixOf(own, rows, scale))
  const stored = storedTensor({ name: 'w', format: own.format, shape: [rows, COLS], source, offset: 0 })
  const b = new GraphBuilder()
  const x = b.embed(matrix('x', LOOKED_AT.length, COLS))
  const program = b.build(b.linear(b.selectRows(x), matrix('w', rows, COLS)), 16)
  const units = weightsFor({ x: (i) => (LOOKED_AT[Math.floor(i / COLS)] === i % COLS ? 1 : 0) })
  const checkpoint = {
    tensor: (name: string, shape: readonly number[]) => (name === 'w' ? stored : units.tensor(name, shape)),
  } as Checkpoint
  const runner = await loadRunner(cpuBackend, program, checkpoint, { threads: 2 })
  await runner.reservePages(1)
  const tokens = Int32Array.from(LOOKED_AT, (_, i) => i)
  const step = { tokens, positions: tokens, sequences: new Int32Array(tokens.length), logitRows: tokens }
  const logits = await logitsOf(runner, { ...step, pageTables: [Int32Array.of(0)] })
  const expected = await decodeRows(stored, 0, rows)
  // Plus 0, since a product with 0 may be -0.
  const columns = Float32Array.from(
    logits,
    (_, i) => expected[(i % rows) * COLS + LOOKED_AT[Math.floor(i / rows)]!]! + 0,
  )
  expect(logits).toEqual(columns)
  await runner.close()
}
