// Every architecture against the logits of transformers on one thread of the CPU; several are in test/golden.
import { it } from 'vitest'
import { cpuBackend } from '../../src/backends/cpu/cpu.js'
import { FIRST_TIES, GOLDEN_FOLDERS, expectGolden } from '../golden/harness.js'

it.each(GOLDEN_FOLDERS)('$name gives the logits and the greedy ids of transformers', async ({ name, path }) => {
  await expectGolden(path, cpuBackend, { threads: 1 }, { logits: [7, 320], greedy: 1 }, FIRST_TIES[name] ?? Infinity)
})
