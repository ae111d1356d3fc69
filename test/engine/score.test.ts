import { describe, expect, it } from 'vitest'
import { logProbability } from '../../src/engine/sample/likelihood.js'
import { allLogits, perplexityOf } from '../../src/engine/measure/score.js'
import { shareRunner } from '../../src/engine/load.js'
import type { SharedRunner } from '../../src/engine/schedule/scheduler.js'
import { UserError } from '../../src/errors.js'
import { FakeRunner, VOCAB, nextOf } from './fake.js'

function shared(contextLength = 1000): SharedRunner {
  return shareRunner(new FakeRunner({ stepTokens: 16, maxLogitRows: 3 }), VOCAB, contextLength)
}
const ids = Array.from({ length: 40 }, (_, i) => (i * 11) % VOCAB)
/** The fake model gives 5 to the token that it says and 0 to the rest. */
const lossOf = (hit: boolean): number => Math.log(Math.exp(5) + VOCAB - 1) - (hit ? 5 : 0)

describe('allLogits', () => {
  it('has one row for each position, whatever the chunks', async () => {
    const logits = await allLogits(shared(), ids)
    expect(logits.length).toBe(ids.length * VOCAB)
    ids.forEach((_, t) => {
      const row = logits.subarray(t * VOCAB, (t + 1) * VOCAB)
      expect(row.indexOf(5)).toBe(nextOf(ids.slice(0, t + 1)))
    })
  })

  it('gives its pages back, also after an error', async () => {
    const own = shared()
    await allLogits(own, ids)
    await expect(allLogits(own, ids, AbortSignal.abort())).rejects.toThrow(UserError)
    expect(own.pool.freeCount).toBe(own.pool.size)
  })

  it('refuses more than a gigabyte', async () => {
    const own: SharedRunner = { ...shared(2 ** 23), contextLength: 2 ** 23 }
    const many = new Array<number>(2 ** 22 + 1).fill(1)
    await expect(allLogits(own, many)).rejects.toThrow(/numbers; at most/)
  })
})

describe('perplexityOf', () => {
  it('predicts each token but the first once, in windows that overlap by one', async () => {
    const window = 10
    let loss = 0
    for (let t = 1; t < ids.length; t++) {
      const start = Math.floor((t - 1) / (window - 1)) * (window - 1)
      loss += lossOf(nextOf(ids.slice(start, t)) === ids[t])
    }
    const result = await perplexityOf(shared(), ids, { window })
    expect(result).toMatchObject({ tokens: 39, windows: 5 })
    expect(result.perplexity).toBeCloseTo(Math.exp(loss / 39), 6)
  })

  it('uses the context as the window', async () => {
    expect((await perplexityOf(shared(30), ids)).windows).toBe(2)
    await expect(perplexityOf(shared(30), ids, { window: 31 })).rejects.toThrow(UserError)
    await expect(perplexityOf(shared(), [1])).rejects.toThrow('at least two')
    await expect(perplexityOf(shared(), [])).rejects.toThrow('empty')
  })
})

it('takes the logarithm of the softmax without overflow', () => {
  expect(logProbability(Float32Array.of(1000, 1000), 0)).toBeCloseTo(-Math.LN2)
  expect(logProbability(Float32Array.of(-1e30, 0), 1)).toBeCloseTo(0)
})
