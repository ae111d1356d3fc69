// What the codes of a row of activations leave out, and what becomes of it.
import { describe, expect, it } from 'vitest'
import { X_BLOCK_BYTES, X_OUTLIER_BYTES } from '../../src/backends/contract.generated.js'
import { headerAddress, writeRecord } from '../../src/backends/cpu/records.js'
import { BUILDS, instantiate } from './kernel-bench.js'

const [RECORD, X, CODES] = [4096, 65536, 98304]
// Two whole blocks and a ragged one.
const [COLS, BLOCKS] = [70, 3]

interface Quantised {
  readonly column: number
  readonly value: number
  /** What the codes mean. */
  readonly values: readonly number[]
}

async function quantise(wasm: string, x: readonly number[], outlier = 1): Promise<Quantised> {
  const { memory, kernel } = await instantiate(wasm)
  const { buffer } = memory
  new Float32Array(buffer, X, COLS).set(x)
  new Int32Array(buffer, headerAddress('stepTokens'), 1)[0] = 1
  const tail = CODES + BLOCKS * X_BLOCK_BYTES
  new Int32Array(buffer, tail, 2).fill(7)
  const rows = {
    x: { address: X, rowBytes: COLS * 4 },
    out: { address: CODES, rowBytes: BLOCKS * X_BLOCK_BYTES + X_OUTLIER_BYTES },
  }
  const fields = { ...rows, columns: COLS, outlier }
  writeRecord(buffer, RECORD, { kernel: 'quantize', rows: 'T', multiple: 1, fields }, false)
  kernel['run']!(RECORD, 1)
  const view = new DataView(buffer)
  const values = x.map((_, c) => {
    const block = CODES + (c >> 5) * X_BLOCK_BYTES
    return view.getInt8(block + (c & 31)) * view.getFloat32(block + 32, true)
  })
  return { column: view.getInt32(tail, true), value: view.getFloat32(tail + 4, true), values }
}

/** Between -1 and 1, none much larger than the others. */
const even = Array.from({ length: COLS }, (_, i) => Math.fround(Math.sin(i * 0.9)))
const withOne = (column: number, value: number): number[] => even.map((v, i) => (i === column ? value : v))

describe.each(BUILDS)('outliers of activations, %s kernels', (_, wasm) => {
  it.each([
    [5, 40],
    [63, -40],
    [69, 40],
  ])('column %i of %d is left out of the codes, whose steps are as fine as without it', async (column, value) => {
    const made = await quantise(wasm, withOne(column, value))
    expect([made.column, made.value, made.values[column]]).toEqual([column, value, 0])
    const without = await quantise(wasm, withOne(column, 0), 0)
    expect(made.values).toEqual(without.values)
  })

  it('none where it is not worth a product of its own', async () => {
    const made = await quantise(wasm, even)
    expect(made.column).toBe(-1)
    expect(made.values.every((v, i) => Math.abs(v - even[i]!) < 0.005)).toBe(true)
  })

  it('none in zeros', async () => {
    const made = await quantise(
      wasm,
      even.map(() => 0),
    )
    expect([made.column, made.values.every((v) => v === 0)]).toEqual([-1, true])
  })

  it.each([NaN, Infinity])('none in a row with %d, which is seen in what its codes mean', async (value) => {
    const made = await quantise(wasm, withOne(40, value))
    expect(made.column).toBe(-1)
    expect(made.values.every(Number.isFinite)).toBe(false)
  })

  it('nothing is written after the blocks where it is not asked for', async () => {
    const made = await quantise(wasm, withOne(5, 40), 0)
    expect(made.column).toBe(7)
    expect(made.values[5]).toBeCloseTo(40)
  })
})
