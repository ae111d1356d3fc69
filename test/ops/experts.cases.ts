import { matrix, vector } from '../../src/graph/builder.js'
import type { RouteOptions } from '../../src/graph/ops.js'
import { MIXTURES, PLAIN, mixture } from './mixtures.js'
import type { OpCase } from './op-case.js'

/** Routes by X columns of x; the row is the ids, then their weights. */
function choose(X: number, rule: Pick<RouteOptions, 'scoring' | 'topK'> & Partial<RouteOptions>) {
  return { width: X, ids: rule.topK, build: (g, x) => g.route(x, { ...PLAIN, ...rule }) } satisfies Partial<OpCase>
}

const GROUPS = { scoring: 'sigmoid', topK: 4, nGroups: 4, topkGroups: 2 } as const

export const route: OpCase[] = [
  { name: 'softmax of all', ...choose(6, { scoring: 'softmax', topK: 2 }) },
  {
    name: 'softmax, normalised and scaled',
    ...choose(9, { scoring: 'softmax', topK: 3, normalize: true, scale: 2.5 }),
  },
  { name: 'softmax of the chosen', ...choose(6, { scoring: 'chosenSoftmax', topK: 3 }) },
  { name: 'sigmoid', ...choose(6, { scoring: 'sigmoid', topK: 2, normalize: true, epsilon: 1e-20 }) },
  { name: 'sigmoid of the chosen', ...choose(6, { scoring: 'chosenSigmoid', topK: 2 }) },
  { name: 'root of softplus', ...choose(16, { scoring: 'sqrtsoftplus', topK: 5, normalize: true }) },
  { name: 'a bias that only chooses', ...choose(8, { scoring: 'sigmoid', topK: 3, bias: vector('bias', 8) }) },
  { name: 'the groups with the best expert', ...choose(16, { ...GROUPS, groupScore: 'max' }) },
  {
    name: 'the groups with the two best experts, with a bias',
    ...choose(16, { ...GROUPS, groupScore: 'top2sum', bias: vector('bias', 16) }),
  },
  { name: 'groups of one expert', ...choose(4, { scoring: 'softmax', topK: 2, nGroups: 4, topkGroups: 3 }) },
  { name: 'all experts', ...choose(4, { scoring: 'softmax', topK: 4 }) },
  {
    name: "a token's own experts",
    ...choose(7, { scoring: 'sqrtsoftplus', topK: 2, normalize: true, table: matrix('table', 40, 2) }),
    weights: { table: (i) => (i % 2 === 0 ? i / 2 : (i + 1) / 2) % 7 },
  },
  {
    name: 'equal logits: the lower ids',
    ...choose(5, { scoring: 'softmax', topK: 3, scale: 2 }),
    weights: { x: () => 0.7 },
    expected: () => [0, 1, 2, 0.4, 0.4, 0.4],
  },
  {
    name: 'logits far from zero',
    ...choose(5, { scoring: 'softmax', topK: 2 }),
    weights: { x: (i) => (i % 5 === Math.floor(i / 5) % 5 ? 200 : -200 - (i % 5)) },
    expected: ({ x, position }) => {
      const best = x[position]!.indexOf(200)
      return [best, best === 0 ? 1 : 0, 1, 0]
    },
  },
]

export const experts: OpCase[] = Object.entries(MIXTURES).map(([name, c]) => ({ name, exact: 2e-6, ...mixture(c) }))
