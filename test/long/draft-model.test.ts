// A small model that drafts for a larger one, loaded with it.
import { describe, expect, it } from 'vitest'
import { loadEngine } from '../../src/index.js'

describe('a model that drafts', () => {
  it('is loaded with the large one by its name', async () => {
    const question = [{ role: 'user' as const, content: 'reverse the word stone' }]
    const engine = await loadEngine('mini', { speculate: 'draft:mini', threads: 1 })
    try {
      const with_ = await engine.chat(question).result
      const without = await engine.chat(question, { speculate: 'off' }).result
      expect(with_.ids).toEqual(without.ids)
      expect(with_.speculation!.accepted).toBeGreaterThan(0)
      await expect(loadEngine('mini', { speculate: 'draft:./absent.gguf' })).rejects.toThrow(/absent/)
    } finally {
      await engine.close()
    }
  })
})
