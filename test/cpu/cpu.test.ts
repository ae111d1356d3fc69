import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { cpuBackend } from '../../src/backends/cpu/cpu.js'
import { firstOtherBits } from '../bits.js'
import { FIXTURES, GoldenRun, feedThreeWays, readGolden } from '../golden/harness.js'

const deepseek = join(FIXTURES, 'golden/deepseek-v3')

describe('banks', () => {
  it('gives the same logits when layers lie in several memories', async () => {
    const golden = readGolden(join(deepseek, 'golden.safetensors'))
    const run = await GoldenRun.load(deepseek, cpuBackend, {
      threads: 2,
      stepTokens: 32,
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
      stepTokens: 16,
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
    await expect(run.runner.reservePages(100000)).rejects.toThrow(/out of memory/)
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
    const { results } = await feedThreeWays(join(FIXTURES, name), cpuBackend, 'exact')
    for (const other of results.slice(1)) expect(firstOtherBits(other, results[0]!)).toBe(-1)
  })
})
