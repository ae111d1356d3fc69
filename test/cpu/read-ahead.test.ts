// Whether kernels read weights ahead: what is faster on the processor, by a clock that the test has.
import { describe, expect, it } from 'vitest'
import { CONTROL_BLOCK } from '../../src/backends/contract.generated.js'
import { headerAddress, writeDescriptor, writeRecord } from '../../src/backends/cpu/records.js'
import { touchedAt } from '../../src/backends/scratch.generated.js'
import { BUILDS, instantiate } from './kernel-bench.js'

const [ROWS, COLS] = [2048, 1024]
const DESCRIPTOR = CONTROL_BLOCK.end
const [RECORD, SCRATCH, X, OUT, MATRIX] = [DESCRIPTOR + 128, 65536, 131072, 196608, 262144]
/** A piece is an eighth of the matrix for one thread; and most pairs of a trial. */
const [PIECES, PAIRS] = [8, 96]
const [READ_AHEAD, PLAIN] = [1, 2]

/** A matrix of blocks times codes, and one of floats that exact products read where it lies. */
const CODES = { format: 'int4', stride: 0, integer: 1 } as const
const FLOATS = { format: 'bf16', stride: COLS * 2, integer: 0, interleaved: 1 } as const

/** Rows of x times a matrix, over and over, where a piece takes as long as `times` says; what pieces were at the last. */
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
  kernels.kernel['init']!(0, 1, SCRATCH, 0, 0, 0)
  new Int32Array(buffer, headerAddress('stepTokens'), 1)[0] = rows
  const fields = {
    ...{ x: { address: X, rowBytes: 0 }, matrix: DESCRIPTOR, bias: undefined, integer },
    out: { address: OUT, rowBytes: 0 },
  }
  writeRecord(buffer, RECORD, { kernel: 'linear', rows: 'T', multiple: 1, fields }, false)
  for (let step = 0; step < (2 * PAIRS) / PIECES; step++) kernels.kernel['run']!(RECORD, 1)
  const timed = calls / 2
  wasRead()
  kernels.kernel['run']!(RECORD, 1)
  return { timed, more: calls / 2 - timed, isAhead: wasRead() }
}

describe.each(BUILDS)('weights of a few rows, %s kernels', (_, wasm) => {
  it('are read ahead where that is faster', async () => {
    expect(await lastPieces(wasm, (isAhead) => (isAhead ? READ_AHEAD : PLAIN))).toEqual({
      ...{ timed: 24, more: 0, isAhead: true },
    })
  })

  it('are not where it is slower, or as fast', async () => {
    expect(await lastPieces(wasm, (isAhead) => (isAhead ? PLAIN : READ_AHEAD))).toEqual({
      ...{ timed: 24, more: 0, isAhead: false },
    })
    expect(await lastPieces(wasm, () => 0)).toEqual({ timed: 24, more: 0, isAhead: false })
  })

  it('are read ahead though one piece in three is interrupted', async () => {
    const interrupted = (isAhead: boolean, piece: number): number =>
      piece % 3 === 0 ? 1000 : isAhead ? READ_AHEAD : PLAIN
    expect((await lastPieces(wasm, interrupted)).isAhead).toBe(true)
  })

  it('are so as floats, too', async () => {
    for (const [ahead, plain] of [
      [READ_AHEAD, PLAIN],
      [PLAIN, READ_AHEAD],
    ])
      expect(await lastPieces(wasm, (isAhead) => (isAhead ? ahead! : plain!), 1, FLOATS)).toEqual({
        ...{ timed: 24, more: 0, isAhead: ahead === READ_AHEAD },
      })
  })

  it('are read as far as the matrix goes, of any number of windows', async () => {
    for (const rows of [1032, 1528, 2040])
      for (const matrix of [CODES, FLOATS]) {
        const { isAhead } = await lastPieces(wasm, (isAhead) => (isAhead ? READ_AHEAD : PLAIN), 1, matrix, rows)
        expect(isAhead, `${matrix.format}, ${rows} rows`).toBe(true)
      }
  })

  it('are not for many rows', async () => {
    expect(await lastPieces(wasm, (isAhead) => (isAhead ? READ_AHEAD : PLAIN), 13)).toEqual({
      ...{ timed: 0, more: 0, isAhead: false },
    })
  })
})
