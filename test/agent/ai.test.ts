import { describe, expect, it } from 'vitest'
import { kaiyuan, kaiyuanEmbedding, type Specification } from '../../src/ai.js'
import type { CallOptions } from '../../src/agent/ai/types.js'
import { connectEngine } from '../../src/remote/connect.js'
import { localLine } from '../server/scripted.js'
import { checkStream } from './conformance.js'
import { answering, callText, scriptedEngine } from './scripts.js'

const prompt = [{ role: 'user', content: [{ type: 'text', text: 'Hello' }] }] as const
const find = {
  type: 'function',
  name: 'find',
  inputSchema: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
} as const
const tools = [find, { ...find, name: 'other' }]

async function read<T>(stream: ReadableStream<T>): Promise<T[]> {
  const parts: T[] = []
  for await (const part of stream as unknown as AsyncIterable<T>) parts.push(part)
  return parts
}

const long = { city: 'Oslo, '.repeat(20) }
const ANSWERS: Record<string, [said: string, kinds: string, finish: string]> = {
  text: ['It rains.', 'text', 'stop'],
  nothing: ['', '', 'stop'],
  'a thought and text': ['<think>Hm</think>It rains.', 'reasoning text', 'stop'],
  'a call': [callText('find', { city: 'Oslo' }), 'tool-input', 'tool-calls'],
  'text, and calls': [
    `Well${callText('find', long)}${callText('other', { city: '' })}`,
    'text tool-input tool-input',
    'tool-calls',
  ],
  'a thought and a call': [`<think>Hm</think>${callText('find', long)}`, 'reasoning tool-input', 'tool-calls'],
  'a near miss': ['```json\n{"name":"find","arguments":{"city":"a"}}\n```', 'tool-input', 'tool-calls'],
}

describe.each<Specification>(['v2', 'v3', 'v4'])('%s', (specification) => {
  const ask = async (said: string, options: Partial<CallOptions> = {}) => {
    const model = kaiyuan(answering(said), { specification })
    const { stream } = await model.doStream({ prompt, ...options })
    return read<{ type: string; [name: string]: unknown }>(stream as ReadableStream<{ type: string }>)
  }

  it.each(Object.entries(ANSWERS))('streams %s in its order', async (_, [said, kinds, finish]) => {
    const parts = await ask(said, { tools })
    const blocks = checkStream(parts)
    expect(blocks.map(({ kind }) => kind).join(' ')).toBe(kinds)
    const reason = parts.at(-1)!['finishReason'] as string | { unified: string }
    expect(typeof reason === 'string' ? reason : reason.unified).toBe(finish)
    const whole = await kaiyuan(answering(said), { specification }).doGenerate({ prompt, tools })
    expect(whole.content.map(({ type }) => type.replace('call', 'input')).join(' ')).toBe(kinds)
  })

  it('streams arguments while they are written, and withholds a call that was cut off', async () => {
    const parts = await ask(callText('find', long), { tools, maxOutputTokens: 80 })
    checkStream(parts)
    expect(parts.filter(({ type }) => type === 'tool-input-delta').length).toBeGreaterThan(2)
    expect(parts.some(({ type }) => type === 'tool-call')).toBe(false)
  })

  it('says what it leaves out', async () => {
    const file = { role: 'user', content: [{ type: 'file', mediaType: 'image/png', data: '' }] } as const
    const model = kaiyuan(answering('x'), { specification })
    const foreign = { type: 'provider', id: 'openai.search', name: 'search' }
    const providerOptions = { kaiyuan: { nonsense: 1 } }
    const { warnings } = await model.doGenerate({ prompt: [file], tools: [foreign], providerOptions })
    expect(JSON.stringify(warnings)).toMatch(/file parts.*providerOptions.kaiyuan.nonsense.*openai.search/)
  })

  it('rejects with the reason of the signal, before and in an answer', async () => {
    const controller = new AbortController()
    controller.abort(new Error('enough'))
    const model = kaiyuan(answering('x'.repeat(300)), { specification })
    await expect(model.doGenerate({ prompt, abortSignal: controller.signal })).rejects.toThrow('enough')
    await expect(model.doStream({ prompt, abortSignal: controller.signal })).rejects.toThrow('enough')
    const later = new AbortController()
    const { stream } = await model.doStream({ prompt, abortSignal: later.signal })
    const reader = (stream as ReadableStream<unknown>).getReader()
    await reader.read()
    later.abort(new Error('late'))
    const rest = async (): Promise<void> => {
      while (!(await reader.read()).done);
    }
    await expect(rest()).rejects.toThrow('late')
  })
})

describe('a call of the SDK', () => {
  const asked = async (options: Partial<CallOptions>, answer = '{"city":"Oslo"}') => {
    const prompts: unknown[] = []
    const engine = scriptedEngine((given) => {
      prompts.push(given)
      return answer
    })
    const result = await kaiyuan(engine).doGenerate({ prompt, ...options })
    return { asked: prompts[0] as { messages: object[]; tools: unknown; extra: object }, result }
  }

  it('is enforced where it asks for an object, for a call, for one tool, or for calls or an object', async () => {
    const schema = { type: 'object', properties: { a: { const: 1 } }, required: ['a'], additionalProperties: false }
    const said = async (options: Partial<CallOptions>): Promise<unknown> =>
      (await asked({ maxOutputTokens: 400, ...options })).result.content[0]
    const responseFormat = { type: 'json', schema } as const
    expect(await said({ responseFormat })).toMatchObject({ type: 'text', text: expect.stringMatching(/"a":\s*1/) })
    const city = { type: 'object', properties: { city: { const: 'Oslo' } }, required: ['city'] }
    const tools = ['find', 'other'].map((name) => ({ ...find, name, inputSchema: city }))
    expect(await said({ tools, toolChoice: { type: 'required' } })).toMatchObject({ type: 'tool-call' })
    const toolChoice = { type: 'tool', toolName: 'other' } as const
    expect(await said({ tools, toolChoice })).toMatchObject({ toolName: 'other' })
    expect(await said({ tools, responseFormat })).toMatchObject({ type: 'text' })
    expect(await said({ providerOptions: { kaiyuan: { grammar: { kind: 'regex', pattern: 'ab' } } } })).toEqual({
      type: 'text',
      text: 'ab',
    })
  })

  it('has no tools where none may be called, and says how much is to be thought', async () => {
    const none = await asked({ tools, toolChoice: { type: 'none' }, reasoning: 'none' })
    expect(none.asked.tools).toBeNull()
    expect(none.asked.extra).toMatchObject({ enable_thinking: false })
    const call = await asked({ tools, toolChoice: { type: 'none' }, maxOutputTokens: 80 }, callText('find', {}))
    expect(JSON.stringify(call.result.content)).not.toContain('<tool_call>')
    expect((await asked({ reasoning: 'low' })).asked.extra).toMatchObject({ reasoning_effort: 'low' })
  })

  it('gives back calls, thoughts and results of all kinds', async () => {
    const call = { type: 'tool-call', toolCallId: '1', toolName: 'find', input: { city: 'Oslo' } }
    const result = (output: { type: string; value?: unknown; reason?: string }) =>
      ({ role: 'tool', content: [{ type: 'tool-result', toolCallId: '1', toolName: 'find', output }] }) as const
    const { messages } = (
      await asked({
        prompt: [
          { role: 'system', content: 'S' },
          ...prompt,
          { role: 'assistant', content: [{ type: 'reasoning', text: 'Hm' }, call] },
          result({ type: 'json', value: { id: 4 } }),
          result({ type: 'error-text', value: 'no' }),
          result({ type: 'execution-denied', reason: 'why' }),
          result({ type: 'content', value: [{ type: 'text', text: 'a' }, { type: 'media' }] }),
        ],
      })
    ).asked
    expect(messages[2]).toMatchObject({ content: null, reasoning_content: 'Hm', tool_calls: [{ id: '1' }] })
    expect(messages.slice(3).map((message) => (message as { content: string }).content)).toEqual([
      ...['{"id":4}', 'Error: no', 'The user did not allow this call: why. Do not repeat it.', 'a\n[media]'],
    ])
  })

  it('counts tokens, and those of the cache', async () => {
    const model = kaiyuan(answering('x'.repeat(9)))
    await model.doGenerate({ prompt })
    const { usage, providerMetadata } = await model.doGenerate({ prompt })
    expect(usage.inputTokens.cacheRead).toBeGreaterThan(0)
    expect(usage.inputTokens.noCache + usage.inputTokens.cacheRead).toBe(usage.inputTokens.total)
    expect(usage.outputTokens).toEqual({ total: 10, text: 10, reasoning: 0 })
    expect(providerMetadata['kaiyuan']).toHaveProperty('timings')
  })

  it('fails with the words of the engine', async () => {
    const engine = answering('x')
    await expect(kaiyuan(engine).doGenerate({ prompt, temperature: -1 })).rejects.toThrow(/^temperature must be/)
    await expect(kaiyuan(engine).doStream({ prompt, temperature: -1 })).rejects.toThrow(/^temperature must be/)
    expect(() => kaiyuan(engine, { specification: 'v9' as 'v3' })).toThrow(/expected v2, v3 or v4; found v9/)
  })

  it('goes to an engine behind a line too', async () => {
    const engine = await connectEngine(localLine(answering(`Hi${callText('find', long)}`)))
    const { stream } = await kaiyuan(engine).doStream({ prompt, tools })
    expect(checkStream(await read(stream)).map(({ kind }) => kind)).toEqual(['text', 'tool-input'])
    await engine.close()
  })
})

it('gives embeddings with their tokens', async () => {
  const engine = answering('')
  const encoded = {
    info: engine.info,
    encode: (text: string) => engine.encode(text),
    embed: async () => new Float32Array(2),
  }
  const model = kaiyuanEmbedding(encoded, { specification: 'v4' })
  expect(await model.doEmbed({ values: ['ab', 'c'] })).toEqual({
    embeddings: [
      [0, 0],
      [0, 0],
    ],
    usage: { tokens: 3 },
    warnings: [],
  })
})
