// Every architecture against the logits of transformers on the CPU, for several threads and ways to feed the prompt. One and three threads: test/long.
import { describe, it } from 'vitest'
import { cpuBackend } from '../../src/backends/cpu/cpu.js'
import { FIRST_TIES, GOLDEN_FOLDERS, expectGolden } from './harness.js'

describe.each(GOLDEN_FOLDERS)('$name', ({ name, path }) => {
  it.each([{ threads: 2, cuts: { logits: [1, 7], greedy: 320 } }])(
    'gives the logits and the greedy ids of transformers, $threads threads',
    async ({ threads, cuts }) => {
      await expectGolden(path, cpuBackend, { threads }, cuts, FIRST_TIES[name] ?? Infinity)
    },
  )
})
