// What a loaded engine keeps of the checkpoint that it was loaded from: nothing, since its metadata may be tens of megabytes.
import { expect, it } from 'vitest'
import { nodeFiles } from '../../src/checkpoint/files/node.js'
import { loadEngineFrom } from '../../src/engine/load.js'
import type { Engine } from '../../src/engine/engine.js'
import { openCheckpoint } from '../../src/models/open.js'
import { collectGarbage } from '../garbage.js'

it.each([
  ['test/fixtures/golden-gguf/llama-plain/model.gguf', 1],
  ['test/fixtures/golden-gguf/llama-plain/model.gguf', 2],
  ['models/mini', 2],
])('%s, %d threads', async (model, threads) => {
  const load = async (): Promise<{ held: WeakRef<object>; engine: Engine }> => {
    const checkpoint = await openCheckpoint(await nodeFiles(model))
    const engine = await loadEngineFrom(checkpoint, { threads })
    return { held: new WeakRef(checkpoint), engine }
  }
  const { held, engine } = await load()
  await engine.generate([1, 2, 3], { maxTokens: 2, ignoreEos: true }).result
  await collectGarbage()
  expect(held.deref()).toBeUndefined()
  await engine.close()
})
