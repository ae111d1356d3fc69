import { matrix, vector } from '../../src/graph/builder.js'
import { columnsOf, type OpCase, type RowInput } from './op-case.js'

const LENGTHS = [180, 70]

/** Small whole numbers: sums are exact, and with 40 different tokens many scores are equal. */
const wholeNumber = (i: number): number => ((i * 7919) % 11) - 5

const [HEADS, DIM] = [3, 8]

/** The chosen positions, of one row for `every` positions. */
const pick = (topK: number, every: number): Omit<OpCase, 'name'> => ({
  width: HEADS * DIM + DIM + HEADS,
  lengths: LENGTHS,
  weights: { x: wholeNumber },
  ids: topK,
  ties: true,
  fast: false,
  build(g, x) {
    const [q, k, w] = columnsOf(x, HEADS * DIM, DIM, HEADS)
    return g.index(q!, k!, w!, { nHeads: HEADS, dim: DIM, topK, scale: 0.5, every })
  },
})

export const index: OpCase[] = [
  { name: '16 positions', ...pick(16, 1) },
  { name: '67 positions', ...pick(67, 1) },
  { name: '16 of one row for 4 positions', ...pick(16, 4) },
  {
    name: 'all there are',
    ...pick(200, 1),
    ties: false,
    expected: ({ position }) => Array.from({ length: 200 }, (_, i) => (i <= position ? i : -1)),
  },
]

interface Reads {
  readonly window: number
  /** Positions that an indexer chooses. */
  readonly topK?: number
  /** One entry for so many positions. */
  readonly every?: number
  readonly sinks?: boolean
}

/** q, latents, entries, and what an indexer reads, are columns of x. */
function attend({ window, topK, every, sinks }: Reads, nHeads = 3, rank = 12, ropeDim = 4, scale = 0.3) {
  const width = rank + ropeDim
  const widths = [nHeads * width, width, width]
  const before = widths.reduce((a, b) => a + b)
  const all = before + HEADS * DIM + DIM + HEADS
  const build: OpCase['build'] = (g, x) => {
    const [q, latent, entry, iq, ik, iw] = columnsOf(x, ...widths, HEADS * DIM, DIM, HEADS)
    const shape = { nHeads: HEADS, dim: DIM, scale: 0.5, every: every ?? 1 }
    const chosen = topK === undefined ? undefined : g.index(iq!, ik!, iw!, { ...shape, topK })
    const read = { ...(chosen && { chosen }), ...(every !== undefined && { entry: entry!, every }) }
    const sink = sinks && { sinks: vector('sinks', nHeads) }
    return g.sparseAttention(q!, latent!, { nHeads, rank, ropeDim, scale, window }, { ...read, ...sink })
  }
  const x = (i: number): number => (i % all < before ? 2 * Math.sin(i * 1.37) : wholeNumber(i))
  // Rounded keys choose other positions.
  return {
    width: all,
    build,
    lengths: LENGTHS,
    weights: { x },
    exact: 2e-5,
    fast: topK === undefined ? 0.03 : false,
  } as const
}

export const sparseAttention: OpCase[] = [
  { name: 'a window', ...attend({ window: 20 }) },
  { name: 'a window longer than the text', ...attend({ window: 500 }) },
  { name: 'a window with sinks', ...attend({ window: 20, sinks: true }) },
  { name: 'the chosen', ...attend({ window: 0, topK: 16 }) },
  { name: 'a window and the chosen of the entries', ...attend({ window: 12, topK: 8, every: 4 }) },
  { name: 'a window and all entries', ...attend({ window: 12, every: 4, sinks: true }) },
  { name: 'entries rarer than pages', ...attend({ window: 12, every: 128 }) },
  { name: 'more heads than share a row, ragged', ...attend({ window: 40 }, 19, 10, 6) },
  {
    name: 'a window of one',
    ...attend({ window: 1 }, 1),
    expected: ({ x, position }) => x[position]!.slice(16, 28),
  },
]

/** kv and gate are columns of x. */
const pool = (width: number, ratio: number, overlap: boolean): Omit<OpCase, 'name'> => ({
  width: 2 * width * (overlap ? 2 : 1),
  lengths: LENGTHS,
  build(g, x) {
    const columns = width * (overlap ? 2 : 1)
    const [kv, gate] = columnsOf(x, columns, columns)
    return g.compress(kv!, gate!, matrix('ape', ratio, columns, { quantizable: false }), { ratio, overlap })
  },
})

/** The mean of a window's rows where gates are equal; zeros where no window ends. */
function windowMean({ x, position }: RowInput, ratio: number, columns: number): number[] {
  const window = (position + 1) % ratio === 0 ? x.slice(position + 1 - ratio, position + 1) : []
  return Array.from({ length: columns }, (_, i) => window.reduce((sum, row) => sum + row[i]! / ratio, 0))
}

export const compress: OpCase[] = [
  { name: 'windows side by side', ...pool(16, 8, false) },
  { name: 'windows that overlap', ...pool(16, 4, true) },
  { name: 'windows longer than a page', ...pool(8, 128, false) },
  {
    name: 'equal gates',
    ...pool(4, 4, false),
    weights: { x: (i) => (i % 8 < 4 ? Math.sin(i) : 0.5), ape: () => 0 },
    expected: (input) => windowMean(input, 4, 4),
  },
]
