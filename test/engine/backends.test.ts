import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import type { Capabilities } from '../../src/backends/backend.js'
import { BACKEND_NAMES, findBackend } from '../../src/backends/registry.js'
import { loadEngine } from '../../src/engine/load.js'
import { checkCapabilities } from '../../src/engine/options.js'

const MINI = fileURLToPath(new URL('../../models/mini', import.meta.url))

describe('the registry', () => {
  it.each(BACKEND_NAMES)('has %s under its own name', async (name) => {
    expect((await findBackend(name)).name).toBe(name)
  })

  it('takes the best where none is asked for, and never the reference', async () => {
    expect((await findBackend()).name).toBe(BACKEND_NAMES[0])
    expect((await findBackend()).name).not.toBe('reference')
  })
})

describe('capabilities', () => {
  const able = { exact: true, kvCaches: ['f16'], chooses: false, hidden: true, draft: true, profile: true } as const

  it.each([
    ['precision', { exact: false }, { precision: 'exact' }],
    ['speculate', { draft: false }, { speculate: 'mtp' }],
    ['profile', { profile: false }, { profile: true }],
    ['kvCache', {}, { kvCache: 'q8' }],
  ] as const)('that a backend lacks are refused: %s', (option, lacking, options) => {
    const check = (capabilities: Capabilities) => () => checkCapabilities({ name: 'small', capabilities }, options)
    expect(check({ ...able, ...lacking })).toThrow(new RegExp(`^${option}.*the small backend.*leave out ${option}`))
    expect(check({ ...able, kvCaches: ['f16', 'q8'] })).not.toThrow()
  })

  it('are asked for before a file is opened', async () => {
    const nowhere = `${MINI}-that-does-not-exist`
    await expect(loadEngine(nowhere, { backend: 'reference', kvCache: 'q8' })).rejects.toThrow(
      /the reference backend keeps in f32/,
    )
  })
})
