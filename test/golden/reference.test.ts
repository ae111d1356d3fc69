// Every architecture against the logits of transformers on the plain backend. A file of its own, to run beside the CPU's.
import { describe, it } from 'vitest'
import { referenceBackend } from '../../src/backends/reference/reference.js'
import { GOLDEN_FOLDERS, expectGolden } from './harness.js'

describe.each(GOLDEN_FOLDERS)('$name', ({ path }) => {
  it('gives the logits and the greedy ids of transformers', async () => {
    await expectGolden(path, referenceBackend, {}, 7)
  })
})
