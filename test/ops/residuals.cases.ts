import { numbers, vector, view } from '../../src/graph/builder.js'
import { MOST_RESIDUALS } from '../../src/graph/ops/residuals.js'
import type { OpCase } from './op-case.js'

/** Mixes `count` blocks of `D` columns, which are columns of x. */
const mix = (count: number, D: number): Pick<OpCase, 'width' | 'build'> => ({
  width: count * D,
  build(g, x) {
    const blocks = Array.from({ length: count }, (_, i) => view(x, i * D, D))
    return g.mixResiduals(blocks, vector('norm', D), numbers('proj', [1, D]), 1e-6)
  },
})

export const mixResiduals: OpCase[] = [
  { name: 'three', ...mix(3, 16) },
  { name: 'ragged', ...mix(4, 11) },
  { name: 'as many as there may be', ...mix(MOST_RESIDUALS, 8) },
  { name: 'one is itself', ...mix(1, 12), expected: ({ x, position }) => x[position] },
  {
    name: 'shares that are equal',
    ...mix(2, 6),
    weights: { proj: () => 0 },
    expected: ({ x, position }) => Array.from({ length: 6 }, (_, i) => (x[position]![i]! + x[position]![6 + i]!) / 2),
  },
]
