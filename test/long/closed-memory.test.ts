// A closed engine gives its weights back, also while somebody still has the object.
import { expect, it } from 'vitest'
import { loadEngineFrom } from '../../src/engine/load.js'
import type { Engine } from '../../src/index.js'
import { syntheticCheckpoint } from '../../src/models/shapes.js'

/** Of a model whose weights take about 200 MB. */
const SHAPE = 'qwen3-0.6b:q8_0:4'
const TIMES = 4

/** The least of a second: the system takes pages back at its own time. */
async function settledBytes(): Promise<number> {
  let least = Infinity
  for (let i = 0; i < 10; i++) {
    await new Promise((resolve) => setTimeout(resolve, 100))
    least = Math.min(least, process.memoryUsage.rss())
  }
  return least
}

it('closed engines hold no weights', async () => {
  const kept: Engine[] = []
  const after: number[] = []
  for (let i = 0; i < TIMES; i++) {
    const engine = await loadEngineFrom(syntheticCheckpoint(SHAPE), { threads: 1 })
    await engine.generate([1, 2, 3], { maxTokens: 2, ignoreEos: true }).result
    await engine.close()
    kept.push(engine)
    after.push(await settledBytes())
  }
  const { weightBytes } = kept[0]!.info
  expect(weightBytes).toBeGreaterThan(150e6)
  expect(after.at(-1)! - after[0]!).toBeLessThan(weightBytes / 2)
}, 300_000)
