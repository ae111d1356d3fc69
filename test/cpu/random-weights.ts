/** Programs of a few ops with random weights, fed in many ways: what the tests of single ops share. */
import { PAGE_SIZE, type Backend } from '../../src/backends/backend.js'
import type { Checkpoint } from '../../src/checkpoint/checkpoint.js'
import { memorySource } from '../../src/checkpoint/files/memory.js'
import { storedTensor } from '../../src/checkpoint/tensor.js'
import type { Program } from '../../src/graph/program.js'
import { loadRunner, logitsOf, type RunnerOptions } from '../runner.js'

/** Uniform in [0, 1), the same for the same seed. */
export function generator(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
}

/** Random f32 tensors of whatever shape is asked for, the same for the same name: uniform in [-1, 1], `x` in [-2, 2]. */
export const randomWeights = {
  tensor(name: string, shape: readonly number[]) {
    const count = shape.reduce((a, n) => a * n, 1)
    const next = generator(Array.from(name, (c) => c.charCodeAt(0)).reduce((hash, c) => Math.imul(hash, 31) + c, 7))
    const values = Float32Array.from({ length: count }, () => (next() - 0.5) * (name === 'x' ? 4 : 2))
    const source = memorySource(name, new Uint8Array(values.buffer))
    return storedTensor({ name, format: 'f32', shape, source, offset: 0 })
  },
} as unknown as Checkpoint

/** Logits of all positions of one sequence of `count` random tokens, fed in chunks. */
export async function feedChunks(
  backend: Backend,
  program: Program,
  count: number,
  chunk: number,
  options: RunnerOptions = {},
): Promise<Float32Array> {
  const runner = await loadRunner(backend, program, randomWeights, options)
  const pages = Math.ceil(count / PAGE_SIZE)
  await runner.reservePages(pages)
  const next = generator(5)
  const ids = Int32Array.from({ length: count }, () => Math.floor(next() * program.vocabSize))
  const all = new Float32Array(count * program.vocabSize)
  for (let from = 0; from < count; from += chunk) {
    const tokens = ids.slice(from, from + chunk)
    const rows = tokens.map((_, i) => i)
    const logits = await logitsOf(runner, {
      tokens,
      positions: rows.map((i) => from + i),
      sequences: new Int32Array(tokens.length),
      // pages in another order than the positions
      pageTables: [Int32Array.from({ length: pages }, (_, i) => pages - 1 - i)],
      slots: new Int32Array(1),
      logitRows: rows,
    })
    all.set(logits, from * program.vocabSize)
  }
  await runner.close()
  return all
}

export function largestDifference(a: Float32Array, b: Float32Array): number {
  return a.reduce((worst, x, i) => Math.max(worst, Number.isNaN(x) ? Infinity : Math.abs(x - b[i]!)), 0)
}
