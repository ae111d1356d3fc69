// Bun has Node's modules, but not V8: what is asked of V8 in Node is asked of Bun itself.
import { afterEach, expect, it, vi } from 'vitest'
import { collectMemories, parallelism, spinsOf } from '../../src/backends/cpu/platform.js'

afterEach(() => vi.unstubAllGlobals())

it('memory is collected by Bun, and threads look at a barrier for a short time only', async () => {
  const gc = vi.fn()
  const inNode = spinsOf(parallelism())
  vi.stubGlobal('Bun', { gc })
  await collectMemories(1 << 30)
  expect(gc).toHaveBeenCalledWith(true)
  expect(spinsOf(parallelism())).toBeLessThan(inNode / 10)
  expect(spinsOf(parallelism() + 1)).toBeLessThanOrEqual(spinsOf(parallelism()))
})
