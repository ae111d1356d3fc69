// Checkpoints made by others, or of other seeds, against the logits and the tokens that are kept next to them.
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { cpuBackend } from '../../src/backends/cpu/cpu.js'
import { referenceBackend } from '../../src/backends/reference/reference.js'
import { GoldenRun, readGolden } from '../golden/harness.js'
import { reference } from './folder.js'

const BACKENDS = [
  { name: 'reference', backend: referenceBackend, threads: 1 },
  { name: 'cpu, 1 thread', backend: cpuBackend, threads: 1 },
  { name: 'cpu, 2 threads', backend: cpuBackend, threads: 2 },
]
const stories = reference('golden-gguf/stories260k')
const tinyStories = reference('real/tinystories-656k')

describe.each(readdirSync(reference('golden')))('golden/%s', (name) => {
  const path = reference('golden', name)
  const golden = readGolden(join(path, 'golden.safetensors'))
  it.each(BACKENDS.filter(({ name }) => name !== 'cpu, 1 thread'))('$name', async ({ backend, threads }) => {
    const run = await GoldenRun.load(path, backend, { threads })
    expect(await run.maxError(golden, golden.ids!.length)).toBeLessThan(1e-3)
    expect(await run.greedy(golden.prompt, golden.greedy.length, golden.prompt.length)).toEqual(golden.greedy)
    await run.runner.close()
  })
})

it('stories260K continues as published', async () => {
  const golden = readGolden(join(stories, 'golden.safetensors'))
  const run = await GoldenRun.load(stories, cpuBackend, { threads: 2 })
  expect(await run.greedy(golden.prompt, golden.greedy.length, 256)).toEqual(golden.greedy)
  await run.runner.close()
})

it.each(BACKENDS)('TinyStories-656K continues as transformers does, $name', async ({ backend, threads }) => {
  const cases = JSON.parse(readFileSync(join(tinyStories, 'expected.json'), 'utf8')) as {
    prompt_ids: number[]
    greedy: number[]
  }[]
  const run = await GoldenRun.load(tinyStories, backend, { threads })
  for (const { prompt_ids, greedy } of cases) expect(await run.greedy(prompt_ids, greedy.length, 256)).toEqual(greedy)
  await run.runner.close()
})
