// Equal scores of an indexer: torch's choice among them hangs on the length of the text. In exact an answer is that of the
// whole text all the same, whatever the cache holds from others, and whoever shares the steps.
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Drafter } from '../../src/engine/answer/drafter.js'
import { loadEngine } from '../../src/engine/load.js'
import { FIXTURES, largest, readGolden } from '../golden/harness.js'

const GREEDY = { ignoreEos: true, temperature: 0 } as const

describe.each(['deepseek-v32', 'glm5', 'glm5.2', 'deepseek-v4'])('golden/%s', (name) => {
  const path = join(FIXTURES, 'golden', name)
  const golden = readGolden(join(path, 'golden.safetensors'))
  const ids = golden.ids!

  it('answers as for the whole text, in small steps, after shorter and longer texts, and with others', async () => {
    const engine = await loadEngine(path, { precision: 'exact', threads: 2, stepTokens: 50 })
    const ask = (prompt: readonly number[]) =>
      engine.generate(prompt, { ...GREEDY, maxTokens: golden.greedy.length }).result.then((result) => result.ids)
    expect(await ask(golden.prompt)).toEqual(golden.greedy)
    await ask(ids)
    expect(await ask(golden.prompt)).toEqual(golden.greedy)
    const session = engine.session()
    await session.generate(golden.prompt.slice(0, -3), { ...GREEDY, maxTokens: 2 }).result
    const continued = session.generate(golden.prompt, { ...GREEDY, maxTokens: golden.greedy.length })
    expect((await continued.result).ids).toEqual(golden.greedy)
    const together = await Promise.all([golden.prompt, ids, [...ids].reverse(), golden.prompt].map(ask))
    expect([together[0], together[3]]).toEqual([golden.greedy, golden.greedy])
    expect(largest(await engine.logits(ids), golden.logits!)).toBeLessThan(1e-3)
    await engine.close()
  })

  it('gives the same answer when the first ties come among guesses', async () => {
    const engine = await loadEngine(path, { precision: 'exact', threads: 2 })
    // too short for a choice: 12 or 10 positions, or 8 entries of 4 positions
    const prompt = ids.slice(0, name === 'deepseek-v4' ? 30 : 6)
    const plain = await engine.generate(prompt, { ...GREEDY, maxTokens: 24 }).result
    const right: Drafter = {
      draft: (sequence, most) => plain.ids.slice(sequence.length - prompt.length).slice(0, Math.min(most, 9)),
    }
    const guessed = await engine.generate(prompt, { ...GREEDY, maxTokens: 24, speculate: right }).result
    expect(guessed.ids).toEqual(plain.ids)
    expect(guessed.speculation!.accepted).toBeGreaterThan(3)
    await engine.close()
  })
})
