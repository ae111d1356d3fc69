// Every architecture against the logits of transformers on one thread of the CPU and on three; two are in test/golden.
import { describe, it } from 'vitest'
import { cpuBackend } from '../../src/backends/cpu/cpu.js'
import { FIRST_TIES, GOLDEN_FOLDERS, expectGolden } from '../golden/harness.js'

describe.each(GOLDEN_FOLDERS)('$name', ({ name, path }) => {
  it.each([
    { threads: 1, cuts: { logits: [7, 320], greedy: 1 } },
    { threads: 3, cuts: { logits: [1, 320], greedy: 7 } },
  ])('gives the logits and the greedy ids of transformers, $threads threads', async ({ threads, cuts }) => {
    await expectGolden(path, cpuBackend, { threads }, cuts, FIRST_TIES[name] ?? Infinity)
  })
})
