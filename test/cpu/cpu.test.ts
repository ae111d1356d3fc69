import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { cpuBackend } from '../../src/backends/cpu/cpu.js'
import { FIXTURES, GoldenRun, readGolden } from '../golden/harness.js'

const deepseek = join(FIXTURES, 'golden/deepseek-v3')

describe('banks', () => {
  it('gives the same logits when layers lie in several memories', async () => {
    const golden = readGolden(join(deepseek, 'golden.safetensors'))
    const run = await GoldenRun.load(deepseek, cpuBackend, {
      threads: 2,
      maxTokens: 32,
      maxLogitRows: 32,
      bankBytes: 2 << 20,
    })
    expect(await run.maxError(golden, 7)).toBeLessThan(1e-3)
    expect(await run.greedy(golden.prompt, golden.greedy.length, 7)).toEqual(golden.greedy)
    await run.runner.close()
  })

  it('brings the last hidden state back to the bank of tied embeddings', async () => {
    const path = join(FIXTURES, 'golden/qwen3')
    const golden = readGolden(join(path, 'golden.safetensors'))
    const run = await GoldenRun.load(path, cpuBackend, {
      threads: 2,
      maxTokens: 16,
      maxLogitRows: 16,
      bankBytes: 240 << 10,
    })
    expect(await run.maxError(golden, 7)).toBeLessThan(1e-3)
    await run.runner.close()
  })

  it('says which layer is too large for a bank', async () => {
    await expect(GoldenRun.load(deepseek, cpuBackend, { bankBytes: 240 << 10 })).rejects.toMatchObject({
      name: 'UserError',
      code: 'out_of_memory',
      message: expect.stringMatching(/^layer 0 needs, with its cache, /) as string,
    })
  })

  it('says so when the cache cannot grow', async () => {
    const run = await GoldenRun.load(deepseek, cpuBackend, { threads: 1, bankBytes: 64 << 20 })
    expect(() => run.runner.reservePages(100000)).toThrow(/out of memory/)
    await run.runner.close()
  })
})

describe('exact', () => {
  // FP8, BF16, F32 and INT4: one row of x takes another way through the kernels than several do.
  it.each([
    'golden/deepseek-v3',
    'golden/deepseek-v2',
    'golden/llama3',
    'golden/kimi-k2-thinking',
    'golden-gguf/llama-plain',
  ])('%s: the same bits for any number of threads and any chunks', async (name) => {
    const path = join(FIXTURES, name)
    const { ids } = readGolden(join(path, 'golden.safetensors'))
    const results: Float32Array[] = []
    for (const [threads, chunk] of [
      [1, 256],
      [2, 7],
      [3, 1],
    ] as const) {
      const run = await GoldenRun.load(path, cpuBackend, { precision: 'exact', threads })
      results.push(await run.feed(ids!, 0, chunk))
      await run.runner.close()
    }
    expect(results[1]).toEqual(results[0])
    expect(results[2]).toEqual(results[0])
  })
})

describe('fast', () => {
  // Where an indexer leaves positions out, a rounding error changes its choice, and each choice is a tenth of what these
  // tiny models read: only the tokens before that must be near exact, the others nearer than another model's.
  it.each([
    ['golden/deepseek-v3', Infinity],
    ['golden/deepseek-v32', 12],
    ['golden/glm5.2', 10],
    ['golden/deepseek-v4', 36],
    ['golden/kimi-k2-thinking', Infinity],
    ['golden/kimi-linear', Infinity],
    ['golden/llama3', Infinity],
    ['golden/mistral', Infinity],
    ['golden/mixtral', Infinity],
    ['golden/ministral3', Infinity],
    ['golden/qwen3-moe', Infinity],
    ['golden/glm4-moe', Infinity],
    ['golden/minimax-m2', Infinity],
    ['golden/kimi-k2.5', Infinity],
    ['golden/gpt-oss', Infinity],
    ['golden/gemma3', Infinity],
    ['golden/llama4-scout', Infinity],
    ['golden/llama4-maverick', Infinity],
    ['golden-gguf/deepseek2', Infinity],
  ])('%s: the same bits for any number of threads and any chunks, and near exact', async (name, dense) => {
    const path = join(FIXTURES, name)
    const { ids, logits } = readGolden(join(path, 'golden.safetensors'))
    const results: Float32Array[] = []
    for (const [threads, chunk] of [
      [1, 320],
      [2, 7],
      [3, 1],
    ] as const) {
      const run = await GoldenRun.load(path, cpuBackend, { precision: 'fast', threads })
      results.push(await run.feed(ids!, 0, chunk))
      await run.runner.close()
    }
    expect(results[1]).toEqual(results[0])
    expect(results[2]).toEqual(results[0])
    // Random weights are the worst case: relative distance in the mean, not per logit.
    const vocabulary = logits!.length / ids!.length
    const distance = (tokens: number): number => {
      const part = logits!.subarray(0, Math.min(tokens, ids!.length) * vocabulary)
      return Math.hypot(...part.map((l, i) => results[0]![i]! - l)) / Math.hypot(...part)
    }
    expect(distance(dense)).toBeLessThan(0.2)
    expect(distance(Infinity)).toBeLessThan(0.5)
  })

  it.each(['q8', 'q4'] as const)('runs with --quantize %s', async (quantize) => {
    const path = join(FIXTURES, 'golden/llama3')
    const { ids, logits } = readGolden(join(path, 'golden.safetensors'))
    const run = await GoldenRun.load(path, cpuBackend, { precision: 'fast', quantize, threads: 2 })
    const result = await run.feed(ids!, 0, 256)
    const distance = Math.hypot(...result.map((l, i) => l - logits![i]!)) / Math.hypot(...logits!)
    expect(distance).toBeLessThan(quantize === 'q8' ? 0.1 : 0.5)
    await run.runner.close()
  })
})
