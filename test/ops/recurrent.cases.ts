import { numbers, vector, view } from '../../src/graph/builder.js'
import { columnsOf, type OpCase, type RowInput } from './op-case.js'

/** Over several chunks of the delta rule, which meet the steps anywhere. */
const LENGTHS = [70, 33, 50]

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x))
const own = ({ x, position }: RowInput): Float32Array => x[position]!

const convolve = (columns: number, shape: readonly number[] = [columns, 1, 4]): Omit<OpCase, 'name'> => ({
  width: columns,
  lengths: LENGTHS,
  build: (g, x) => g.shortConv(x, numbers('conv', shape)),
})

export const shortConv: OpCase[] = [
  { name: 'one vector of columns', ...convolve(4) },
  { name: 'columns of no whole block', ...convolve(44) },
  { name: 'weights in two dimensions', ...convolve(12, [12, 4]) },
  {
    name: 'only the own input',
    ...convolve(8),
    weights: { conv: (i) => (i % 4 === 3 ? 1 : 0) },
    expected: (input) => own(input).map((v) => v * sigmoid(v)),
  },
  {
    name: 'only the input three tokens before',
    ...convolve(8),
    weights: { conv: (i) => (i % 4 === 0 ? 1 : 0) },
    expected: ({ x, position }) => (x[position - 3] ?? new Float32Array(8)).map((v) => v * sigmoid(v)),
  },
]

const rates = (nHeads: number, width: number, bound?: number): Omit<OpCase, 'name'> => ({
  width,
  build: (g, x) =>
    g.decay(x, numbers('rate', [1, nHeads + 3, 1]), vector('bias', width), {
      nHeads,
      ...(bound !== undefined && { bound }),
    }),
})

export const decay: OpCase[] = [
  { name: 'of each head', ...rates(6, 6) },
  { name: 'of each channel', ...rates(3, 48) },
  { name: 'of ragged heads', ...rates(3, 15) },
  { name: 'bounded', ...rates(2, 40, -5) },
  {
    name: 'half, at zero and no speed',
    ...rates(4, 8),
    weights: { x: () => 0, rate: () => 0, bias: () => 0 },
    expected: () => new Array<number>(8).fill(0.5),
  },
  { name: 'far from zero', ...rates(2, 8), weights: { x: (i) => [-100, 100, -20, 20, 0][i % 5]! } },
]

interface Heads {
  readonly nHeads: number
  readonly nKeyHeads: number
  readonly keyDim: number
  readonly valueDim: number
  /** Every channel of a head's keys decays by itself. */
  readonly perChannel?: boolean
  readonly bound?: number
  readonly activation?: 'silu' | 'sigmoid'
}

/** A whole layer: q, k, v, decay, beta, gate and one gate for all are columns of x. */
function layer(s: Heads): Omit<OpCase, 'name'> {
  const [q, v] = [s.nKeyHeads * s.keyDim, s.nHeads * s.valueDim]
  const d = s.perChannel ? s.nHeads * s.keyDim : s.nHeads
  const conv = 2 * q + v
  return {
    width: conv + d + s.nHeads + v + 1,
    lengths: LENGTHS,
    exact: 2e-5,
    build(g, x) {
      const [mixed, rate, beta, gate, all] = columnsOf(x, conv, d, s.nHeads, v, 1)
      const [qs, ks, vs] = columnsOf(x, q, q, v)
      g.shortConv(mixed!, numbers('conv', [conv, 1, 4]))
      const { nHeads, bound, activation = 'silu' } = s
      const rule = { nHeads, ...(bound !== undefined && { bound }) }
      const decayed = g.decay(rate!, numbers('rate', [1, nHeads + 3, 1]), vector('bias', d), rule)
      const out = g.deltaRule({ q: qs!, k: ks!, v: vs!, decay: decayed, beta: beta! }, s)
      const gated = g.gatedNorm(out, gate!, vector('norm', s.valueDim), { eps: 1e-6, activation })
      g.sigmoidGate(gated, gate!)
      g.sigmoidGate(view(gated, 0, v - 1), all!)
      return gated
    },
  }
}

export const deltaRule: OpCase[] = [
  { name: 'one small head', ...layer({ nHeads: 1, nKeyHeads: 1, keyDim: 4, valueDim: 4 }) },
  {
    name: 'values that fill no panel',
    ...layer({ nHeads: 2, nKeyHeads: 2, keyDim: 8, valueDim: 20, activation: 'sigmoid' }),
  },
  { name: 'shared keys', ...layer({ nHeads: 6, nKeyHeads: 2, keyDim: 12, valueDim: 16 }) },
  { name: 'a decay per channel', ...layer({ nHeads: 3, nKeyHeads: 3, keyDim: 16, valueDim: 32, perChannel: true }) },
  {
    name: 'a bounded decay',
    ...layer({ nHeads: 2, nKeyHeads: 2, keyDim: 20, valueDim: 8, perChannel: true, bound: -5 }),
  },
  { name: 'heads as published', ...layer({ nHeads: 2, nKeyHeads: 1, keyDim: 128, valueDim: 128 }) },
  {
    // S is v k'^T of this token alone, so out = (q' . k') sigmoid(beta) v, and q' = k' / sqrt(E) where q = k.
    name: 'a state that does not stay',
    width: 4 + 4 + 2,
    lengths: LENGTHS,
    exact: 1e-4,
    weights: { x: (i) => (i % 10 === 8 ? 0 : i % 10 === 9 ? 1 : 1 + ((i * 7) % 5)) },
    build(g, x) {
      const [k, v, stays, beta] = columnsOf(x, 4, 4, 1, 1)
      const shape = { nHeads: 1, nKeyHeads: 1, keyDim: 4, valueDim: 4 }
      return g.deltaRule({ q: k!, k: k!, v: v!, decay: stays!, beta: beta! }, shape)
    },
    expected: (input) =>
      own(input)
        .slice(4, 8)
        .map((v) => 0.5 * sigmoid(1) * v),
  },
]

const norm = (heads: number, width: number, activation: 'silu' | 'sigmoid'): Omit<OpCase, 'name'> => ({
  width: 2 * heads * width,
  build(g, x) {
    const [values, gate] = columnsOf(x, heads * width, heads * width)
    return g.gatedNorm(values!, gate!, vector('norm', width), { eps: 1e-6, activation })
  },
})

export const gatedNorm: OpCase[] = [
  { name: 'silu', ...norm(2, 16, 'silu') },
  { name: 'sigmoid', ...norm(2, 16, 'sigmoid') },
  { name: 'narrow heads', ...norm(3, 4, 'silu') },
]

export const sigmoidGate: OpCase[] = [
  {
    name: 'a gate for each column',
    width: 22,
    build(g, x) {
      const [values, gate] = columnsOf(x, 11, 11)
      return g.sigmoidGate(values!, gate!)
    },
    expected: (input) => Array.from({ length: 11 }, (_, i) => own(input)[i]! * sigmoid(own(input)[11 + i]!)),
  },
  {
    name: 'one gate for all',
    width: 17,
    build(g, x) {
      const [values, gate] = columnsOf(x, 16, 1)
      return g.sigmoidGate(values!, gate!)
    },
    expected: (input) => Array.from({ length: 16 }, (_, i) => own(input)[i]! * sigmoid(own(input)[16]!)),
  },
]

export const copyHeads: OpCase[] = [
  {
    name: 'heads to other places',
    width: 3 * 9,
    build(g, x) {
      const out = g.value(3 * 5)
      g.copyHeads({ value: x, offset: 2, stride: 9 }, { value: out, offset: 0, stride: 5 }, 3, 5)
      return out
    },
    expected: (input) => [0, 1, 2].flatMap((h) => Array.from(own(input).slice(9 * h + 2, 9 * h + 7))),
    exact: 0,
  },
]
