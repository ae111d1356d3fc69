/** Mixtures of experts of all kinds, for the cases of `experts` and for tests of a backend's own machinery. */
import { matrix, vector, view } from '../../src/graph/builder.js'
import type { Activation, RouteOptions } from '../../src/graph/ops.js'
import type { OpCase } from './op-case.js'

/** A router with neither groups nor factors. */
export const PLAIN = { nGroups: 1, topkGroups: 1, groupScore: 'max', normalize: false, epsilon: 0, scale: 1 } as const

export interface MixtureShape {
  readonly scoring?: RouteOptions['scoring']
  readonly topK?: number
  readonly normalize?: boolean
  readonly biases?: boolean
  readonly weighted?: 'input' | 'output'
  readonly activation?: Activation
  readonly sizes?: readonly [D: number, F: number, X: number]
}

const OAI = { alpha: 1.702, limit: 0.6, upOffset: 1 }

export const MIXTURES: Readonly<Record<string, MixtureShape>> = {
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

export const MIXTURE_SIZES = [32, 24, 6] as const

/** The experts' inputs and the router's logits are columns of x. */
export function mixture(c: MixtureShape): Pick<OpCase, 'width' | 'build' | 'lengths'> {
  const [D, F, X] = c.sizes ?? MIXTURE_SIZES
  const { topK = 2, scoring = 'softmax', normalize = false, weighted = 'output', activation = 'silu' } = c
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
  return {
    width: D + X,
    lengths: [37, 20],
    build(g, x) {
      const routing = g.route(view(x, D, X), { ...PLAIN, scoring, topK, normalize, scale: 1.5 })
      return g.experts(view(x, 0, D), routing, weights, topK, activation, weighted)
    },
  }
}
