/** A few ops with their inputs, as data: what a case is, the program that it makes, and how its rows are fed to a backend. */
import { PAGE_SIZE, type Runner, type Step } from '../../src/backends/backend.js'
import { GraphBuilder, matrix, view } from '../../src/graph/builder.js'
import type { Value, View } from '../../src/graph/ops.js'
import type { Program } from '../../src/graph/program.js'
import { joinedRows, loadRunner, type RunnerOptions } from '../runner.js'
import type { BackendUnderTest } from './backends.js'
import { generator, valuesOf, weightsFor, type Formula } from './random-weights.js'

/** Different tokens that are fed. */
const TOKENS = 40

export interface OpCase {
  readonly name: string
  /** Columns of the input x: rows of a table by token, random in [-2, 2] unless `weights` says otherwise. */
  readonly width: number
  /** The ops of the case; what they return is compared, row by row. */
  readonly build: (g: GraphBuilder, x: Value) => Value | View
  /** Tokens of the sequences that are fed together, 256 at the most. */
  readonly lengths?: readonly number[]
  /** Weights by name, and `x`, where they are not random. */
  readonly weights?: Readonly<Record<string, Formula>>
  /** What the row of a token has to be, without the reference. Undefined: anything. */
  readonly expected?: (input: RowInput) => ArrayLike<number> | undefined
  /** The first columns hold ids or positions. */
  readonly ids?: number
  /** Rows that are asked for; by default all. */
  readonly wanted?: (position: number) => boolean
  /** Some choices are among equal scores. */
  readonly ties?: boolean
  /** Largest difference in exact, as a part of the largest value; 1e-5 unless said otherwise. */
  readonly exact?: number
  /** Distance in fast, as a part of the length of all rows; 0.05 unless said otherwise. false: it may be any. */
  readonly fast?: number | false
}

/** What an expectation may look at. */
export interface RowInput {
  /** Rows of x of the token's sequence, from position 0. */
  readonly x: readonly Float32Array[]
  readonly position: number
  /** Values of a weight. */
  readonly weight: (name: string, count: number) => Float32Array
}

/** All rows of the sequences, one after another, [sum of lengths, columns]; and where each sequence's first tie was. */
export interface Rows {
  readonly values: Float32Array
  readonly tied: readonly number[]
}

/** The program of a case: its logits begin with the case's columns. */
export function programOf({ width, build }: OpCase): { program: Program; columns: number } {
  const g = new GraphBuilder()
  const out = g.selectRows(build(g, g.embed(matrix('x', TOKENS, width))))
  // A vocabulary has no less tokens than are fed.
  const logits = out.width < TOKENS ? g.repeat(out, Math.ceil(TOKENS / out.width)) : out
  return { program: g.build(logits, 4096), columns: out.width }
}

/** Runs a case once for each feeding of a division; `look` is shown the runner after each. */
export async function run(
  opCase: OpCase,
  { backend, idsAreBits }: BackendUnderTest,
  options: RunnerOptions,
  most: readonly number[],
  look: (runner: Runner) => void = () => undefined,
): Promise<Rows[]> {
  const { program, columns } = programOf(opCase)
  const runner = await loadRunner(backend, program, weightsFor(opCase.weights), options)
  const all: Rows[] = []
  for (const part of most) {
    const rows = await feed(runner, opCase, program.vocabSize, columns, part)
    if (idsAreBits) asNumbers(rows.values, columns, opCase.ids ?? 0)
    all.push(rows)
    look(runner)
  }
  await runner.close()
  return all
}

/** Sequences that continue by up to `most` tokens a step, each by another number, so that they meet in many ways. */
async function feed(runner: Runner, opCase: OpCase, stride: number, columns: number, most: number): Promise<Rows> {
  const sequences = sequencesOf(opCase)
  const pages = sequences.map(({ ids }) => Math.ceil(ids.length / PAGE_SIZE)).reduce((a, b) => Math.max(a, b))
  await runner.reservePages(pages * sequences.length)
  await runner.reserveSlots(sequences.length)
  const values = new Float32Array(sequences.reduce((sum, { ids }) => sum + ids.length, 0) * columns)
  const tied = sequences.map(() => Infinity)
  const done = sequences.map(() => 0)
  for (let part = 1; sequences.some(({ ids }, i) => done[i]! < ids.length); part++) {
    const served = sequences.flatMap((sequence, i) => {
      const left = sequence.ids.length - done[i]!
      const count = Math.min(left, most === Infinity ? left : 1 + ((part * (i + 2)) % most))
      return count > 0 ? [{ ...sequence, i, from: done[i]!, count }] : []
    })
    const step = stepOf(served, pages, sequences.length, opCase.wanted)
    const result = await runner.submit(step).done
    const logits = joinedRows(result.rows)
    step.logitRows.forEach((t, r) => {
      const { first, i } = served[step.sequences[t]!]!
      values.set(logits.subarray(r * stride, r * stride + columns), (first + step.positions[t]!) * columns)
      tied[i] = Math.min(tied[i]!, result.tiedFrom?.[step.sequences[t]!] ?? Infinity)
    })
    for (const { i, count } of served) done[i]! += count
  }
  return { values, tied }
}

interface Sequence {
  readonly ids: readonly number[]
  /** Its first row among those of all. */
  readonly first: number
}

function sequencesOf({ lengths = [21, 9, 14] }: OpCase): Sequence[] {
  const next = generator(5)
  let first = 0
  return lengths.map((length) => {
    const sequence = { first, ids: Array.from({ length }, () => Math.floor(next() * TOKENS)) }
    first += length
    return sequence
  })
}

/** Pages and slots lie in another order than positions and sequences. */
function stepOf(
  served: readonly (Sequence & { i: number; from: number; count: number })[],
  pages: number,
  count: number,
  wanted: OpCase['wanted'] = () => true,
): Step {
  const tokens = served.flatMap((s, sequence) =>
    Array.from({ length: s.count }, (_, j) => {
      const position = s.from + j
      // The first, third ... are prompts, the others answers.
      const end = s.i % 2 === 0 ? s.ids.length : position + 1
      return { id: s.ids[position]!, position, sequence, end }
    }),
  )
  return {
    tokens: Int32Array.from(tokens, ({ id }) => id),
    positions: Int32Array.from(tokens, ({ position }) => position),
    sequences: Int32Array.from(tokens, ({ sequence }) => sequence),
    textLengths: Int32Array.from(tokens, ({ end }) => end),
    pageTables: served.map(({ i }) => Int32Array.from({ length: pages }, (_, j) => (pages - 1 - j) * count + i)),
    slots: Int32Array.from(served, ({ i }) => count - 1 - i),
    logitRows: Int32Array.from(tokens.flatMap(({ position }, t) => (wanted(position) ? [t] : []))),
  }
}

function asNumbers(values: Float32Array, columns: number, ids: number): void {
  const bits = new Int32Array(values.buffer)
  values.forEach((_, at) => {
    if (at % columns < ids) values[at] = bits[at]!
  })
}

/** What the case expects of each row without the reference; undefined where it expects nothing. */
export function expectedRows(opCase: OpCase): (ArrayLike<number> | undefined)[] {
  const { width, weights, expected = () => undefined, wanted = () => true } = opCase
  const table = valuesOf('x', TOKENS * width, weights)
  return sequencesOf(opCase).flatMap(({ ids }) => {
    const x = ids.map((id) => table.subarray(id * width, (id + 1) * width))
    const weight = (name: string, count: number): Float32Array => valuesOf(name, count, weights)
    return x.map((_, position) => (wanted(position) ? expected({ x, position, weight }) : undefined))
  })
}

/** Columns [from, from + count) of x. */
export function columnsOf(x: Value, ...widths: readonly number[]): View[] {
  let from = 0
  return widths.map((width) => view(x, (from += width) - width, width))
}
