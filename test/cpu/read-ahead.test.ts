// Whether kernels read weights ahead: what is faster on the processor, by a clock that the test has.
import { describe, expect, it } from 'vitest'
import { CONTROL_BLOCK, X_BLOCK_BYTES, X_OUTLIER_BYTES } from '../../src/backends/contract.generated.js'
import { headerAddress, writeDescriptor, writeRecord } from '../../src/backends/cpu/records.js'
import { touchedAt } from '../../src/backends/scratch.generated.js'
import { BUILDS, instantiate } from './kernel-bench.js'

const [ROWS, COLS] = [2048, 1024]
const DESCRIPTOR = CONTROL_BLOCK.end
const [RECORD, SCRATCH, X, OUT, MATRIX] = [DESCRIPTOR + 128, 65536, 131072, 196608, 393216]
/** Most rows of x, and the bytes of one of codes. */
const [MOST, X_ROW] = [12, (COLS / 32) * X_BLOCK_BYTES]
/** A piece is an eighth of the matrix for one thread; and most pairs of a trial. */
const [PIECES, PAIRS] = [8, 96]
const [READ_AHEAD, PLAIN] = [1, 2]

/** Bytes of which weights and rows of x are made. */
const PATTERN = Uint8Array.from({ length: 4099 }, (_, i) => (i * 7 + (i >> 9)) % 61)

/** A matrix of blocks times codes, and one of floats that exact products read where it lies. */
const CODES = { format: 'int4', stride: 0, integer: 1 } as const
const FLOATS = { format: 'bf16', stride: COLS * 2, integer: 0, interleaved: 1 } as const

/** Rows of x times a matrix, over and over, where a piece takes as long as `times` says; what pieces were at the last, and its sums. */
async function lastPieces(
  wasm: string,
  times: (isAhead: boolean, piece: number) => number,
  rows = 1,
  { integer, ...matrix }: typeof CODES | typeof FLOATS = CODES,
  matrixRows = ROWS,
) {
  let [now, calls] = [0, 0]
  const touched = (): Int32Array => new Int32Array(kernels.memory.buffer, SCRATCH + touchedAt(), 4)
  /** Whether the piece that ends now was read ahead; asked again, of the next one. */
  const wasRead = (): boolean => {
    const was = touched()[0] !== 1
    touched()[0] = 1
    return was
  }
  const kernels = await instantiate(wasm, () => {
    const isAhead = wasRead()
    if (calls++ % 2 === 1) now += times(isAhead, calls >> 1)
    return now
  })
  kernels.memory.grow(Math.ceil((MATRIX + ROWS * COLS * 2) / 65536))
  const { buffer } = kernels.memory
  // the last byte of the matrix is the last one of memory: what reads on from it traps
  const data = buffer.byteLength - (matrixRows * COLS * (integer ? 9 : 32)) / 16
  const grid = { scales: 0, gridCols: 0, blockRows: 1, blockCols: 1, paddedCols: COLS }
  writeDescriptor(buffer, DESCRIPTOR, {
    ...{ ...matrix, data, rows: matrixRows, cols: COLS, multiplier: 1, ...grid },
  })
  for (let at = data; at < buffer.byteLength; at += PATTERN.length)
    new Uint8Array(buffer, at).set(PATTERN.subarray(0, buffer.byteLength - at))
  for (let row = 0; row < MOST; row++)
    new Uint8Array(buffer, X + row * (X_ROW + X_OUTLIER_BYTES)).set(PATTERN.subarray(row, row + X_ROW))
  kernels.kernel['init']!(0, 1, SCRATCH, 0, 0, 1)
  new Int32Array(buffer, headerAddress('stepTokens'), 1)[0] = rows
  const fields = {
    ...{ x: { address: X, rowBytes: X_ROW + X_OUTLIER_BYTES }, matrix: DESCRIPTOR, bias: undefined, integer },
    out: { address: OUT, rowBytes: ROWS * 4 },
  }
  writeRecord(buffer, RECORD, { kernel: 'linear', rows: 'T', multiple: 1, fields }, false)
  for (let step = 0; step < (2 * PAIRS) / PIECES; step++) kernels.kernel['run']!(RECORD, 1)
  const timed = calls / 2
  wasRead()
  kernels.kernel['run']!(RECORD, 1)
  const sums = new Int32Array(buffer.slice(OUT, OUT + rows * ROWS * 4))
  return { pieces: { timed, more: calls / 2 - timed, isAhead: wasRead() }, sums }
}

const FASTER_AHEAD = (isAhead: boolean): number => (isAhead ? READ_AHEAD : PLAIN)
const FASTER_PLAIN = (isAhead: boolean): number => (isAhead ? PLAIN : READ_AHEAD)

describe.each(BUILDS)('weights of a few rows, %s kernels', (_, wasm) => {
  it('are read ahead where that is faster', async () => {
    expect((await lastPieces(wasm, FASTER_AHEAD)).pieces).toEqual({
      ...{ timed: 24, more: 0, isAhead: true },
    })
  })

  it('are not where it is slower, or as fast', async () => {
    expect((await lastPieces(wasm, FASTER_PLAIN)).pieces).toEqual({
      ...{ timed: 24, more: 0, isAhead: false },
    })
    expect((await lastPieces(wasm, () => 0)).pieces).toEqual({ timed: 24, more: 0, isAhead: false })
  })

  it('are read ahead though one piece in three is interrupted', async () => {
    const interrupted = (isAhead: boolean, piece: number): number =>
      piece % 3 === 0 ? 1000 : isAhead ? READ_AHEAD : PLAIN
    expect((await lastPieces(wasm, interrupted)).pieces.isAhead).toBe(true)
  })

  it('are so as floats, too', async () => {
    for (const times of [FASTER_AHEAD, FASTER_PLAIN])
      expect((await lastPieces(wasm, times, 1, FLOATS)).pieces).toEqual({
        ...{ timed: 24, more: 0, isAhead: times === FASTER_AHEAD },
      })
  })

  it('are read as far as the matrix goes, of any number of windows', async () => {
    for (const rows of [1032, 1528, 2040])
      for (const matrix of [CODES, FLOATS]) {
        const { pieces } = await lastPieces(wasm, FASTER_AHEAD, 1, matrix, rows)
        expect(pieces.isAhead, `${matrix.format}, ${rows} rows`).toBe(true)
      }
  })

  it('give the sums that they give without', async () => {
    for (const [rows, matrix] of [
      [1, CODES],
      [4, CODES],
      [7, CODES],
      [MOST, CODES],
      [2, FLOATS],
    ] as const) {
      const ahead = await lastPieces(wasm, FASTER_AHEAD, rows, matrix, 1032)
      const plain = await lastPieces(wasm, FASTER_PLAIN, rows, matrix, 1032)
      expect(ahead.sums.some((sum) => sum !== 0)).toBe(true)
      expect(ahead.sums, `${matrix.format}, ${rows} rows`).toEqual(plain.sums)
    }
  })

  it('are not for many rows', async () => {
    expect((await lastPieces(wasm, FASTER_AHEAD, MOST + 1)).pieces).toEqual({
      ...{ timed: 0, more: 0, isAhead: false },
    })
  })
})
