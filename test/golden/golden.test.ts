// Every architecture against the logits of transformers, on every backend, with every way to feed the prompt.
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import type { Backend } from '../../src/backends/backend.js'
import { cpuBackend } from '../../src/backends/cpu/cpu.js'
import { referenceBackend } from '../../src/backends/reference/reference.js'
import { FIXTURES, GoldenRun, readGolden } from './harness.js'
import type { RunnerOptions } from '../runner.js'

const TOLERANCE = 1e-3
const CHUNKS = [1, 7, 320]
const BACKENDS: { name: string; backend: Backend; options: RunnerOptions }[] = [
  { name: 'reference', backend: referenceBackend, options: {} },
  ...[1, 2, 3].map((threads) => ({ name: `cpu, ${threads} threads`, backend: cpuBackend, options: { threads } })),
]

const folders = ['golden', 'golden-gguf'].flatMap((kind) =>
  readdirSync(join(FIXTURES, kind)).map((name) => ({ name: `${kind}/${name}`, path: join(FIXTURES, kind, name) })),
)

describe.each(folders)('$name', ({ path }) => {
  const golden = readGolden(join(path, 'golden.safetensors'))

  describe.each(BACKENDS)('$name', ({ backend, options }) => {
    it('gives the logits and the greedy ids of transformers, for chunks of 1, 7 and all', async () => {
      const run = await GoldenRun.load(path, backend, options)
      for (const chunk of CHUNKS) {
        expect(await run.maxError(golden, chunk), `largest error with chunks of ${chunk}`).toBeLessThan(TOLERANCE)
        expect(await run.greedy(golden.prompt, golden.greedy.length, chunk)).toEqual(golden.greedy)
      }
      await run.runner.close()
    })
  })
})

const shared = fileURLToPath(new URL('../../../shared', import.meta.url))
const stories = join(shared, 'golden-gguf/stories260k')
const tinyStories = join(shared, 'real/tinystories-656k')

const published = join(shared, 'golden')

describe.skipIf(!existsSync(published))('golden checkpoints made by others (not in this tree)', () => {
  it.each(existsSync(published) ? readdirSync(published) : [])('%s', async (name) => {
    const path = join(published, name)
    const golden = readGolden(join(path, 'golden.safetensors'))
    for (const { backend, options } of BACKENDS.filter((_, i) => i === 0 || i === 2)) {
      const run = await GoldenRun.load(path, backend, options)
      expect(await run.maxError(golden, golden.ids!.length)).toBeLessThan(TOLERANCE)
      expect(await run.greedy(golden.prompt, golden.greedy.length, golden.prompt.length)).toEqual(golden.greedy)
      await run.runner.close()
    }
  })
})

describe('checkpoints made by others (not in this tree)', () => {
  it.skipIf(!existsSync(stories))('stories260K continues as published', async () => {
    const golden = readGolden(join(stories, 'golden.safetensors'))
    const run = await GoldenRun.load(stories, cpuBackend, { threads: 2 })
    expect(await run.greedy(golden.prompt, golden.greedy.length, 256)).toEqual(golden.greedy)
    await run.runner.close()
  })

  it.skipIf(!existsSync(tinyStories))('TinyStories-656K continues as transformers does', async () => {
    const cases = JSON.parse(readFileSync(join(tinyStories, 'expected.json'), 'utf8')) as {
      prompt_ids: number[]
      greedy: number[]
    }[]
    for (const { backend, options } of BACKENDS.slice(0, 3)) {
      const run = await GoldenRun.load(tinyStories, backend, options)
      for (const { prompt_ids, greedy } of cases)
        expect(await run.greedy(prompt_ids, greedy.length, 256)).toEqual(greedy)
      await run.runner.close()
    }
  })
})
