import { expect, it } from 'vitest'
import { fitOf } from '../../web/models/fit.js'

const model = { bytes: 2e9, memoryBytes: 3.5e9 }
const GB = 2 ** 30

it.each([
  ['fits in what both say', { storage: 4e9, memory: 8 * GB }, { kind: 'fits' }],
  ['fits where the browser says nothing', {}, { kind: 'fits' }],
  ['has no room in the storage', { storage: 1e9, memory: 8 * GB }, { kind: 'storage', needs: 2e9, has: 1e9 }],
  ['has no room in a small memory', { storage: 4e9, memory: 4 * GB }, { kind: 'memory', needs: 3.5e9, has: 4 * GB }],
])('a model %s', (_, room, fit) => expect(fitOf(model, room)).toEqual(fit))

it('is not refused by a memory that may be larger than browsers say', () => {
  const large = { bytes: 9e9, memoryBytes: 11e9 }
  expect(fitOf(large, { memory: 8 * GB })).toEqual({ kind: 'perhaps', needs: 11e9 })
  expect(fitOf(large, {})).toEqual({ kind: 'perhaps', needs: 11e9 })
})
