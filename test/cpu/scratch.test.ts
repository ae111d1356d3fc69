// Kernels keep to their thread's scratch (kernels/scratch.ts). Widths are such that the need of each kernel is the largest of its
// program, so that less than that would be too little: ops of usual widths take less than a chunk of a matrix.
import { describe, expect, it } from 'vitest'
import { CpuRunner } from '../../src/backends/cpu/runner.js'
import { matrix } from '../../src/graph/builder.js'
import { columnsOf, run, type OpCase } from '../ops/op-case.js'
import { underTest } from '../ops/backends.js'
import type { RunnerOptions } from '../runner.js'

const LENGTHS = [70, 12]
const [E, D] = [512, 64]

const attention: Omit<OpCase, 'name'> = {
  width: 4 * E,
  build(g, x) {
    const [q, k, v] = columnsOf(x, 2 * E, E, E)
    return g.attention(q!, k!, v!, { nHeads: 2, nKvHeads: 1, headDim: E, vHeadDim: E, scale: 0.05 })
  },
}

const CASES: readonly (OpCase & { readonly in: readonly RunnerOptions[] })[] = [
  { name: 'attention', ...attention, in: [{}, { precision: 'fast' }, { precision: 'fast', kvCache: 'q8' }] },
  {
    name: 'mlaAttention',
    width: 10 * (E + D) + E + D,
    build(g, x) {
      const [q, latent] = columnsOf(x, 10 * (E + D), E + D)
      return g.mlaAttention(q!, latent!, { nHeads: 10, rank: E, ropeDim: D, scale: 0.05 })
    },
    in: [{}, { precision: 'fast' }],
  },
  {
    name: 'sparseAttention',
    width: 10 * (E + D) + E + D,
    build(g, x) {
      const [q, latent] = columnsOf(x, 10 * (E + D), E + D)
      return g.sparseAttention(q!, latent!, { nHeads: 10, rank: E, ropeDim: D, scale: 0.05, window: 66 }, {})
    },
    in: [{}, { precision: 'fast' }],
  },
  {
    name: 'index',
    width: 4 * E + 1,
    lengths: [130, 12],
    // equal scores, so that whole rows are gone over
    weights: { x: (i) => (i * 7919) % 3 },
    build(g, x) {
      const [q, k, w] = columnsOf(x, 2 * E, 2 * E, 1)
      return g.index(q!, k!, w!, { nHeads: 1, dim: 2 * E, topK: 64, scale: 0.5, every: 1 })
    },
    in: [{}, { precision: 'fast' }],
  },
  {
    name: 'deltaRule',
    width: 3 * E + 2,
    build(g, x) {
      const [q, k, v, decay, beta] = columnsOf(x, E, E, E, 1, 1)
      return g.deltaRule(
        { q: q!, k: k!, v: v!, decay: decay!, beta: beta! },
        { nHeads: 1, nKeyHeads: 1, keyDim: E, valueDim: E },
      )
    },
    in: [{}],
  },
  {
    name: 'panels of integer matrices',
    width: 8 * E,
    build: (g, x) => g.linear(x, matrix('w', 40, 8 * E)),
    in: [{ precision: 'fast' }, { precision: 'fast', quantize: 'q4' }],
  },
  { name: 'rows of float matrices', width: 8 * E, build: (g, x) => g.linear(x, matrix('w', 40, 8 * E)), in: [{}] },
]

describe.each(CASES)('$name', ({ in: ways, ...opCase }) => {
  it.each(ways)('keeps to its scratch: %o', async (options) => {
    const cpu = underTest('cpu')
    const kept: boolean[] = []
    const look = (runner: unknown): void => {
      expect(runner).toBeInstanceOf(CpuRunner)
      kept.push((runner as CpuRunner).keptToScratch())
    }
    await run({ lengths: LENGTHS, ...opCase }, cpu, { threads: 2, ...options }, [Infinity, 1], look)
    expect(kept).toEqual([true, true])
  })
})
