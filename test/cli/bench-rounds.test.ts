// What bench counts.
import { expect, it } from 'vitest'
import { measureRounds } from '../../src/cli/bench-rounds.js'
import type { Engine } from '../../src/engine/engine.js'

it('counts the tokens that came, not those that were asked for', async () => {
  const session = {
    generate: (_: unknown, { maxTokens }: { maxTokens: number }) => ({
      result: Promise.resolve({ ids: maxTokens === 1 ? [7] : [], finishReason: 'length' }),
    }),
    close: () => Promise.resolve(),
  }
  const engine = { info: { vocabSize: 10, contextLength: 64 }, session: () => session } as unknown as Engine
  const { signal } = new AbortController()
  const rounds = { promptTokens: 3, newTokens: 9, rounds: 1, depth: 0, streams: 2, signal }
  expect(await measureRounds(engine, rounds)).toMatchObject({ decode: 0, answerIds: [7] })
})
