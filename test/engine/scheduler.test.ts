import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { loadEngine } from '../../src/engine/load.js'
import { Session } from '../../src/engine/answer/session.js'
import { FakeRunner, continuation, fakeModel } from './fake.js'

const numbers = (from: number, count: number): number[] => Array.from({ length: count }, (_, i) => (from + i * 5) % 64)

describe('a step', () => {
  it('serves all running answers at once', async () => {
    const runner = new FakeRunner({ stepTokens: 64, maxLogitRows: 8 })
    const model = fakeModel(runner)
    const prompts = [0, 1, 2, 3, 4, 5].map((i) => numbers(i, 10))
    const results = await Promise.all(prompts.map((p) => new Session(model).generate(p, { maxTokens: 20 }).result))
    results.forEach(({ ids }, i) => expect(ids).toEqual(continuation(prompts[i]!, 20)))
    // One step for all prompts, then six tokens a step.
    expect(runner.steps).toEqual([60, ...Array.from({ length: 19 }, () => 6)])
  })

  it('lets a running answer wait for no more than one chunk of a long prompt', async () => {
    const sizes: number[] = []
    const served: number[] = []
    const runner = new FakeRunner({
      stepTokens: 16,
      onStep(step) {
        sizes.push(step.tokens.length)
        served.push(step.pageTables.length)
      },
    })
    const model = fakeModel(runner)
    const running = new Session(model).generate([1, 2, 3], { maxTokens: 40 })
    for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve))
    const long = new Session(model).generate(numbers(7, 400), { maxTokens: 1 })
    expect((await running.result).ids).toEqual(continuation([1, 2, 3], 40))
    expect((await long.result).ids).toEqual(continuation(numbers(7, 400), 1))
    const first = sizes.indexOf(16)
    // While the prompt is fed, every step has a token of the answer too.
    expect(served.slice(first, first + 26).every((count) => count === 2)).toBe(true)
  })

  it('does not let a short prompt wait for the end of a long one', async () => {
    const model = fakeModel(new FakeRunner({ stepTokens: 32 }))
    const order: string[] = []
    const ask = (name: string, prompt: number[]): Promise<unknown> =>
      new Session(model).generate(prompt, { maxTokens: 1 }).result.then(() => order.push(name))
    await Promise.all([ask('long', numbers(0, 600)), ask('short', numbers(9, 20))])
    expect(order).toEqual(['short', 'long'])
  })

  it('takes turns where a step has fewer rows than there are answers', async () => {
    const model = fakeModel(new FakeRunner({ stepTokens: 8, maxLogitRows: 2 }))
    const prompts = [0, 1, 2, 3, 4].map((i) => numbers(i, 5 + i))
    const sessions = prompts.map((p) => new Session(model).generate(p, { maxTokens: 12 }).result)
    ;(await Promise.all(sessions)).forEach(({ ids }, i) => expect(ids).toEqual(continuation(prompts[i]!, 12)))
  })
})

describe('work before a token is chosen', () => {
  const constraint = (prepare: () => Promise<void>) => ({
    mask: (logits: Float32Array) => logits,
    accept: () => undefined,
    prepare,
  })

  it('keeps only its own answer waiting: others continue, and its rows stay', async () => {
    const runner = new FakeRunner({ stepTokens: 16, maxLogitRows: 8 })
    const model = fakeModel(runner)
    let release: () => void = () => undefined
    const held = new Promise<void>((resolve) => (release = resolve))
    const late = new Session(model).generate([1, 2, 3], { maxTokens: 5, constraint: constraint(() => held) })
    const other = new Session(model).generate([4, 5, 6], { maxTokens: 40 })
    expect((await other.result).ids).toEqual(continuation([4, 5, 6], 40))
    release()
    expect((await late.result).ids).toEqual(continuation([1, 2, 3], 5))
  })

  it('takes turns where there is much of it', async () => {
    const model = fakeModel(new FakeRunner({ stepTokens: 64, maxLogitRows: 16 }))
    const busy = (): Promise<void> => {
      for (const end = performance.now() + 6; performance.now() < end;);
      return Promise.resolve()
    }
    const prompts = [0, 1, 2, 3, 4, 5, 6, 7].map((i) => numbers(i, 5))
    const asked = prompts.map((p) => new Session(model).generate(p, { maxTokens: 6, constraint: constraint(busy) }))
    for (const [i, { result }] of asked.entries()) expect((await result).ids).toEqual(continuation(prompts[i]!, 6))
  })

  it('that fails fails its own answer', async () => {
    const model = fakeModel(new FakeRunner({ stepTokens: 16, maxLogitRows: 8 }))
    const failing = constraint(() => Promise.reject(new Error('no mask')))
    const failed = new Session(model).generate([1, 2, 3], { maxTokens: 5, constraint: failing }).result
    const other = new Session(model).generate([4, 5, 6], { maxTokens: 40 }).result
    await expect(failed).rejects.toThrow('no mask')
    expect((await other).ids).toEqual(continuation([4, 5, 6], 40))
  })

  it('does not keep memory from being found: who is late keeps its pages, and others wait', async () => {
    const runner = new FakeRunner({ stepTokens: 64, maxLogitRows: 8, maxPages: 2 })
    const model = fakeModel(runner)
    let release: () => void = () => undefined
    const held = new Promise<void>((resolve) => (release = resolve))
    const late = new Session(model).generate(numbers(1, 70), { maxTokens: 3, constraint: constraint(() => held) })
    await new Promise((resolve) => setTimeout(resolve, 30))
    const other = new Session(model).generate(numbers(9, 70), { maxTokens: 3 })
    setTimeout(release, 30)
    expect((await late.result).ids).toEqual(continuation(numbers(1, 70), 3))
    expect((await other.result).ids).toEqual(continuation(numbers(9, 70), 3))
  })
})

describe('the prefix cache', () => {
  it('serves a prompt of a session that is gone', async () => {
    const runner = new FakeRunner({ stepTokens: 64 })
    const model = fakeModel(runner)
    const prompt = numbers(3, 300)
    const first = new Session(model)
    await first.generate(prompt, { maxTokens: 2 }).result
    await first.close()
    runner.steps.length = 0
    const result = await new Session(model).generate([...prompt, 1], { maxTokens: 2 }).result
    expect(result).toMatchObject({ cachedTokens: 256, ids: continuation([...prompt, 1], 2) })
    expect(runner.steps).toEqual([45, 1])
  })

  it('computes what several requests have in common once, also when they come together', async () => {
    const runner = new FakeRunner({ stepTokens: 64 })
    const model = fakeModel(runner)
    const prompt = numbers(3, 640)
    const prompts = [0, 1, 2].map((i) => [...prompt, i, i])
    const results = await Promise.all(prompts.map((p) => new Session(model).generate(p, { maxTokens: 3 }).result))
    results.forEach(({ ids }, i) => expect(ids).toEqual(continuation(prompts[i]!, 3)))
    expect(runner.steps.reduce((a, b) => a + b)).toBe(640 + 3 * 2 + 3 * 2)
  })

  it('forgets what was used least recently', async () => {
    const model = fakeModel(new FakeRunner({ stepTokens: 64 }), { limit: { pages: 8, hard: true } })
    const ask = async (from: number): Promise<number> => {
      const session = new Session(model)
      const { cachedTokens } = await session.generate(numbers(from, 150), { maxTokens: 1 }).result
      await session.close()
      return cachedTokens
    }
    expect([await ask(1), await ask(2), await ask(1), await ask(3), await ask(4)]).toEqual([0, 0, 128, 0, 0])
    // Of the second prompt only the last page had to go.
    expect([await ask(1), await ask(2)]).toEqual([128, 64])
    expect(model.shared.pool.size).toBe(8)
    expect(model.shared.pool.freeCount).toBe(8)
  })
})

describe('short memory', () => {
  it('takes the pages of the youngest and computes them again', async () => {
    const model = fakeModel(new FakeRunner({ stepTokens: 64 }), { limit: { pages: 7, hard: true } })
    const prompts = [0, 1, 2, 3].map((i) => numbers(i, 100 + 20 * i))
    const results = await Promise.all(prompts.map((p) => new Session(model).generate(p, { maxTokens: 90 }).result))
    results.forEach(({ ids }, i) => expect(ids).toEqual(continuation(prompts[i]!, 90)))
  })

  it('serves the others while somebody gets no pages, also with one token a step', async () => {
    const model = fakeModel(new FakeRunner({ stepTokens: 1 }), { limit: { pages: 5, hard: true } })
    const prompts = [0, 1].map((i) => numbers(i, 150))
    const results = await Promise.all(prompts.map((p) => new Session(model).generate(p, { maxTokens: 3 }).result))
    results.forEach(({ ids }, i) => expect(ids).toEqual(continuation(prompts[i]!, 3)))
  })

  it('refuses what never fits, and takes the pages of sessions that rest', async () => {
    const model = fakeModel(new FakeRunner({ stepTokens: 64 }), { limit: { pages: 3, hard: true } })
    const resting = new Session(model)
    await resting.generate(numbers(1, 100), { maxTokens: 1 }).result
    const own = new Session(model)
    const full = await own.generate(numbers(2, 180), { maxTokens: 2 }).result
    expect(full.ids).toEqual(continuation(numbers(2, 180), 2))
    await expect(own.generate(numbers(2, 200)).result).rejects.toMatchObject({ code: 'out_of_memory' })
    const again = await resting.generate(numbers(1, 100), { maxTokens: 5 }).result
    expect(again.ids).toEqual(continuation(numbers(1, 100), 5))
  })
})

describe('recurrent states', () => {
  const options = { stepTokens: 64, maxLogitRows: 8, maxSlots: 20 }
  const total = (runner: FakeRunner): number => runner.steps.splice(0).reduce((a, b) => a + b, 0)

  it('continue from a snapshot at the end of a prompt', async () => {
    const runner = new FakeRunner(options)
    const model = fakeModel(runner)
    const prompt = numbers(3, 300)
    const first = new Session(model)
    await first.generate(prompt, { maxTokens: 2 }).result
    await first.close()
    total(runner)
    const result = await new Session(model).generate([...prompt, 1], { maxTokens: 2 }).result
    expect(result).toMatchObject({ cachedTokens: 256, ids: continuation([...prompt, 1], 2) })
    expect(runner.steps).toEqual([45, 1])
  })

  it('go back for the same prompt again, and to the beginning without a snapshot', async () => {
    const runner = new FakeRunner(options)
    const session = new Session(fakeModel(runner))
    const ask = async (prompt: number[]): Promise<number> => {
      const result = await session.generate(prompt, { maxTokens: 90 }).result
      expect(result.ids).toEqual(continuation(prompt, 90))
      return result.cachedTokens
    }
    expect(await ask(numbers(1, 200))).toBe(0)
    expect(await ask(numbers(1, 200))).toBe(192)
    // 150 tokens are the same, but no state is left of them.
    expect(await ask([...numbers(1, 150), 0, 0])).toBe(0)
    // The next turn continues where the last one ended.
    const turn = [...numbers(1, 150), 0, 0]
    const answer = continuation(turn, 90)
    expect(await ask([...turn, ...answer, 7])).toBe(152 + 89)
  })

  it('are kept every so often in long prompts', async () => {
    const runner = new FakeRunner(options)
    const model = fakeModel(runner, { contextLength: 5000 })
    await new Session(model).generate(numbers(1, 3000), { maxTokens: 1 }).result
    const other = [...numbers(1, 2500), 1, 2]
    const result = await new Session(model).generate(other, { maxTokens: 5 }).result
    expect(result).toMatchObject({ cachedTokens: 2048, ids: continuation(other, 5) })
  })

  it('of several requests with the same prompt are computed once', async () => {
    const runner = new FakeRunner(options)
    const model = fakeModel(runner)
    const prompts = [0, 1, 2, 3].map((i) => [...numbers(3, 640), i, i])
    const results = await Promise.all(prompts.map((p) => new Session(model).generate(p, { maxTokens: 3 }).result))
    results.forEach(({ ids }, i) => expect(ids).toEqual(continuation(prompts[i]!, 3)))
    expect(total(runner)).toBe(640 + 4 * 2 + 4 * 2)
  })

  it('give the snapshots used least recently up, and never a running one', async () => {
    const model = fakeModel(new FakeRunner(options), { limit: { pages: 100, slots: 3, hard: false } })
    const ask = async (from: number): Promise<number> => {
      const session = new Session(model)
      const { cachedTokens, ids } = await session.generate(numbers(from, 100), { maxTokens: 2 }).result
      expect(ids).toEqual(continuation(numbers(from, 100), 2))
      await session.close()
      return cachedTokens
    }
    expect([await ask(1), await ask(2), await ask(1), await ask(3), await ask(4)]).toEqual([0, 0, 64, 0, 0])
    expect([await ask(4), await ask(1)]).toEqual([64, 0])
    expect(model.shared.slots!.size).toBe(3)
    // More sequences than slots below the limit: all run, and nothing is kept.
    await Promise.all([5, 6, 7, 8, 9].map(ask))
    expect(model.shared.slots!.size).toBe(5)
    expect(model.shared.slots!.freeCount).toBe(5)
  })

  it('wait for a slot where the limit is hard', async () => {
    const model = fakeModel(new FakeRunner({ ...options, maxSlots: 2 }), {
      limit: { pages: 100, slots: 2, hard: true },
    })
    const prompts = [0, 1, 2, 3, 4].map((i) => numbers(i, 100 + 20 * i))
    const results = await Promise.all(prompts.map((p) => new Session(model).generate(p, { maxTokens: 70 }).result))
    results.forEach(({ ids }, i) => expect(ids).toEqual(continuation(prompts[i]!, 70)))
  })

  it('are not trusted after a step that failed', async () => {
    let failing = false
    const runner = new FakeRunner({
      ...options,
      onStep: () => (failing ? Promise.reject(new Error('broken')) : undefined),
    })
    const session = new Session(fakeModel(runner))
    const prompt = numbers(1, 150)
    await session.generate(prompt, { maxTokens: 5 }).result
    const more = [...prompt, ...continuation(prompt, 5)]
    failing = true
    await expect(session.generate([...more, 1]).result).rejects.toThrow('broken')
    failing = false
    const result = await session.generate([...more, 1], { maxTokens: 5 }).result
    expect(result).toMatchObject({ cachedTokens: 128, ids: continuation([...more, 1], 5) })
  })
})

it('frees a cancelled sequence within one step', async () => {
  const runner = new FakeRunner({ stepTokens: 16 })
  const model = fakeModel(runner, { contextLength: 5000 })
  const session = new Session(model)
  const generation = session.generate(numbers(0, 4000))
  while (runner.steps.length < 3) await new Promise((resolve) => setImmediate(resolve))
  generation.abort()
  const steps = runner.steps.length
  expect((await generation.result).finishReason).toBe('abort')
  expect(runner.steps.length).toBeLessThanOrEqual(steps + 1)
  await session.close()
  expect(model.shared.pool.freeCount).toBe(model.shared.pool.size)
})

it('answers any mix of requests as if each were alone, and gives every page back', async () => {
  const request = fc.record({
    family: fc.nat(2),
    length: fc.integer({ min: 1, max: 300 }),
    tail: fc.array(fc.nat(63), { maxLength: 3 }),
    maxTokens: fc.integer({ min: 1, max: 80 }),
    delay: fc.nat(20),
    cancelAfter: fc.option(fc.nat(30)),
    session: fc.nat(4),
  })
  await fc.assert(
    fc.asyncProperty(
      fc.array(request, { minLength: 1, maxLength: 10 }),
      fc.constantFrom(1, 3, 16, 100),
      fc.constantFrom(6, 9, 40),
      // With recurrent states, so many slots; undefined: a model without.
      fc.constantFrom(undefined, 1, 2, 3, 9),
      async (requests, stepTokens, pages, slots) => {
        const recurrent = slots !== undefined && { maxSlots: slots }
        const runner = new FakeRunner({ stepTokens, maxLogitRows: Math.min(stepTokens, 4), ...recurrent })
        const model = fakeModel(runner, { limit: { pages, hard: true, ...(slots && { slots }) } })
        const sessions = Array.from({ length: 5 }, () => new Session(model))
        const pause = async (ticks: number): Promise<void> => {
          for (let i = 0; i < ticks; i++) await new Promise((resolve) => setImmediate(resolve))
        }
        const ask = async (r: (typeof requests)[number]): Promise<void> => {
          await pause(r.delay)
          const prompt = [...numbers(r.family, r.length), ...r.tail]
          const generation = sessions[r.session]!.generate(prompt, { maxTokens: r.maxTokens })
          if (r.cancelAfter !== null) void pause(r.cancelAfter).then(() => generation.abort())
          const result = await generation.result
          const expected = continuation(prompt, r.maxTokens)
          expect(result.ids).toEqual(expected.slice(0, result.ids.length))
          if (result.finishReason !== 'abort') expect(result.ids.length).toBe(r.maxTokens)
        }
        await Promise.all(requests.map(ask))
        await Promise.all(sessions.map((session) => session.close()))
        expect(model.shared.pool.freeCount).toBe(model.shared.pool.size)
        expect(model.shared.slots?.freeCount).toBe(model.shared.slots?.size)
        expect(model.shared.scheduler.active).toBe(0)
      },
    ),
    { numRuns: 120 },
  )
})

it('finds the memory that a cancelled answer frees while another asks for it', async () => {
  const runner = new FakeRunner({ stepTokens: 100, maxLogitRows: 4 })
  const model = fakeModel(runner, { limit: { pages: 6, hard: true } })
  const [first, second] = [new Session(model), new Session(model)]
  const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
  const prompt = (family: number): number[] => numbers(family, 200)
  const kept = first.generate(prompt(0), { maxTokens: 1 })
  const cancelled = second.generate(prompt(1), { maxTokens: 1 })
  const turns = (async () => {
    for (let i = 0; i < 7; i++) await turn()
    cancelled.abort()
  })()
  await turn()
  const next = second.generate(prompt(2), { maxTokens: 1 })
  expect((await kept.result).ids).toEqual(continuation(prompt(0), 1))
  expect((await next.result).ids).toEqual(continuation(prompt(2), 1))
  await Promise.all([cancelled.result, turns])
})

describe('the cpu backend', () => {
  const fixtures = fileURLToPath(new URL('../fixtures/golden/', import.meta.url))
  it.each(['qwen3', 'llama3', 'deepseek-v3', 'kimi-linear'])('%s answers in a batch as alone (exact)', async (name) => {
    const ids = (seed: number, count: number): number[] =>
      Array.from({ length: count }, (_, i) => (seed * 17 + i * 7) % 60)
    const prompts = [ids(1, 5), ids(2, 70), ids(3, 33), ids(4, 1), [...ids(2, 66), 5, 6]]
    const options = { maxTokens: 24, ignoreEos: true }
    const alone: number[][] = []
    for (const prompt of prompts) {
      const engine = await loadEngine(fixtures + name, { precision: 'exact', threads: 2 })
      alone.push((await engine.generate(prompt, options).result).ids)
      await engine.close()
    }
    const engine = await loadEngine(fixtures + name, { precision: 'exact', threads: 2, stepTokens: 48 })
    const together = await Promise.all(prompts.map((prompt) => engine.generate(prompt, options).result))
    expect(together.map((result) => result.ids)).toEqual(alone)
    await engine.close()
  })
})
