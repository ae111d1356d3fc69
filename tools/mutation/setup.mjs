// Runs before each test file of a mutation run: says which change is there, or notes which places the file reaches.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { afterAll, expect, vi } from 'vitest'

const folder = process.env.MUTATION_FOLDER
const active = join(folder, 'active')
const root = fileURLToPath(new URL('../../', import.meta.url))
const { limits } = JSON.parse(readFileSync(join(folder, 'setup.json'), 'utf8'))
if (existsSync(active)) {
  globalThis.__activeMutant = Number(readFileSync(active, 'utf8'))
  const limit = limits[relative(root, expect.getState().testPath)]
  vi.setConfig({ testTimeout: limit, hookTimeout: limit })
} else {
  globalThis.__reachedMutants = new Set()
  afterAll(() => {
    const { testPath } = expect.getState()
    writeFileSync(
      join(folder, `${encodeURIComponent(testPath)}.reached`),
      JSON.stringify([...globalThis.__reachedMutants]),
    )
  })
}
// The same cases for every change, not for long, and no search for a smaller one where a case fails.
fc.configureGlobal({ seed: 1, endOnFailure: true, interruptAfterTimeLimit: 2000, markInterruptAsFailure: false })
