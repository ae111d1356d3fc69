// Mixtures of experts on the cpu backend against the reference: every rule of choice, biases, weights on either side.
import { describe, expect, it } from 'vitest'
import { cpuBackend } from '../../src/backends/cpu/cpu.js'
import { referenceBackend } from '../../src/backends/reference/reference.js'
import { GraphBuilder, matrix, vector, view } from '../../src/graph/builder.js'
import type { Activation, RouteOp } from '../../src/graph/ops.js'
import type { Program } from '../../src/graph/program.js'
import { feedChunks, largestDifference } from './random-weights.js'

const V = 40
const COUNT = 60

interface Case {
  readonly scoring?: RouteOp['scoring']
  readonly topK?: number
  readonly normalize?: boolean
  readonly biases?: boolean
  readonly weighted?: 'input' | 'output'
  readonly activation?: Activation
  readonly sizes?: readonly [D: number, F: number, X: number]
}

/** Bytes of one expert in f32, and of a memory with room for two and a half of them beside the reserve. */
function bankFor(c: Case): number {
  const [D, F] = c.sizes ?? [32, 24]
  const weights = 3 * (D * F * 4 + 64) + (c.biases ? (2 * F + D) * 4 + 192 : 0)
  return Math.ceil((weights * 2.5 * 4) / 3)
}

const OAI = { alpha: 1.702, limit: 0.6, upOffset: 1 }

/** The experts' inputs and the router's logits are columns of an embedding. */
function programOf(c: Case): Program {
  const [D, F, X] = c.sizes ?? [32, 24, 6]
  const { topK = 2, scoring = 'softmax', normalize = false, weighted = 'output', activation = 'silu' } = c
  const b = new GraphBuilder()
  const x = b.embed(matrix('x', V, D + X))
  const rule = {
    scoring,
    nGroups: 1,
    topkGroups: 1,
    groupScore: 'max',
    topK,
    normalize,
    epsilon: 0,
    scale: 1.5,
  } as const
  const routing = b.route(view(x, D, X), rule)
  const all = <W>(make: (e: number) => W): W[] => Array.from({ length: X }, (_, e) => make(e))
  const weights = {
    gate: all((e) => matrix(`gate ${e}`, F, D)),
    up: all((e) => matrix(`up ${e}`, F, D)),
    down: all((e) => matrix(`down ${e}`, D, F)),
    ...(c.biases && {
      gateBias: all((e) => vector(`gate bias ${e}`, F)),
      upBias: all((e) => vector(`up bias ${e}`, F)),
      downBias: all((e) => vector(`down bias ${e}`, D)),
    }),
  }
  const y = b.experts(view(x, 0, D), routing, weights, topK, activation, weighted)
  return b.build(b.linear(b.selectRows(y), matrix('head', V, D)), 4096)
}

const CASES: Record<string, Case> = {
  'softmax of all': {},
  'softmax, normalised': { normalize: true },
  'softmax of the chosen': { scoring: 'chosenSoftmax', topK: 3 },
  'sigmoid, normalised': { scoring: 'sigmoid', normalize: true },
  'sigmoid of the chosen': { scoring: 'chosenSigmoid' },
  'one expert, its weight on the input': { scoring: 'chosenSigmoid', topK: 1, weighted: 'input' },
  'two experts, their weights on the inputs': { scoring: 'chosenSigmoid', topK: 2, weighted: 'input', biases: true },
  'biases and the clamped SwiGLU': { scoring: 'chosenSoftmax', biases: true, activation: OAI },
  'a clamp without more': { activation: { alpha: 1, limit: 0.5, upOffset: 0 } },
  'tanh-gelu': { activation: 'gelu_tanh', biases: true },
  'ragged sizes': { sizes: [35, 13, 5], biases: true, activation: OAI, weighted: 'input' },
  'all experts': { sizes: [32, 32, 4], topK: 4, scoring: 'chosenSoftmax' },
}

describe.each(Object.entries(CASES))('%s', (_, shape) => {
  const program = programOf(shape)

  it('gives what the reference gives, the same bits for any chunks and threads', async () => {
    const truth = await feedChunks(referenceBackend, program, COUNT, COUNT)
    const whole = await feedChunks(cpuBackend, program, COUNT, COUNT, { threads: 1 })
    expect(largestDifference(whole, truth) / Math.max(...truth.map(Math.abs))).toBeLessThan(2e-6)
    expect(await feedChunks(cpuBackend, program, COUNT, 1, { threads: 2 })).toEqual(whole)
    expect(await feedChunks(cpuBackend, program, COUNT, 7, { threads: 3 })).toEqual(whole)
  })

  it('the same bits with the experts divided between memories', async () => {
    const bankBytes = bankFor(shape)
    for (const precision of ['exact', 'fast'] as const) {
      const whole = await feedChunks(cpuBackend, program, COUNT, COUNT, { threads: 1, precision })
      for (const threads of [1, 3])
        expect(await feedChunks(cpuBackend, program, COUNT, 7, { threads, precision, bankBytes })).toEqual(whole)
    }
  })

  it('in fast, near it, and the same bits again', async () => {
    const truth = await feedChunks(referenceBackend, program, COUNT, COUNT)
    const fast = { precision: 'fast' as const }
    const whole = await feedChunks(cpuBackend, program, COUNT, COUNT, { threads: 1, ...fast })
    expect(Math.hypot(...whole.map((x, i) => x - truth[i]!)) / Math.hypot(...truth)).toBeLessThan(0.05)
    expect(await feedChunks(cpuBackend, program, COUNT, 1, { threads: 2, ...fast })).toEqual(whole)
    expect(await feedChunks(cpuBackend, program, COUNT, 7, { threads: 3, ...fast })).toEqual(whole)
  })
})

it('says that an expert is too large for a memory', async () => {
  await expect(feedChunks(cpuBackend, programOf({}), 1, 1, { bankBytes: 12000 })).rejects.toThrow(
    /^an expert of layer 0 needs .* one WebAssembly memory has room for/,
  )
})
