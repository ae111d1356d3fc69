// Every architecture against the logits of transformers on the plain backend. A file of its own, to run at the same time as the CPU's.
import { describe, it } from 'vitest'
import { referenceBackend } from '../../src/backends/reference/reference.js'
import { FIRST_TIES, GOLDEN_FOLDERS, expectGolden } from '../golden/harness.js'

describe.each(GOLDEN_FOLDERS)('$name', ({ name, path }) => {
  it('gives the logits and the greedy ids of transformers', async () => {
    await expectGolden(path, referenceBackend, {}, { logits: [1, 320], greedy: 7 }, FIRST_TIES[name] ?? Infinity)
  })
})
