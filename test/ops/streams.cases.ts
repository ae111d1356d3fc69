import { vector, view } from '../../src/graph/builder.js'
import { columnsOf, type OpCase, type RowInput } from './op-case.js'

const own = ({ x, position }: RowInput): Float32Array => x[position]!

export const repeat: OpCase[] = [
  {
    name: 'some columns, three times',
    width: 11,
    build: (g, x) => g.repeat(view(x, 2, 7), 3),
    expected: (input) => [0, 1, 2].flatMap(() => Array.from(own(input).slice(2, 9))),
    exact: 0,
  },
]

const weigh = (streams: number, columns: number, iterations: number): Omit<OpCase, 'name'> => ({
  width: columns,
  build: (g, x) =>
    g.streamWeights(x, vector('scale', columns === streams ? 1 : 3), vector('base', columns), {
      streams,
      iterations,
      eps: 1e-6,
    }),
})

export const streamWeights: OpCase[] = [
  { name: 'as published', ...weigh(4, 24, 20) },
  { name: 'one round', ...weigh(4, 24, 1) },
  { name: 'two rounds, which do not settle yet', ...weigh(4, 24, 2) },
  { name: 'only what is read', ...weigh(4, 4, 20) },
  {
    name: 'equal weights',
    ...weigh(4, 24, 20),
    weights: { x: () => 0, base: () => 0 },
    expected: () => Array.from({ length: 24 }, (_, i) => (i < 4 ? 0.5 : i < 8 ? 1 : 0.25)),
  },
]

const D = 12

export const collapseStreams: OpCase[] = [
  {
    name: 'four of twelve columns',
    width: 4 * D + 4,
    build(g, x) {
      const [m, streams] = [view(x, 0, 4), g.value(4 * D)]
      g.scale(view(x, 4, 4 * D), 1, { out: view(streams) })
      const weights = g.streamWeights(m, vector('scale', 1), vector('base', 4), { streams: 4, eps: 0, iterations: 1 })
      return g.collapseStreams(streams, weights, 4)
    },
    weights: { scale: () => 0, base: () => 0 },
    expected: (input) =>
      Array.from({ length: D }, (_, i) => [0, 1, 2, 3].reduce((sum, j) => sum + own(input)[4 + j * D + i]! / 2, 0)),
  },
]

export const updateStreams: OpCase[] = [
  {
    name: 'four of twelve columns',
    width: 24 + 5 * D,
    build(g, x) {
      const [m, old, y] = columnsOf(x, 24, 4 * D, D)
      const streams = g.value(4 * D)
      g.scale(old!, 1, { out: view(streams) })
      const shape = { streams: 4, eps: 1e-6, iterations: 20 }
      const weights = g.streamWeights(m!, vector('scale', 3), vector('base', 24), shape)
      return g.updateStreams(streams, y!, weights, 4)
    },
  },
  {
    name: 'a mean of the old ones, and the new',
    width: 24 + 5 * D,
    build: (g, x) => {
      const [m, old, y] = columnsOf(x, 24, 4 * D, D)
      const streams = g.value(4 * D)
      g.scale(old!, 1, { out: view(streams) })
      const shape = { streams: 4, eps: 0, iterations: 1 }
      const weights = g.streamWeights(m!, vector('scale', 3), vector('base', 24), shape)
      return g.updateStreams(streams, y!, weights, 4)
    },
    weights: { scale: () => 0, base: () => 0 },
    expected: (input) => {
      const [old, y] = [own(input).slice(24, 24 + 4 * D), own(input).slice(24 + 4 * D)]
      return Array.from(
        old,
        (_, at) => y[at % D]! + [0, 1, 2, 3].reduce((sum, j) => sum + old[j * D + (at % D)]! / 4, 0),
      )
    },
  },
]
