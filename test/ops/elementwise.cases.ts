import { vector, view } from '../../src/graph/builder.js'
import type { Activation, HeadView, RopeOp, Value } from '../../src/graph/ops.js'
import { columnsOf, type OpCase, type RowInput } from './op-case.js'

/** The token's own row of x. */
const own = ({ x, position }: RowInput): Float32Array => x[position]!

export const embed: OpCase[] = [
  { name: 'rows of a few columns', width: 3 },
  { name: 'rows of more columns than are widened at a time', width: 1029 },
  {
    name: 'the largest, the smallest and zeros',
    width: 9,
    weights: { x: (i: number) => [3e38, -3e38, 1e-40, 0][i % 4]! },
  },
].map((c): OpCase => ({ ...c, build: (_, x) => x, expected: own, exact: 0 }))

export const rmsNorm: OpCase[] = [
  { name: 'one head', width: 12, build: (g, x) => g.rmsNorm(x, vector('norm', 12), 1e-6) },
  { name: 'ragged heads', width: 21, build: (g, x) => g.rmsNorm(x, vector('norm', 7), 1e-5, { heads: 3 }) },
  {
    name: 'a weight less one',
    width: 16,
    build: (g, x) => g.rmsNorm(x, vector('norm', 16), 1e-6, { weightOffset: 1 }),
  },
  { name: 'no weight', width: 37, build: (g, x) => g.rmsNorm(x, undefined, 1e-6) },
  {
    name: 'some columns, in place',
    width: 20,
    build(g, x) {
      g.rmsNorm(view(x, 4, 12), vector('norm', 6), 1e-6, { heads: 2, out: view(x, 4, 12) })
      return x
    },
  },
  {
    name: 'equal numbers become one',
    width: 10,
    weights: { x: (i) => (i % 2 === 0 ? 1 : -1) * 3 ** (Math.floor(i / 10) % 7) },
    build: (g, x) => g.rmsNorm(x, undefined, 0),
    expected: (input) => own(input).map(Math.sign),
  },
  {
    name: 'large numbers',
    width: 12,
    weights: { x: (i) => 1e17 * Math.sin(i) },
    build: (g, x) => g.rmsNorm(x, vector('norm', 12), 1e-6),
  },
  {
    name: 'zeros',
    width: 8,
    weights: { x: () => 0 },
    build: (g, x) => g.rmsNorm(x, vector('norm', 8), 1e-6),
    expected: own,
  },
]

export const layerNorm: OpCase[] = [
  { name: 'whole vectors', width: 32, build: (g, x) => g.layerNorm(x, vector('norm', 32), vector('bias', 32), 1e-5) },
  { name: 'ragged', width: 11, build: (g, x) => g.layerNorm(x, vector('norm', 11), vector('bias', 11), 1e-5) },
  {
    name: 'ones around a mean',
    width: 8,
    weights: { x: (i) => (Math.floor(i / 8) % 9) + (i % 2 === 0 ? 2 : -2), norm: () => 1, bias: () => 3 },
    build: (g, x) => g.layerNorm(x, vector('norm', 8), vector('bias', 8), 0),
    expected: () => Array.from({ length: 8 }, (_, i) => (i % 2 === 0 ? 4 : 2)),
  },
]

const HEADS = 3

/** Rotates heads of `dim` columns, `gap` columns apart. */
function rotate(rule: Pick<RopeOp, 'dim' | 'pairs' | 'inverse'> & { gap?: number; shift?: number; factor?: number }) {
  const { dim, pairs: layout, inverse, gap = 0, shift, factor } = rule
  return {
    width: HEADS * (dim + gap),
    build(g: Parameters<OpCase['build']>[0], x: Value): Value {
      const table = g.ropeTable(frequencies(dim), factor, shift)
      const heads: HeadView = { value: x, offset: 0, stride: dim + gap }
      g.rope({ x: heads, nHeads: HEADS, dim, pairs: layout, table, ...(inverse && { inverse }) })
      return x
    },
  }
}

function frequencies(dim: number): Float32Array {
  return Float32Array.from({ length: dim / 2 }, (_, i) => 10000 ** ((-2 * i) / dim))
}

const FAR = [130, 40]

export const rope: OpCase[] = [
  { name: 'halves', lengths: FAR, ...rotate({ dim: 16, pairs: 'half' }) },
  { name: 'pairs', lengths: FAR, ...rotate({ dim: 16, pairs: 'interleaved' }) },
  { name: 'halves of ragged heads', lengths: FAR, ...rotate({ dim: 6, pairs: 'half', gap: 5 }) },
  { name: 'pairs of ragged heads', lengths: FAR, ...rotate({ dim: 6, pairs: 'interleaved', gap: 5 }) },
  { name: 'one pair', lengths: FAR, ...rotate({ dim: 2, pairs: 'half' }) },
  { name: 'back', lengths: FAR, ...rotate({ dim: 12, pairs: 'half', inverse: true }) },
  { name: 'positions moved', lengths: FAR, ...rotate({ dim: 8, pairs: 'interleaved', shift: -3, factor: 0.8 }) },
  {
    name: 'there and back again',
    lengths: FAR,
    width: 24,
    build(g, x) {
      const turn = { nHeads: 2, dim: 12, pairs: 'half', table: g.ropeTable(frequencies(12)) } as const
      const heads = { value: x, offset: 0, stride: 12 }
      g.rope({ x: g.rope({ x: heads, ...turn }), ...turn, inverse: true })
      return x
    },
    expected: own,
  },
  {
    name: 'into another value',
    width: 16,
    build(g, x) {
      const out = g.value(16)
      const [from, to] = [x, out].map((value) => ({ value, offset: 0, stride: 8 })) as [HeadView, HeadView]
      g.rope({ x: from, out: to, nHeads: 2, dim: 8, pairs: 'half', table: g.ropeTable(frequencies(8)) })
      return out
    },
  },
]

const ACTIVATIONS: Record<string, Activation> = {
  silu: 'silu',
  'tanh-gelu': 'gelu_tanh',
  situ: 'situ',
  'the clamped SwiGLU of gpt-oss': { alpha: 1.702, limit: 0.6, upOffset: 1 },
  'a clamp without more': { alpha: 1, limit: 0.5, upOffset: 0 },
}

export const gatedMul: OpCase[] = Object.entries(ACTIVATIONS).flatMap(([name, activation]): OpCase[] => {
  const gated = (columns: number): Pick<OpCase, 'width' | 'build'> => ({
    width: 2 * columns,
    build(g, x) {
      const [gate, up] = columnsOf(x, columns, columns)
      return g.gatedMul(gate!, up!, activation)
    },
  })
  return [
    { name, ...gated(16) },
    { name: `${name}, ragged`, ...gated(7) },
    { name: `${name}, far from zero`, ...gated(5), weights: { x: (i) => [90, -90, 1e4, -1e4, 0, -20, 3][i % 7]! } },
  ]
})

export const scale: OpCase[] = [
  {
    name: 'a factor',
    width: 13,
    build: (g, x) => g.scale(x, -0.375),
    expected: (input) => own(input).map((v) => v * -0.375),
  },
  {
    name: 'in place',
    width: 8,
    build: (g, x) => g.scale(x, 2, { out: view(x) }),
    expected: (i) => own(i).map((v) => 2 * v),
  },
  {
    name: 'a temperature as in Llama 4',
    width: 6,
    lengths: FAR,
    build: (g, x) => g.scale(x, 0.5, { temperature: { beta: 0.1, length: 8, shift: 1 } }),
  },
  {
    name: 'a temperature as in Ministral 3',
    width: 6,
    lengths: FAR,
    build: (g, x) => g.scale(x, 1, { temperature: { beta: 0.1, length: 32, shift: 0 } }),
    expected: ({ x, position }) => (position < 32 ? x[position] : undefined),
  },
]

export const add: OpCase[] = [16, 5].map((columns) => ({
  name: `${columns} columns`,
  width: 2 * columns,
  build(g, x) {
    const [a, b] = columnsOf(x, columns, columns)
    return g.add(a!, b!)
  },
  expected: (input) =>
    Array.from({ length: columns }, (_, i) => Math.fround(own(input)[i]! + own(input)[columns + i]!)),
}))

export const selectRows: OpCase[] = [
  { name: 'all rows', width: 6, build: (_, x) => x, expected: own, exact: 0 },
  { name: 'every third', width: 5, build: (_, x) => x, wanted: (p) => p % 3 === 2, expected: own, exact: 0 },
  { name: 'some columns', width: 12, build: (_, x) => view(x, 3, 7), expected: (i) => own(i).slice(3, 10), exact: 0 },
  {
    name: 'the last of a text, and a matrix on those alone',
    width: 8,
    lengths: [21, 21],
    wanted: (p) => p === 20,
    build: (g, x) => g.rmsNorm(x, vector('norm', 8), 1e-6),
  },
]
