// What callers without types may give: refused by name, never passed over.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ChatMessage, ChatOptions, LoadOptions } from '../../src/index.js'
import { answerMessage, loadEngine, type Engine } from '../../src/index.js'

let engine: Engine
beforeAll(async () => {
  engine = await loadEngine('mini', { threads: 1 })
})
afterAll(() => engine.close())

const user = { role: 'user', content: 'hello' } as const
const chat = (messages: unknown, options: unknown = {}): Promise<{ text: string }> =>
  engine.chat(messages as ChatMessage[], options as ChatOptions).result

describe('loading and restoring', () => {
  it.each<[string, unknown]>([
    ['threads must be a whole number from 1 to 256; found "2"', { threads: '2' }],
    ['options.onProgress: expected a function; found 5', { onProgress: 5 }],
  ])('is refused: %s', async (message, options) => {
    await expect(loadEngine('mini', options as LoadOptions)).rejects.toThrow(message)
  })

  it('refuses what is no saved session', async () => {
    const expected = 'the saved session: expected a Uint8Array, as session.save() gives it; found '
    await expect(engine.restore('x' as unknown as Uint8Array)).rejects.toThrow(expected)
    await expect(engine.restore(new ArrayBuffer(8) as unknown as Uint8Array)).rejects.toThrow(expected)
  })
})

describe('a chat', () => {
  it.each<[string, unknown, unknown]>([
    [
      'messages[0].role: expected system, developer, user, assistant, tool; found "usr"',
      [{ ...user, role: 'usr' }],
      {},
    ],
    ['messages[1]: unknown key contnet; did you mean content?', [user, { ...user, contnet: 1 }], {}],
    ['messages[0].content: expected a text, or parts of text; found 5', [{ ...user, content: 5 }], {}],
    ['messages[0].content[0].type: expected "text"', [{ ...user, content: [{ type: 'image_url' }] }], {}],
    ['messages: expected an array such as [{ role: "user", content: "Hello" }]; found "hello"', 'hello', {}],
    ['messages: expected an array', undefined, {}],
    ['messages[0]: expected an object; found null', [null], {}],
    ['messages[0].tool_calls[0].function: expected an object; found nothing', [{ ...user, tool_calls: [{}] }], {}],
    ['options: unknown key temprature; did you mean temperature?', [user], { temprature: 1 }],
    ['tools[0].type: expected "function"; found nothing', [user], { tools: [{ name: 'x' }] }],
    ['tools[0].function.name: expected a name', [user], { tools: [{ type: 'function', function: {} }] }],
    ['messages[0].content: expected a text; found nothing', [{ role: 'user' }], {}],
    ['messages[0].content: expected a text; found null', [{ role: 'tool', content: null }, user], {}],
    ['options.signal: expected an AbortSignal; found {}', [user], { signal: {} }],
    ["found a schema: give { kind: 'json-schema', schema }", [user], { grammar: { type: 'object' } }],
    ['expected the kind to be json, ', [user], { grammar: { kind: 'yaml' } }],
    ['stop: expected a text, or an array of texts; found 5', [user], { stop: 5 }],
  ])('is refused: %s', async (message, messages, options) => {
    await expect(chat(messages, options)).rejects.toThrow(message)
  })

  it('takes text in parts, as clients of OpenAI send it', async () => {
    const parts = [
      { type: 'text', text: 'hel' },
      { type: 'text', text: 'lo' },
    ] as const
    const options = { maxTokens: 5 }
    expect((await engine.chat([{ role: 'user', content: parts }], options).result).text).toBe(
      (await engine.chat([user], options).result).text,
    )
    expect(engine.encodeChat([{ role: 'user', content: parts }])).toEqual(engine.encodeChat([user]))
  })
})

describe('token ids and texts', () => {
  const ids = 5 as unknown as number[]
  it.each<[string, () => unknown]>([
    ['generate', () => engine.generate(ids).result],
    ['decode', () => engine.decode(ids)],
    ['tokenTexts', () => engine.tokenTexts(ids)],
    ['logits', () => engine.logits(ids)],
    ['likelihoods', () => engine.likelihoods(ids, 0)],
    ['embed', () => engine.embed(ids)],
    ['perplexity', () => engine.perplexity(ids)],
  ])('%s refuses a number', async (_, call) => {
    await expect((async () => call())()).rejects.toThrow('the token ids: expected an array such as [1, 2, 3]; found 5')
  })

  it('encode refuses what is no text', () => {
    expect(() => engine.encode(null as unknown as string)).toThrow('the prompt: expected a text; found null')
  })
})

describe('an answer', () => {
  it('is read as texts alone, and becomes a message', async () => {
    const generation = engine.chat([user])
    let whole = ''
    for await (const text of generation.texts()) whole += text
    const result = await generation.result
    expect(whole).toBe(result.text)
    expect(answerMessage(result)).toMatchObject({ role: 'assistant', content: whole })
  })
})

describe('loading', () => {
  it('refuses unknown options and what is no model, and rejects with the reason of its signal', async () => {
    await expect(loadEngine('mini', { precison: 'exact' } as LoadOptions)).rejects.toThrow('did you mean precision?')
    await expect(loadEngine(undefined as unknown as string)).rejects.toThrow('the model: expected a folder')
    await expect(loadEngine('')).rejects.toThrow('found an empty text')
    const reason = new Error('because')
    await expect(loadEngine('mini', { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
    await expect(loadEngine('mini', { signal: AbortSignal.abort() })).rejects.toMatchObject({ name: 'AbortError' })
  })

  it('is closed at the end of a block', async () => {
    const own = await loadEngine('mini', { threads: 1 })
    const session = own.session()
    await session[Symbol.asyncDispose]()
    await own[Symbol.asyncDispose]()
    await expect(own.chat([user]).result).rejects.toThrow('the engine is closed')
  })
})
