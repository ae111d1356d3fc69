// What attention may add to a causal softmax, on the cpu backend against the reference, over several cache pages.
import { describe, expect, it } from 'vitest'
import { cpuBackend } from '../../src/backends/cpu/cpu.js'
import { referenceBackend } from '../../src/backends/reference/reference.js'
import { GraphBuilder, matrix, vector, view } from '../../src/graph/builder.js'
import type { AttentionSpan, ScaleOp } from '../../src/graph/ops.js'
import type { Program } from '../../src/graph/program.js'
import { feedChunks, largestDifference } from './random-weights.js'

const V = 40
const COUNT = 210

interface Case {
  readonly span?: AttentionSpan
  readonly softcap?: number
  readonly sinks?: boolean
  readonly temperature?: ScaleOp['temperature']
  readonly heads?: readonly [nHeads: number, nKvHeads: number, headDim: number, vHeadDim: number]
  readonly scale?: number
}

/** q, k and v are columns of an embedding; the logits are made of what attention returns. */
function programOf(c: Case): Program {
  const [nHeads, nKvHeads, headDim, vHeadDim] = c.heads ?? [4, 2, 12, 12]
  const [q, k, v] = [nHeads * headDim, nKvHeads * headDim, nKvHeads * vHeadDim]
  const b = new GraphBuilder()
  const x = b.embed(matrix('x', V, q + k + v))
  const queries = view(x, 0, q)
  if (c.temperature) b.scale(queries, 0.5, { temperature: c.temperature, out: queries })
  const out = b.attention(queries, view(x, q, k), view(x, q + k, v), {
    ...{ nHeads, nKvHeads, headDim, vHeadDim, scale: c.scale ?? 0.5, span: c.span, softcap: c.softcap },
    sinks: c.sinks ? vector('sinks', nHeads) : undefined,
  })
  return b.build(b.linear(b.selectRows(out), matrix('head', V, nHeads * vHeadDim)), 4096)
}

const CASES: Record<string, Case> = {
  'nothing more': {},
  'heads of several blocks': { heads: [4, 1, 72, 40], scale: 0.1 },
  'a window inside of a page': { span: { kind: 'sliding', length: 12 } },
  'a window of one': { span: { kind: 'sliding', length: 1 } },
  'a window over pages': { span: { kind: 'sliding', length: 70 } },
  'a window of two whole pages': { span: { kind: 'sliding', length: 128 } },
  'a window longer than the sequence': { span: { kind: 'sliding', length: 1000 } },
  'blocks that end inside of pages': { span: { kind: 'chunked', length: 37 } },
  'blocks of whole pages': { span: { kind: 'chunked', length: 64 } },
  'blocks longer than a page': { span: { kind: 'chunked', length: 100 } },
  sinks: { sinks: true },
  'sinks with a window': { sinks: true, span: { kind: 'sliding', length: 66 }, heads: [6, 2, 16, 20] },
  'a soft cap': { softcap: 3 },
  'a soft cap with sinks and a window': { softcap: 5, sinks: true, span: { kind: 'sliding', length: 20 } },
  'a temperature as in Llama 4': { temperature: { beta: 0.1, length: 8, shift: 1 } },
  'a temperature as in Ministral 3': { temperature: { beta: 0.1, length: 32, shift: 0 }, heads: [3, 1, 18, 10] },
}

describe.each(Object.entries(CASES))('%s', (_, shape) => {
  const program = programOf(shape)

  it('gives what the reference gives, the same bits for any chunks and threads', async () => {
    const truth = await feedChunks(referenceBackend, program, COUNT, 64)
    const whole = await feedChunks(cpuBackend, program, COUNT, COUNT, { threads: 1 })
    expect(largestDifference(whole, truth)).toBeLessThan(2e-5)
    for (const [chunk, threads] of [
      [1, 2],
      [7, 3],
      [50, 2],
    ] as const)
      expect(await feedChunks(cpuBackend, program, COUNT, chunk, { threads })).toEqual(whole)
  })

  it.each(['f16', 'q8'] as const)('in fast with a cache in %s, near it, and the same bits again', async (kvCache) => {
    const truth = await feedChunks(referenceBackend, program, COUNT, 64)
    const options = { precision: 'fast', kvCache } as const
    const whole = await feedChunks(cpuBackend, program, COUNT, COUNT, { threads: 1, ...options })
    const norm = Math.hypot(...truth)
    expect(Math.hypot(...whole.map((x, i) => x - truth[i]!)) / norm).toBeLessThan(0.02)
    for (const [chunk, threads] of [
      [1, 2],
      [23, 3],
    ] as const)
      expect(await feedChunks(cpuBackend, program, COUNT, chunk, { threads, ...options })).toEqual(whole)
  })
})
