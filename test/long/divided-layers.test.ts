// Layers that are larger than one memory: their experts are divided between several, and the bits stay the same.
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { cpuBackend } from '../../src/backends/cpu/cpu.js'
import { UserError } from '../../src/errors.js'
import { firstOtherBits } from '../bits.js'
import { FIXTURES, GoldenRun, readGolden } from '../golden/harness.js'
import type { RunnerOptions } from '../runner.js'

const STEPS = [
  [1, 320],
  [2, 7],
  [3, 1],
] as const

/** In the smallest memories that it fits in, to about a tenth; they are not smaller than `least`. */
async function loadNarrow(
  path: string,
  options: RunnerOptions,
  least: number,
): Promise<{ run: GoldenRun; bankBytes: number }> {
  for (let bankBytes = least; ; bankBytes = Math.ceil(bankBytes * 1.1)) {
    try {
      return { run: await GoldenRun.load(path, cpuBackend, { ...options, bankBytes }), bankBytes }
    } catch (error) {
      if (!(error instanceof UserError) || error.code !== 'out_of_memory') throw error
    }
  }
}

/** Sums of experts that a step makes: one for each part of each layer's experts. */
async function countParts(run: GoldenRun): Promise<number> {
  return (await run.runner.takeProfile!()).filter((op) => op.name === 'combineExperts').length
}

const BOTH = ['exact', 'fast'] as const

// Where all experts of a layer are smaller than the rest of it, they get a memory of their own, in one part.
describe.each([
  { name: 'golden/deepseek-v3', divided: BOTH },
  { name: 'golden/kimi-k2', divided: BOTH },
  { name: 'golden/kimi-k2-thinking', divided: ['fast'] },
  { name: 'golden/qwen3-moe', divided: BOTH },
  { name: 'golden/mixtral', divided: BOTH },
  { name: 'golden/gpt-oss', divided: ['fast'] },
  { name: 'golden/llama4-scout', divided: [] },
  { name: 'golden/llama4-maverick', divided: [] },
])('$name in the smallest memories', ({ name, divided }) => {
  const path = join(FIXTURES, name)
  const golden = readGolden(join(path, 'golden.safetensors'))

  it.each(BOTH)('%s: the bits of one memory, for any threads and chunks', async (precision) => {
    const options = { precision, profile: true }
    const one = await GoldenRun.load(path, cpuBackend, { ...options, threads: 2 })
    const logits = await one.feed(golden.ids!, 0, 320)
    const layers = await countParts(one)
    await one.runner.close()
    // More threads have more scratch: what was too small for fewer is too small.
    let least = 32 << 10
    for (const [threads, chunk] of STEPS) {
      const { run, bankBytes } = await loadNarrow(path, { ...options, threads }, least)
      least = bankBytes
      expect(firstOtherBits(await run.feed(golden.ids!, 0, chunk), logits)).toBe(-1)
      const parts = await countParts(run)
      expect(parts > layers).toBe((divided as readonly string[]).includes(precision))
      await run.runner.close()
    }
  })
})
