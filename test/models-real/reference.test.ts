import { expect, it } from 'vitest'
import { engineOf, recorded, text, withModel } from './real-models.js'

/** The reference's two best are that close: either may be the best. */
const TIE = 0.02

/** How far log p may be from the reference's. llama.cpp takes Gemma's GELU from a table in f16. */
const WITHIN = { smollm2: 0.002, gemma3: 0.05, coder: 0.005 } as const

for (const [name, within] of Object.entries(WITHIN) as [keyof typeof WITHIN, number][]) {
  withModel(name, (path) => {
    const { ids, logprobs, best, leads } = recorded(name)
    const engine = engineOf(path, { precision: 'exact' })

    it('reads the text as the same tokens', async () => {
      expect((await engine()).encode(text).slice(0, ids.length)).toEqual(ids)
    })

    it(`is the reference at ${best.length} positions: the same token is the likeliest, and the next is as likely`, async () => {
      const choices = await (await engine()).likelihoods(ids, 1)
      expect(choices).toHaveLength(best.length)
      const others = choices.flatMap(({ top }, i) => (top[0]!.id === best[i] || leads[i]! < TIE ? [] : [i]))
      expect(others).toEqual([])
      expect(Math.max(...choices.map(({ logprob }, i) => Math.abs(logprob - logprobs[i]!)))).toBeLessThan(within)
    })
  })
}
