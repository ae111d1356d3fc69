// One matrix per head on the cpu backend against the reference: in floats, and in integers where its parts are whole blocks.
import { describe, expect, it } from 'vitest'
import { cpuBackend } from '../../src/backends/cpu/cpu.js'
import { referenceBackend } from '../../src/backends/reference/reference.js'
import { GraphBuilder, matrix } from '../../src/graph/builder.js'
import type { Program } from '../../src/graph/program.js'
import { feedChunks, largestDifference } from './random-weights.js'

const V = 40
const HEADS = 3
const COUNT = 21

/** Heads of `width` columns, `gap` columns apart; their matrices have `rows` rows, behind `first` others each. */
interface Shape {
  readonly width: number
  readonly gap: number
  readonly rows: number
  readonly first: number
  readonly transposed?: boolean
}

const SHAPES: Record<string, Shape> = {
  'whole blocks': { width: 64, gap: 32, rows: 72, first: 8 },
  'heads side by side': { width: 32, gap: 0, rows: 16, first: 0 },
  'ragged columns': { width: 20, gap: 5, rows: 16, first: 0 },
  'ragged rows': { width: 32, gap: 0, rows: 12, first: 4 },
  transposed: { width: 64, gap: 0, rows: 64, first: 0, transposed: true },
}

/** The heads' inputs are columns of an embedding; the outputs make the logits. */
function programOf({ width, gap, rows, first, transposed = false }: Shape): Program {
  const b = new GraphBuilder()
  const x = b.embed(matrix('x', V, HEADS * (width + gap)))
  const weight = matrix('heads', HEADS * (first + rows), width)
  const stride = transposed ? width : rows
  const out = b.value(HEADS * stride)
  b.headLinear({
    ...{ x: { value: x, offset: 0, stride: width + gap }, weight, nHeads: HEADS },
    ...{ rowOffset: first, rowStride: first + rows, rows, transposed, out: { value: out, offset: 0, stride } },
  })
  return b.build(b.linear(b.selectRows(out), matrix('head', V, HEADS * stride)), 4096)
}

describe.each(Object.entries(SHAPES))('%s', (_, shape) => {
  const program = programOf(shape)

  it.each([1, 2, 3])('gives the logits of the reference in exact, %i threads', async (threads) => {
    const expected = await feedChunks(referenceBackend, program, COUNT, COUNT)
    expect(largestDifference(await feedChunks(cpuBackend, program, COUNT, COUNT, { threads }), expected)).toBeLessThan(
      1e-3,
    )
  })

  it('is near it in fast, the same in every chunk', async () => {
    const expected = await feedChunks(referenceBackend, program, COUNT, COUNT)
    const fast = { precision: 'fast', quantize: 'q8' } as const
    const one = await feedChunks(cpuBackend, program, COUNT, 1, { ...fast, threads: 1 })
    const scale = expected.reduce((largest, v) => Math.max(largest, Math.abs(v)), 0)
    expect(largestDifference(one, expected) / scale).toBeLessThan(0.03)
    for (const [chunk, threads] of [
      [2, 2],
      [7, 3],
      [COUNT, 2],
    ] as const)
      expect(await feedChunks(cpuBackend, program, COUNT, chunk, { ...fast, threads })).toEqual(one)
  })
})
