import OpenAI from 'openai'
import { afterAll, describe, expect, it, vi } from 'vitest'
import { byteTokenizer, scriptedEngine, serveEngine } from './scripted.js'

const LINE = 'the quick brown fox jumps over the lazy dog'
const server = await serveEngine(scriptedEngine(() => LINE))
afterAll(() => server.stop())
const client = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: 'none', maxRetries: 0 })
const model = 'scripted'

describe('completions by the official client', () => {
  it('continues with text and with token ids', async () => {
    const text = await client.completions.create({ model, prompt: 'the quick', max_tokens: 100 })
    expect(text.choices[0]!.text).toBe(' brown fox jumps over the lazy dog')
    expect(text.choices[0]!.finish_reason).toBe('stop')
    const ids = await client.completions.create({ model, prompt: byteTokenizer.encode('the quick'), max_tokens: 6 })
    expect(ids.choices[0]).toMatchObject({ text: ' brown', finish_reason: 'length' })
    expect(ids.usage).toMatchObject({ prompt_tokens: 9, completion_tokens: 6, total_tokens: 15 })
  })

  it('answers several prompts, n times each, in order', async () => {
    const answer = await client.completions.create({ model, prompt: ['the', 'the quick'], n: 2, max_tokens: 6 })
    expect(answer.choices.map(({ index, text }) => [index, text])).toEqual([
      [0, ' quick'],
      [1, ' quick'],
      [2, ' brown'],
      [3, ' brown'],
    ])
    expect(answer.usage).toMatchObject({ prompt_tokens: 12, completion_tokens: 24 })
  })

  it('gives no likelihoods of a stop string, which is no part of the answer', async () => {
    const request = { model, prompt: 'the quick', max_tokens: 50, stop: ' fox', logprobs: 1 }
    const [choice] = (await client.completions.create(request)).choices
    expect([choice!.text, choice!.logprobs!.tokens!.join('')]).toEqual([' brown', ' brown'])
    expect(choice!.logprobs!.text_offset).toEqual([0, 1, 2, 3, 4, 5])
    const tokens: string[] = []
    for await (const chunk of await client.completions.create({ ...request, stream: true }))
      tokens.push(...(chunk.choices[0]!.logprobs?.tokens ?? []))
    expect(tokens.join('')).toBe(' brown')
  })

  it('logs the tokens of all answers, with those that were found in the cache', async () => {
    const requests = () => server.log.filter(({ event }) => event === 'request')
    const ask = async (n: number): Promise<Record<string, unknown>> => {
      const before = requests().length
      await client.completions.create({ model, prompt: `${LINE} `.repeat(5), n, max_tokens: 2 })
      await vi.waitFor(() => expect(requests().length).toBe(before + 1))
      return requests().at(-1)!
    }
    await ask(1)
    const { promptTokens, cachedTokens, tokens } = (await ask(1)) as Record<string, number>
    expect(cachedTokens).toBeGreaterThan(0)
    const twice = { promptTokens: 2 * promptTokens!, cachedTokens: 2 * cachedTokens!, tokens: 2 * tokens! }
    expect(await ask(2)).toMatchObject(twice)
  })

  it('streams the same', async () => {
    const texts = ['', '']
    const stream = await client.completions.create({
      model,
      prompt: ['the', 'the quick'],
      max_tokens: 6,
      stream: true,
      stream_options: { include_usage: true },
    })
    let usage: unknown
    for await (const chunk of stream) {
      for (const { index, text } of chunk.choices) texts[index] = `${texts[index] ?? ''}${text}`
      usage = chunk.usage
    }
    expect(texts).toEqual([' quick', ' brown'])
    expect(usage).toMatchObject({ prompt_tokens: 12, completion_tokens: 12 })
  })

  it('echoes the prompt with its log probabilities', async () => {
    const request = { model, prompt: 'the q', max_tokens: 2, echo: true, logprobs: 1 }
    const { choices } = await client.completions.create(request)
    expect(choices[0]!.text).toBe('the qui')
    const { tokens, token_logprobs, top_logprobs, text_offset } = choices[0]!.logprobs!
    expect(tokens).toEqual(Array.from('the qui'))
    expect(token_logprobs![0]).toBeNull()
    // Every letter of the line is what the model would have said.
    for (const value of token_logprobs!.slice(1)) expect(value).toBeCloseTo(token_logprobs![1]!, 6)
    expect(Object.keys(top_logprobs![1]!)).toEqual(['h'])
    expect(text_offset).toEqual([0, 1, 2, 3, 4, 5, 6])
    const alone = await client.completions.create({ ...request, max_tokens: 0 })
    expect(alone.choices[0]!.text).toBe('the q')
    expect(alone.choices[0]!.logprobs!.tokens).toHaveLength(5)
    expect(alone.usage).toMatchObject({ prompt_tokens: 5, completion_tokens: 0 })
  })

  it('refuses what it cannot do, by name', async () => {
    const refused = async (more: object): Promise<unknown> =>
      client.completions
        .create({ model, prompt: 'x', ...more } as OpenAI.CompletionCreateParamsNonStreaming)
        .then(() => undefined)
        .catch((error: unknown) => (error instanceof OpenAI.APIError ? [error.status, error.param, error.code] : error))
    expect(await refused({ suffix: 'end' })).toEqual([400, 'suffix', 'unsupported_parameter'])
    expect(await refused({ best_of: 1, n: 2 })).toEqual([400, 'best_of', 'invalid_value'])
    expect(await refused({ max_tokens: 0 })).toEqual([400, 'max_tokens', 'invalid_value'])
    expect(await refused({ prompt: '' })).toEqual([400, 'prompt', 'invalid_value'])
    expect(await refused({ prompt: [1, 9999] })).toEqual([400, 'prompt', 'invalid_argument'])
  })
})

describe('tokens', () => {
  const ask = async (path: string, body: object): Promise<unknown> => {
    const response = await fetch(server.url + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    return response.json()
  }

  it('of a text and back', async () => {
    expect(await ask('/tokenize', { model, prompt: 'hé', return_token_strs: true })).toEqual({
      count: 3,
      max_model_len: 16_384,
      tokens: [104, 195, 169],
      token_strs: ['h', '\ufffd', '\ufffd'],
    })
    expect(await ask('/detokenize', { model, tokens: [104, 195, 169] })).toEqual({ prompt: 'hé' })
    expect(await ask('/detokenize', { model, tokens: [] })).toEqual({ prompt: '' })
  })

  it('of a conversation are those that a request counts', async () => {
    const messages = [{ role: 'user' as const, content: 'hello' }]
    const { count } = (await ask('/tokenize', { model, messages })) as { count: number }
    const { usage } = await client.chat.completions.create({ model, messages, max_completion_tokens: 1 })
    expect(count).toBe(usage!.prompt_tokens)
  })
})

describe('models', () => {
  it('are listed and found', async () => {
    const { data } = await client.models.list()
    expect(data).toMatchObject([{ id: 'scripted', object: 'model', owned_by: 'kaiyuan' }])
    expect((await client.models.retrieve('scripted')).id).toBe('scripted')
    const missing = client.models.retrieve('other')
    await expect(missing).rejects.toMatchObject({ status: 404, code: 'model_not_found' })
    await expect(missing).rejects.toThrow('there is no model "other" here; there is scripted')
  })
})
