import { describe, expect, it } from 'vitest'
import type { Step } from '../../src/backends/backend.js'
import { Session } from '../../src/engine/answer/session.js'
import { FakeRunner, continuation, fakeModel, type FakeOptions } from './fake.js'

const numbers = (from: number, count: number): number[] => Array.from({ length: count }, (_, i) => (from + i * 5) % 64)

/** A model, and how many tokens each of its steps had. */
function modelOf(options: FakeOptions = {}, more: Parameters<typeof fakeModel>[1] = {}) {
  const runner = new FakeRunner({ stepTokens: 64, maxLogitRows: 8, ...options })
  const model = fakeModel(runner, more)
  const ask = async (prompt: number[], maxTokens = 3, session = new Session(model)) => {
    const result = await session.generate(prompt, { maxTokens }).result
    expect(result.ids).toEqual(continuation(prompt, maxTokens))
    return result
  }
  const computed = (): number => runner.steps.splice(0).reduce((a, b) => a + b, 0)
  return { runner, model, ask, computed }
}

describe('the count of cached tokens', () => {
  it('has what others computed while a request waited', async () => {
    const { ask, computed } = modelOf()
    const prompts = [0, 1, 2].map((i) => [...numbers(3, 320), i])
    const results = await Promise.all(prompts.map((prompt) => ask(prompt)))
    // Each of the five pages is computed by one of them, and found by the two others.
    expect(results.reduce((sum, { cachedTokens }) => sum + cachedTokens, 0)).toBe(2 * 320)
    expect(computed()).toBe(320 + 3 + 3 * 2)
  })

  it('has whole pages of another session, and single tokens of the same', async () => {
    const { ask, model } = modelOf()
    const own = new Session(model)
    await ask(numbers(3, 200), 3, own)
    expect((await ask([...numbers(3, 200), 9])).cachedTokens).toBe(192)
    expect((await ask([...numbers(3, 150), 9])).cachedTokens).toBe(128)
    expect((await ask([...numbers(3, 63), 9])).cachedTokens).toBe(0)
    expect((await ask([...numbers(3, 64), 9])).cachedTokens).toBe(64)
    expect((await ask([...numbers(3, 200), 9], 3, own)).cachedTokens).toBe(200)
    // The page with the 150th token is read by others, so it cannot be cut.
    expect((await ask([...numbers(3, 150), 8], 3, own)).cachedTokens).toBe(128)
  })

  it('is never all of a prompt: its last token is computed for its logits', async () => {
    const { ask, computed } = modelOf()
    await ask(numbers(3, 128), 1)
    computed()
    expect((await ask(numbers(3, 128), 1)).cachedTokens).toBe(64)
    expect(computed()).toBe(64)
    expect((await ask([...numbers(3, 128), 1], 1)).cachedTokens).toBe(128)
    expect(computed()).toBe(1)
  })
})

describe('pages that requests share', () => {
  it('are written by nobody: each continues in its own', async () => {
    const { ask, model } = modelOf()
    const own = [new Session(model), new Session(model)]
    for (let turn = 1; turn < 5; turn++) {
      const prompt = numbers(2, 70 * turn)
      await Promise.all(own.map((session, i) => ask([...prompt, i, i], 5, session)))
    }
  })

  it('stay for others when a session goes back and writes something else', async () => {
    const { ask, model } = modelOf()
    const own = new Session(model)
    await ask(numbers(3, 200), 1, own)
    await ask([...numbers(3, 100), 1, 2, 3, ...numbers(9, 60)], 1, own)
    expect((await ask([...numbers(3, 200), 1], 2)).cachedTokens).toBeGreaterThanOrEqual(64)
    await ask([...numbers(3, 100), 1, 2, 3, ...numbers(9, 60), 4], 2)
  })

  it('take the place of a page of its own, which is given back', async () => {
    const { ask, model } = modelOf()
    const [own, other] = [new Session(model), new Session(model)]
    await ask(numbers(3, 40), 1, own)
    await ask(numbers(3, 200), 1, other)
    expect((await ask([...numbers(3, 200), 1], 3, own)).cachedTokens).toBe(192)
    await Promise.all([own.close(), other.close()])
    expect(model.shared.pool.freeCount).toBe(model.shared.pool.size)
  })

  it('are given back once by all who used them', async () => {
    const { ask, model } = modelOf()
    const sessions = [1, 2, 3].map(() => new Session(model))
    await Promise.all(sessions.map((session, i) => ask([...numbers(3, 200), i], 70, session)))
    expect(model.shared.pool.freeCount).toBeLessThan(model.shared.pool.size)
    for (const session of sessions) await session.close()
    expect(model.shared.pool.freeCount).toBe(model.shared.pool.size)
    // And all of them can be had again.
    const { cachedTokens } = await ask([...numbers(3, 200), 7])
    expect(cachedTokens).toBe(192)
  })
})

describe('requests', () => {
  /** Requests in the order of their first step. */
  async function firstServed(ticks: readonly number[], stepTokens: number): Promise<number[]> {
    const seen: number[] = []
    const onStep = (step: Step): void =>
      step.tokens.forEach((token, t) => {
        if (step.positions[t] === 0) seen.push(token)
      })
    const model = fakeModel(new FakeRunner({ stepTokens, next: (prefix) => prefix[0]!, onStep }))
    await Promise.all(
      ticks.map(async (count, i) => {
        for (let tick = 0; tick < count; tick++) await new Promise((resolve) => setImmediate(resolve))
        await new Session(model).generate([i, i], { maxTokens: 3 }).result
      }),
    )
    return seen
  }

  it('begin in the order in which they came', async () => {
    expect(await firstServed([0, 0, 0, 0], 1)).toEqual([0, 1, 2, 3])
    expect(await firstServed([9, 0, 3, 6], 16)).toEqual([1, 2, 3, 0])
  })

  it('that are cancelled while they wait are not computed', async () => {
    const { runner, model } = modelOf({ stepTokens: 2 })
    const running = new Session(model).generate(numbers(1, 40), { maxTokens: 2 })
    const controller = new AbortController()
    const waiting = new Session(model).generate(numbers(2, 40), { signal: controller.signal, maxTokens: 2 })
    controller.abort()
    expect(await waiting.result).toMatchObject({ finishReason: 'abort', ids: [] })
    await running.result
    expect(runner.steps.reduce((a, b) => a + b, 0)).toBe(41)
  })

  it('leave the others alone when they fail', async () => {
    let steps = 0
    const onStep = (): void => {
      if (++steps === 4) throw new Error('device lost')
    }
    const { ask, model } = modelOf({ stepTokens: 16, onStep })
    const failing = [1, 2].map((i) => new Session(model).generate(numbers(i, 60), { maxTokens: 9 }).result)
    for (const result of failing) await expect(result).rejects.toThrow('device lost')
    await ask(numbers(1, 60), 9)
    await ask(numbers(2, 60), 9)
    expect(model.shared.scheduler.active).toBe(0)
  })
})
