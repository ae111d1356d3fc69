import { vector, view } from '../../src/graph/builder.js'
import type { AttentionSpan } from '../../src/graph/ops.js'
import { columnsOf, type OpCase, type RowInput } from './op-case.js'

/** Several pages of a sequence, and others that grow next to it. */
const LENGTHS = [150, 75, 10]

interface Shape {
  readonly span?: AttentionSpan
  readonly softcap?: number
  readonly sinks?: boolean
  readonly heads?: readonly [nHeads: number, nKvHeads: number, headDim: number, vHeadDim: number]
  readonly scale?: number
}

/** q, k and v are columns of x. */
function attend({ heads = [4, 2, 12, 12], span, softcap, sinks, scale = 0.5 }: Shape) {
  const [nHeads, nKvHeads, headDim, vHeadDim] = heads
  const widths = [nHeads * headDim, nKvHeads * headDim, nKvHeads * vHeadDim]
  const build: OpCase['build'] = (g, x) => {
    const [q, k, v] = columnsOf(x, ...widths)
    const rules = { span, softcap, sinks: sinks ? vector('sinks', nHeads) : undefined }
    return g.attention(q!, k!, v!, { nHeads, nKvHeads, headDim, vHeadDim, scale, ...rules })
  }
  return { width: widths.reduce((a, b) => a + b), build, lengths: LENGTHS, exact: 2e-5, fast: 0.03 }
}

/** In [-2, 2), without an order that rows would share. */
function noise(i: number): number {
  const parts = Math.sin(i * 12.9898) * 43758.5453
  return 4 * (parts - Math.floor(parts)) - 2
}

/** The mean of the columns from `first` on over the positions up to the token's own. */
function meanSoFar({ x, position }: RowInput, first: number): Float32Array {
  const mean = new Float32Array(x[0]!.length - first)
  for (const row of x.slice(0, position + 1)) mean.forEach((_, i) => (mean[i]! += row[first + i]! / (position + 1)))
  return mean
}

export const attention: OpCase[] = [
  { name: 'nothing more', ...attend({}) },
  { name: 'heads of several blocks', ...attend({ heads: [4, 1, 72, 40], scale: 0.1 }) },
  { name: 'ragged heads, each with its own keys', ...attend({ heads: [3, 3, 18, 10] }) },
  { name: 'a single head of keys', ...attend({ heads: [7, 1, 16, 20] }) },
  { name: 'heads that threads cannot share evenly', ...attend({ heads: [9, 3, 16, 16] }) },
  { name: 'a window inside of a page', ...attend({ span: { kind: 'sliding', length: 12 } }) },
  {
    name: 'a window of one',
    ...attend({ heads: [2, 2, 4, 6], span: { kind: 'sliding', length: 1 } }),
    expected: ({ x, position }) => x[position]!.slice(16),
  },
  { name: 'a window over pages', ...attend({ span: { kind: 'sliding', length: 70 } }) },
  { name: 'a window of two whole pages', ...attend({ span: { kind: 'sliding', length: 128 } }) },
  { name: 'a window longer than the sequence', ...attend({ span: { kind: 'sliding', length: 1000 } }) },
  { name: 'blocks that end inside of pages', ...attend({ span: { kind: 'chunked', length: 37 } }) },
  { name: 'blocks of whole pages', ...attend({ span: { kind: 'chunked', length: 64 } }) },
  { name: 'blocks longer than a page', ...attend({ span: { kind: 'chunked', length: 100 } }) },
  { name: 'sinks', ...attend({ sinks: true }) },
  {
    name: 'sinks with a window',
    ...attend({ sinks: true, span: { kind: 'sliding', length: 66 }, heads: [6, 2, 16, 20] }),
  },
  { name: 'a soft cap', ...attend({ softcap: 3 }) },
  {
    name: 'a soft cap with sinks and a window',
    ...attend({ softcap: 5, sinks: true, span: { kind: 'sliding', length: 20 } }),
  },
  {
    name: 'equal scores',
    ...attend({ heads: [2, 2, 8, 8] }),
    weights: { x: (i) => (i % 48 < 16 ? 0 : Math.sin(i * 1.37)) },
    expected: (input) => meanSoFar(input, 32),
  },
  {
    name: 'two columns of keys far beyond the others, as biases make them',
    ...attend({ heads: [4, 1, 128, 16], scale: 0.09 }),
    // After 512 columns of queries come those of keys: the 40th and 41st.
    weights: { x: (i) => noise(i) + (i % 656 === 552 ? 60 : i % 656 === 553 ? -90 : 0) },
    fast: 0.06,
  },
  { name: 'scores in the thousands', ...attend({ scale: 500 }), fast: false },
]

function absorbed(nHeads: number, rank: number, ropeDim: number, scale = 0.3) {
  const width = rank + ropeDim
  const build: OpCase['build'] = (g, x) => {
    const [q, latent] = columnsOf(x, nHeads * width, width)
    return g.mlaAttention(q!, latent!, { nHeads, rank, ropeDim, scale })
  }
  return { width: (nHeads + 1) * width, build, lengths: LENGTHS, exact: 2e-5, fast: 0.03 }
}

export const mlaAttention: OpCase[] = [
  { name: 'one head', ...absorbed(1, 8, 4) },
  { name: 'heads of whole blocks', ...absorbed(4, 64, 32, 0.1) },
  { name: 'ragged heads', ...absorbed(3, 10, 6) },
  { name: 'more heads than a kernel takes together', ...absorbed(17, 12, 4) },
  {
    name: 'equal scores',
    ...absorbed(1, 12, 4),
    weights: { x: (i) => (i % 32 < 16 ? 0 : Math.sin(i * 1.37)) },
    expected: (input) => meanSoFar(input, 16).slice(0, 12),
  },
  {
    name: 'the second half of a latent',
    width: 40,
    lengths: LENGTHS,
    exact: 2e-5,
    build: (g, x) => g.mlaAttention(view(x, 0, 16), view(x, 24, 16), { nHeads: 1, rank: 12, ropeDim: 4, scale: 0.3 }),
  },
]
