// Every architecture against the logits of transformers, on every backend, with every way to feed the prompt.
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
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
