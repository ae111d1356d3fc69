import { matrix, vector, view } from '../../src/graph/builder.js'
import type { OpCase } from './op-case.js'

/** y = W x (+ b), [N, K]. */
function product(N: number, K: number, bias = false): Pick<OpCase, 'width' | 'build'> {
  return {
    width: K,
    build: (g, x) => g.linear(x, matrix('w', N, K), bias ? vector('bias', N) : undefined),
  }
}

export const linear: OpCase[] = [
  { name: 'one number', ...product(1, 1) },
  { name: 'whole blocks', ...product(48, 64) },
  { name: 'ragged', ...product(43, 70, true) },
  { name: 'fewer columns than a vector has', ...product(9, 3) },
  { name: 'more columns than are widened at a time', ...product(12, 1100, true) },
  { name: 'more tokens than rows', lengths: [120, 80, 50], ...product(5, 33) },
  {
    name: 'the unit matrix',
    ...product(37, 37),
    weights: { w: (i) => (i % 38 === 0 ? 1 : 0) },
    expected: ({ x, position }) => x[position],
  },
  {
    name: 'zeros with a bias',
    ...product(10, 40, true),
    weights: { w: () => 0 },
    expected: ({ weight }) => weight('bias', 10),
  },
  {
    name: 'from some columns into others',
    width: 50,
    build(g, x) {
      const out = g.value(40)
      g.linearInto(view(x, 7, 32), matrix('a', 15, 32), view(out, 0, 15))
      g.linearInto(view(x, 0, 50), matrix('b', 25, 50), view(out, 15, 25), vector('bias', 25))
      return out
    },
  },
  {
    name: 'numbers of many sizes',
    ...product(20, 96),
    weights: { x: (i) => Math.sin(i) * 10 ** ((i % 9) - 4), w: (i) => Math.cos(i) * 10 ** ((i % 5) - 2) },
  },
]

const HEADS = 3

/** Heads of `width` columns, `gap` columns apart; their matrices have `rows` rows, after `first` others each. */
function perHead(shape: { width: number; gap: number; rows: number; first: number; transposed?: boolean }) {
  const { width, gap, rows, first, transposed = false } = shape
  const [from, to] = transposed ? [rows, width] : [width, rows]
  const build: OpCase['build'] = (g, x) => {
    const out = g.value(HEADS * to)
    g.headLinear({
      ...{ x: { value: x, offset: 0, stride: from + gap }, weight: matrix('heads', HEADS * (first + rows), width) },
      ...{ nHeads: HEADS, rowOffset: first, rowStride: first + rows, rows, transposed },
      out: { value: out, offset: 0, stride: to },
    })
    return out
  }
  return { width: HEADS * (from + gap), build }
}

export const headLinear: OpCase[] = [
  { name: 'whole blocks', ...perHead({ width: 64, gap: 32, rows: 72, first: 8 }) },
  { name: 'heads side by side', ...perHead({ width: 32, gap: 0, rows: 16, first: 0 }) },
  { name: 'ragged columns', ...perHead({ width: 20, gap: 5, rows: 16, first: 0 }) },
  { name: 'ragged rows', ...perHead({ width: 32, gap: 0, rows: 12, first: 4 }) },
  { name: 'transposed', ...perHead({ width: 64, gap: 0, rows: 64, first: 0, transposed: true }) },
  { name: 'transposed, in between others', ...perHead({ width: 32, gap: 4, rows: 12, first: 4, transposed: true }) },
]
