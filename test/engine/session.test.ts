import { describe, expect, it } from 'vitest'
import type { Part } from '../../src/engine/answer/generation.js'
import { Session } from '../../src/engine/answer/session.js'
import { UserError, type UserErrorCode } from '../../src/errors.js'
import type { ChatTemplate } from '../../src/chat/prompt.js'
import type { Dialect, ToolCall } from '../../src/chat/dialects/dialect.js'
import type { Tokenizer } from '../../src/tokenizer/tokenizer.js'
import { FakeRunner, continuation, fakeModel, letters, nextOf, sayer, type FakeOptions } from './fake.js'

function session(runner: FakeRunner, options: Parameters<typeof fakeModel>[1] = {}): Session {
  return new Session(fakeModel(runner, options))
}

const numbers = (from: number, count: number): number[] => Array.from({ length: count }, (_, i) => (from + i * 5) % 64)

async function codeOf(promise: Promise<unknown>): Promise<UserErrorCode | undefined> {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  return error instanceof UserError ? error.code : undefined
}

async function partsOf(parts: AsyncIterable<Part>): Promise<Part[]> {
  const all: Part[] = []
  for await (const part of parts) all.push(part)
  return all
}

describe('generate', () => {
  it.each([1, 7, 64, 200])('gives the same ids when the prompt is fed %i tokens at a time', async (stepTokens) => {
    const runner = new FakeRunner({ stepTokens })
    const prompt = numbers(3, 150)
    const result = await session(runner).generate(prompt, { maxTokens: 80 }).result
    expect(result.ids).toEqual(continuation(prompt, 80))
    expect(result).toMatchObject({ finishReason: 'length', promptTokens: 150, cachedTokens: 0, text: '' })
    expect(runner.steps.slice(0, Math.ceil(150 / stepTokens)).reduce((a, b) => a + b)).toBe(150)
    expect(Math.max(...runner.steps)).toBe(Math.min(stepTokens, 150))
    // The last token is given out and not fed.
    expect(runner.steps.length).toBe(Math.ceil(150 / stepTokens) + 79)
  })

  it('ends at a stop id, which is the last of the ids, unless told to continue', async () => {
    const prompt = [1, 2, 3]
    const expected = continuation(prompt, 10)
    const stopIds = new Set([expected[4]!])
    const cut = expected.indexOf(expected[4]!) + 1
    const stopped = await session(new FakeRunner(), { stopIds }).generate(prompt, { maxTokens: 10 }).result
    expect(stopped).toMatchObject({ ids: expected.slice(0, cut), finishReason: 'stop' })
    const options = { maxTokens: 10, ignoreEos: true }
    const further = await session(new FakeRunner(), { stopIds }).generate(prompt, options).result
    expect(further).toMatchObject({ ids: expected, finishReason: 'length' })
  })

  it('is deterministic for a seed', async () => {
    const runner = new FakeRunner()
    const run = async (seed: number): Promise<number[]> =>
      (await session(runner).generate([1, 2], { seed, temperature: 3, maxTokens: 20 }).result).ids
    expect(await run(5)).toEqual(await run(5))
    expect(await run(5)).not.toEqual(await run(6))
  })

  it('samples when asked for top-k, also where the model is greedy by default', async () => {
    const ids = (await session(new FakeRunner()).generate([1, 2], { topK: 60, seed: 1, maxTokens: 30 }).result).ids
    expect(ids).not.toEqual(continuation([1, 2], 30))
  })

  it('measures prefill and decoding', async () => {
    const { timings } = await session(new FakeRunner()).generate([1, 2, 3], { maxTokens: 5 }).result
    expect(timings.prefillTokensPerSecond).toBeCloseTo(3000 / timings.prefillMs)
    expect(timings.decodeTokensPerSecond).toBeCloseTo(4000 / timings.decodeMs)
    expect(timings.firstTokenMs).toBeGreaterThanOrEqual(timings.prefillMs)
  })
})

describe('prefix reuse', () => {
  it('computes only what is new, and answers as a fresh session does', async () => {
    const runner = new FakeRunner()
    const own = session(runner)
    const first = numbers(1, 100)
    const { ids } = await own.generate(first, { maxTokens: 10 }).result
    expect(own.cachedTokens).toBe(109)
    const second = [...first, ...ids, 9, 8, 7]
    runner.steps.length = 0
    const result = await own.generate(second, { maxTokens: 4 }).result
    expect(result).toMatchObject({ cachedTokens: 109, ids: continuation(second, 4) })
    expect(runner.steps).toEqual([4, 1, 1, 1])
  })

  it('goes back to where the prompts differ', async () => {
    const own = session(new FakeRunner())
    await own.generate(numbers(1, 150), { maxTokens: 3 }).result
    const changed = [...numbers(1, 70), 5, 5, 5]
    const result = await own.generate(changed, { maxTokens: 3 }).result
    expect(result).toMatchObject({ cachedTokens: 70, ids: continuation(changed, 3) })
  })

  it('feeds the last token again when the whole prompt is cached', async () => {
    const own = session(new FakeRunner())
    const prompt = numbers(1, 20)
    await own.generate(prompt, { maxTokens: 5 }).result
    const again = await own.generate(prompt, { maxTokens: 5 }).result
    expect(again).toMatchObject({ cachedTokens: 19, ids: continuation(prompt, 5) })
  })

  it('keeps sessions apart that share a runner, and gives pages back', async () => {
    const runner = new FakeRunner()
    const model = fakeModel(runner)
    const sessions = [1, 2, 3].map(() => new Session(model))
    for (const round of [0, 1]) {
      const prompts = sessions.map((_, i) => numbers(i, 60 + 40 * round + i))
      const results = await Promise.all(sessions.map((s, i) => s.generate(prompts[i]!, { maxTokens: 12 }).result))
      results.forEach((result, i) => expect(result.ids).toEqual(continuation(prompts[i]!, 12)))
    }
    const reserved = model.shared.pool.size
    await Promise.all(sessions.map((s) => s.close()))
    expect(model.shared.pool.freeCount).toBe(reserved)
  })

  it('takes calls on one session in turn', async () => {
    const own = session(new FakeRunner())
    const prompts = [numbers(1, 30), numbers(2, 40), numbers(1, 35)]
    const results = await Promise.all(prompts.map((prompt) => own.generate(prompt, { maxTokens: 6 }).result))
    results.forEach((result, i) => expect(result.ids).toEqual(continuation(prompts[i]!, 6)))
  })
})

describe('the context', () => {
  it('refuses a longer prompt with both numbers, before any step', async () => {
    const runner = new FakeRunner()
    const { result } = session(runner, { contextLength: 50 }).generate(numbers(0, 51))
    expect(await codeOf(result)).toBe('context_length_exceeded')
    await expect(result).rejects.toThrow(/51.*50/)
    expect(runner.steps).toEqual([])
  })

  it('ends with length where it is full', async () => {
    const prompt = numbers(0, 45)
    const result = await session(new FakeRunner(), { contextLength: 50 }).generate(prompt).result
    expect(result).toMatchObject({ finishReason: 'length', ids: continuation(prompt, 5) })
    const full = await session(new FakeRunner(), { contextLength: 45 }).generate(prompt).result
    expect(full).toMatchObject({ finishReason: 'length', ids: [] })
  })
})

describe('mistakes', () => {
  it.each([
    ['an empty prompt', [], {}],
    ['an id outside of the vocabulary', [1, 64], {}],
    ['a negative id', [-1], {}],
    ['a broken id', [1.5], {}],
    ['a negative temperature', [1], { temperature: -1 }],
    ['no tokens', [1], { maxTokens: 0 }],
    ['a seed with a fraction', [1], { seed: 0.5 }],
    ['an empty stop string', [1], { stop: '' }],
  ])('%s is a UserError', async (_, ids, options) => {
    expect(await codeOf(session(new FakeRunner()).generate(ids, options).result)).toBe('invalid_argument')
  })

  it('says what is missing: tokenizer, template, text', async () => {
    const bare = session(new FakeRunner())
    expect(await codeOf(bare.complete('hi').result)).toBe('invalid_tokenizer')
    expect(await codeOf(bare.chat([{ role: 'user', content: 'hi' }]).result)).toBe('invalid_template')
    expect(await codeOf(session(new FakeRunner(), { tokenizer: letters }).complete('').result)).toBe('invalid_argument')
  })

  it('recovers from a step that failed', async () => {
    let broken = true
    const onStep = (): void => {
      if (broken) throw new Error('device lost')
    }
    const own = session(new FakeRunner({ onStep }))
    await expect(own.generate([1, 2, 3], { maxTokens: 3 }).result).rejects.toThrow('device lost')
    broken = false
    expect((await own.generate([1, 2, 3], { maxTokens: 3 }).result).ids).toEqual(continuation([1, 2, 3], 3))
  })

  it('reports a cache that does not fit, and continues with what does', async () => {
    const own = session(new FakeRunner({ maxPages: 2 }))
    expect(await codeOf(own.generate(numbers(0, 300), { maxTokens: 2 }).result)).toBe('out_of_memory')
    expect((await own.generate([1, 2, 3], { maxTokens: 3 }).result).ids).toEqual(continuation([1, 2, 3], 3))
  })

  it('throws in the loop what it throws in the result', async () => {
    await expect(partsOf(session(new FakeRunner()).generate([]))).rejects.toThrow('empty')
  })

  it('disturbs nobody when nobody listens', async () => {
    const seen: unknown[] = []
    const listener = (reason: unknown): void => void seen.push(reason)
    process.on('unhandledRejection', listener)
    session(new FakeRunner()).generate([])
    await new Promise((resolve) => setTimeout(resolve, 20))
    process.off('unhandledRejection', listener)
    expect(seen).toEqual([])
  })
})

describe('cancelling', () => {
  it('ends between two steps with what there is', async () => {
    const controller = new AbortController()
    let steps = 0
    const onStep = (): void => {
      if (++steps === 6) controller.abort()
    }
    const own = session(new FakeRunner({ onStep }))
    const result = await own.generate([1, 2, 3], { signal: controller.signal }).result
    expect(result).toMatchObject({ finishReason: 'abort', ids: continuation([1, 2, 3], 5) })
    expect((await own.generate([1, 2, 3], { maxTokens: 9 }).result).ids).toEqual(continuation([1, 2, 3], 9))
  })

  it('ends between two chunks of the prompt', async () => {
    const controller = new AbortController()
    let steps = 0
    const onStep = (): void => {
      if (++steps === 3) controller.abort()
    }
    const own = session(new FakeRunner({ onStep }))
    const result = await own.generate(numbers(0, 500), { signal: controller.signal }).result
    expect(result).toMatchObject({ finishReason: 'abort', ids: [] })
    expect(own.cachedTokens).toBe(48)
  })

  it('does nothing when cancelled before it began', async () => {
    const runner = new FakeRunner()
    const result = await session(runner).generate([1], { signal: AbortSignal.abort() }).result
    expect(result).toMatchObject({ finishReason: 'abort', ids: [] })
    expect(runner.steps).toEqual([])
  })

  it('happens when the reader leaves the loop', async () => {
    const own = session(new FakeRunner({ next: sayer('abcdefgh', 1) }), { tokenizer: letters })
    const generation = own.complete('x')
    for await (const part of generation) if (part.text === 'c') break
    expect((await generation.result).finishReason).toBe('abort')
  })

  it('happens on close, also to what waits; afterwards nothing starts', async () => {
    const own = session(new FakeRunner())
    const [first, second] = [own.generate([1]), own.generate([2])]
    await own.close()
    for (const { result } of [first, second]) expect((await result).finishReason).toBe('abort')
    expect(await codeOf(own.generate([1]).result)).toBe('invalid_argument')
  })
})

describe('text', () => {
  const say = (text: string, options: FakeOptions = {}): Session =>
    session(new FakeRunner({ next: sayer(text, 2), ...options }), { tokenizer: letters, stopIds: new Set([29]) })

  it('arrives in parts that make the whole', async () => {
    const generation = say('hello you').complete('ab')
    const parts = await partsOf(generation)
    const result = await generation.result
    expect(parts.map((part) => part.text).join('')).toBe('hello you')
    expect(result).toMatchObject({ text: 'hello you', finishReason: 'stop' })
    // Who comes late gets everything too.
    expect(await partsOf(generation)).toEqual(parts)
  })

  it('ends in front of a stop string that several tokens make', async () => {
    const generation = say('one two three').complete('ab', { stop: ['o t'] })
    expect((await partsOf(generation)).map((part) => part.text).join('')).toBe('one tw')
    const result = await generation.result
    expect(result).toMatchObject({ text: 'one tw', finishReason: 'stop' })
    expect(letters.decode(result.ids)).toBe('one two t')
  })

  it('gives out what was held back when the answer ends', async () => {
    expect((await say('ab th').complete('ab', { stop: 'three' }).result).text).toBe('ab th')
  })

  it('separates reasoning, also where the template opens it', async () => {
    const template = (ending: string): ChatTemplate => ({
      render: (messages) => `${messages[0]!.content}${ending}`,
    })
    const chat = async (said: string, ending: string): Promise<unknown> => {
      const length = letters.encode(`q${ending}`).length
      const runner = new FakeRunner({ next: sayer(said, length) })
      const own = session(runner, { tokenizer: letters, template: template(ending), stopIds: new Set([29]) })
      const generation = own.chat([{ role: 'user', content: 'q' }])
      const kinds = new Set((await partsOf(generation)).map((part) => part.kind))
      const { reasoning, text } = await generation.result
      return { reasoning, text, kinds: [...kinds] }
    }
    expect(await chat('<think>hm hm</think>yes', ':')).toMatchObject({ reasoning: 'hm hm', text: 'yes' })
    expect(await chat('hm</think>yes', '<think>')).toMatchObject({ reasoning: 'hm', text: 'yes' })
    expect(await chat('yes', ':')).toEqual({ reasoning: '', text: 'yes', kinds: ['text'] })
  })

  it('comes apart as the dialect says, which sees its markers; segments are encoded as they are meant', async () => {
    const encoded: unknown[] = []
    let shown: readonly string[] | undefined
    const tokenizer: Tokenizer = {
      ...letters,
      encode: (text, options) => {
        encoded.push([text, options?.parseSpecial])
        return letters.encode(text)
      },
      decoder: (markers) => {
        shown = markers
        return letters.decoder()
      },
    }
    const template: ChatTemplate = {
      render: () => 'ab',
      segments: () => [
        { text: 'a', special: true },
        { text: 'b', special: false },
      ],
    }
    const call: ToolCall = { index: 0, id: 'i', name: 'f', arguments: '{}' }
    const dialect: Dialect = {
      name: 'all calls',
      markers: ['<think>'],
      parser: ({ prompt, tools }) => ({
        push: (text) => [
          { kind: 'text', text: `${prompt}${tools.length}${text}` },
          { kind: 'tool-call', text: '', call },
        ],
        flush: () => [],
      }),
    }
    const runner = new FakeRunner({ next: sayer('y', 2) })
    const own = session(runner, { tokenizer, template, dialect, stopIds: new Set([29]) })
    const generation = own.chat([{ role: 'user', content: 'q' }], { tools: [] })
    expect((await partsOf(generation)).map((part) => part.kind)).toEqual(['text', 'tool-call'])
    expect(await generation.result).toMatchObject({ text: 'ab0y', toolCalls: [call], finishReason: 'stop' })
    expect(encoded).toEqual([
      ['a', true],
      ['b', false],
    ])
    expect(shown).toEqual(['<think>'])
  })
})

it('says something else after another prefix', () => {
  expect(nextOf([1, 2])).not.toBe(nextOf([2, 1]))
})
