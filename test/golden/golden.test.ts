// Every architecture against the logits of transformers on the CPU, for several threads and ways to feed the prompt.
import { describe, it } from 'vitest'
import { cpuBackend } from '../../src/backends/cpu/cpu.js'
import { GOLDEN_FOLDERS, expectGolden } from './harness.js'

describe.each(GOLDEN_FOLDERS)('$name', ({ path }) => {
  it.each([
    { threads: 1, greedyChunk: 320 },
    { threads: 2, greedyChunk: 7 },
    { threads: 3, greedyChunk: 1 },
  ])('gives the logits and the greedy ids of transformers, $threads threads', async ({ threads, greedyChunk }) => {
    await expectGolden(path, cpuBackend, { threads }, greedyChunk)
  })
})
