// How far `fast` is from the reference's logits, for every architecture.
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { cpuBackend } from '../../src/backends/cpu/cpu.js'
import type { Program } from '../../src/graph/program.js'
import { firstOtherBits } from '../bits.js'
import { FIXTURES, GoldenRun, feedThreeWays, readGolden } from '../golden/harness.js'

/** |a - b| / |b| of each token's logits, and of all. */
function distances(a: Float32Array, b: Float32Array, tokens: number): { each: number[]; all: number } {
  const V = b.length / tokens
  const squares = Array.from({ length: tokens }, (_, t) => {
    let difference = 0
    let size = 0
    for (let i = t * V; i < (t + 1) * V; i++) {
      difference += (a[i]! - b[i]!) ** 2
      size += b[i]! ** 2
    }
    return { difference, size }
  })
  const total = (key: 'difference' | 'size'): number => squares.reduce((sum, square) => sum + square[key], 0)
  return {
    each: squares.map(({ difference, size }) => Math.sqrt(difference / size)),
    all: Math.sqrt(total('difference') / total('size')),
  }
}

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1]!

/**
 * About twice the largest distance of each kind. Rounding to int8 moves the logits of most tokens by 2 % to 4 %; in tiny
 * random models it also makes a token choose another expert now and then, which moves it by half, so the median says more than
 * the whole. Logits of another text are 1.4 away.
 */
function limitsOf(program: Program): { median: number; all: number } {
  const ops = new Set<string>(program.ops.map(({ op }) => op.op))
  // Attention over residuals has few rows to choose from, and a softmax of random logits magnifies what differs.
  if (ops.has('mixResiduals')) return { median: 0.25, all: 0.85 }
  // Each position that an indexer chooses is a tenth of what attention reads here.
  if (ops.has('index')) return { median: 0.09, all: 0.7 }
  // States that are carried on, and keys and values made of a latent vector, pass through more matrices.
  if (ops.has('mlaAttention') || program.recurrents.length > 0) return { median: 0.09, all: 0.4 }
  return ops.has('experts') ? { median: 0.065, all: 0.25 } : { median: 0.065, all: 0.07 }
}

/** Tokens before an indexer leaves positions out; the median is theirs. */
const DENSE_TOKENS: Readonly<Record<string, number>> = {
  'golden/deepseek-v32': 12,
  'golden/deepseek-v4': 36,
  'golden/glm5': 12,
  'golden/glm5.2': 10,
}

const names = [...readdirSync(join(FIXTURES, 'golden')).map((name) => `golden/${name}`), 'golden-gguf/deepseek2']

describe('fast', () => {
  it.each(names)('%s: the same bits for any number of threads and any chunks, and near exact', async (name) => {
    const path = join(FIXTURES, name)
    const { ids, logits } = readGolden(join(path, 'golden.safetensors'))
    const { results, program } = await feedThreeWays(path, cpuBackend, 'fast')
    const limits = limitsOf(program)
    for (const other of results.slice(1)) expect(firstOtherBits(other, results[0]!)).toBe(-1)
    const { each, all } = distances(results[0]!, logits!, ids!.length)
    expect(median(each.slice(0, DENSE_TOKENS[name]))).toBeLessThan(limits.median)
    expect(all).toBeLessThan(limits.all)
  })

  it.each(['q8', 'q6', 'q5', 'q4'] as const)('runs with --quantize %s', async (quantize) => {
    const path = join(FIXTURES, 'golden/llama3')
    const { ids, logits } = readGolden(join(path, 'golden.safetensors'))
    const run = await GoldenRun.load(path, cpuBackend, { precision: 'fast', quantize, threads: 2 })
    const { all } = distances(await run.feed(ids!, 0, 256), logits!, ids!.length)
    expect(all).toBeLessThan(quantize === 'q8' ? 0.1 : 0.5)
    await run.runner.close()
  })
})
