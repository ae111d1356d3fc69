import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { UserError } from '../../src/errors.js'
import { loadEngine } from '../../src/index.js'
import { serve } from './requests.js'
import { callText, scriptedEngine, type Prompt } from './scripted.js'

type Json = Record<string, unknown>
interface Line extends Json {
  readonly done: boolean
  readonly message?: { role: string; content: string; thinking?: string; tool_calls?: Json[] }
  readonly response?: string
}

const MINI = fileURLToPath(new URL('../../models/mini', import.meta.url))
const seen: (Prompt | string)[] = []
const weather = {
  type: 'function',
  function: { name: 'weather', parameters: { type: 'object', properties: { city: { type: 'string' } } } },
}

/** Says what it is asked for, and calls the tool until it has a result of each city. */
const server = await serve(
  scriptedEngine(
    (prompt) => {
      seen.push(prompt)
      if (typeof prompt === 'string') return 'hello and so on'
      const said = prompt.messages.at(-1)?.content ?? ''
      const results = prompt.messages.filter(({ role }) => role === 'tool').length
      if (prompt.tools && results < 2) return callText('weather', { city: ['Oslo', 'Rome'][results] })
      if (said === 'json') return '{"ok": true}'
      return '<think>Hm.</think>Good day.'
    },
    { contextLength: 2000 },
  ),
)

/** A real model, in this thread. */
const engine = await loadEngine(MINI, { threads: 1 })
const mini = await serve(engine, {}, 'mini')

const ask = (path: string, body?: Json, headers: HeadersInit = { 'content-type': 'application/json' }, to = server) =>
  fetch(`${to.url}${path}`, body ? { method: 'POST', headers, body: JSON.stringify(body) } : {})
const hello = { model: 'scripted', messages: [{ role: 'user', content: 'hello' }] }
const lastPrompt = (): Prompt => seen.at(-1) as Prompt

async function linesOf(response: Response): Promise<Line[]> {
  expect(response.headers.get('content-type')).toBe('application/x-ndjson')
  const text = await response.text()
  expect(text.endsWith('\n')).toBe(true)
  const lines = text.trimEnd().split('\n')
  return lines.map((line) => JSON.parse(line) as Line)
}

describe('/api/chat', () => {
  it('streams a line for each piece, and says at the end what it took', async () => {
    const lines = await linesOf(await ask('/api/chat', hello))
    const of = (kind: 'content' | 'thinking'): string => lines.map(({ message }) => message?.[kind] ?? '').join('')
    expect([of('thinking'), of('content')]).toEqual(['Hm.', 'Good day.'])
    expect(lines.slice(0, -1).every(({ done }) => !done)).toBe(true)
    const end = lines.at(-1)!
    expect(end).toMatchObject({ model: 'scripted', done: true, done_reason: 'stop', message: { content: '' } })
    for (const time of ['total_duration', 'prompt_eval_duration', 'eval_duration']) {
      expect(Number.isInteger(end[time]), time).toBe(true)
    }
    expect(end['eval_count']).toBe('<think>Hm.</think>Good day.'.length + 1)
  })

  it('answers as a whole where stream is false', async () => {
    const response = await ask('/api/chat', { ...hello, stream: false, options: { num_predict: 20 } })
    expect(await response.json()).toMatchObject({
      message: { role: 'assistant', content: 'Go', thinking: 'Hm.' },
      done: true,
      done_reason: 'length',
      eval_count: 20,
    })
  })

  it('calls tools with arguments as objects, and takes their results by name or in their order', async () => {
    const messages: Json[] = [{ role: 'user', content: 'weather?' }]
    for (const city of ['Oslo', 'Rome']) {
      const lines = await linesOf(await ask('/api/chat', { ...hello, messages, tools: [weather] }))
      const calls = lines.flatMap(({ message }) => message?.tool_calls ?? [])
      expect(calls).toMatchObject([{ function: { name: 'weather', arguments: { city } } }])
      expect(lines.at(-1)!['done_reason']).toBe('stop')
      // As older clients send it back: without ids.
      const call = { function: { name: 'weather', arguments: { city } } }
      messages.push({ role: 'assistant', content: '', tool_calls: [call] })
      messages.push({ role: 'tool', content: 'sunny', ...(city === 'Oslo' && { tool_name: 'weather' }) })
    }
    const last = await ask('/api/chat', { ...hello, messages, tools: [weather], stream: false })
    expect(await last.json()).toMatchObject({ message: { content: 'Good day.' } })
    const [, first, result, second, other] = lastPrompt().messages
    expect([result!.tool_call_id, other!.tool_call_id]).toEqual(
      [first!, second!].map(({ tool_calls: calls }) => calls![0]!.id),
    )
    expect(first!.tool_calls![0]!.id).not.toBe(second!.tool_calls![0]!.id)
    expect(other).toMatchObject({ name: 'weather' })
  })

  it('holds the answer to a format, with tools or without', async () => {
    const format = { type: 'object', properties: { ok: { type: 'boolean' } }, required: ['ok'] }
    const messages = [{ role: 'user', content: 'json' }]
    for (const more of [{ format: 'json' }, { format }, { format, tools: [weather], messages: [...messages] }]) {
      const response = await ask('/api/chat', { ...hello, messages, stream: false, ...more })
      const { message } = (await response.json()) as Line
      if ('tools' in more) expect(message!.tool_calls).toHaveLength(1)
      else expect(JSON.parse(message!.content)).toEqual({ ok: true })
    }
    const bad = await ask('/api/chat', { ...hello, format: { not: {} } })
    expect([bad.status, await bad.json()]).toMatchObject([400, { error: expect.stringContaining('format') as string }])
  })

  it('holds the answer to a schema’s null, which is a value there', async () => {
    const format = { type: 'object', properties: { a: { const: null } }, required: ['a'], additionalProperties: false }
    const response = await ask('/api/chat', { ...hello, model: 'mini', stream: false, format }, undefined, mini)
    const { message } = (await response.json()) as Line
    expect(JSON.parse(message!.content)).toEqual({ a: null })
  })

  it('gives think to the template', async () => {
    for (const [think, extra] of [
      [false, { enable_thinking: false }],
      ['high', { enable_thinking: true, reasoning_effort: 'high' }],
      [null, {}],
    ] as const) {
      const messages = [{ role: 'user', content: `hello ${think}` }]
      await (await ask('/api/chat', { ...hello, messages, think })).text()
      expect(lastPrompt().extra).toEqual(extra)
    }
  })

  it('takes the options of Ollama, and refuses what is out of range', async () => {
    const options = {
      temperature: 0,
      num_ctx: 4096,
      num_gpu: 1,
      top_k: -1,
      seed: -1,
      stop: ['day'],
      mirostat: 0,
      repeat_last_n: 64,
    }
    const response = await ask('/api/chat', { ...hello, stream: false, keep_alive: '5m', options })
    expect(await response.json()).toMatchObject({ message: { content: 'Good ' } })
    const ignored = ['keep_alive', 'options.num_ctx', 'options.num_gpu', 'options.repeat_last_n']
    expect(response.headers.get('x-kaiyuan-ignored')?.split(', ').sort()).toEqual(ignored)
    const refused = [{ mirostat: 'on' }, { top_p: 2 }, { repeat_last_n: -2 }]
    for (const one of refused) {
      const bad = await ask('/api/chat', { ...hello, options: one })
      const { error } = (await bad.json()) as { error: string }
      expect([bad.status, error]).toEqual([400, expect.stringContaining(`options.${Object.keys(one).at(-1)}`)])
    }
  })

  it("takes the example of Ollama's documentation with every option, and options that nobody knows", async () => {
    const options = {
      ...{ num_keep: 5, seed: 42, num_predict: 100, top_k: 20, top_p: 0.9, min_p: 0.0, typical_p: 0.7, tfs_z: 0.5 },
      ...{ repeat_last_n: 33, temperature: 0.8, repeat_penalty: 1.2, presence_penalty: 1.5, frequency_penalty: 1.0 },
      ...{ mirostat: 1, mirostat_tau: 0.8, mirostat_eta: 0.6, penalize_newline: true, stop: ['\n', 'user:'] },
      ...{ numa: false, num_ctx: 1024, num_batch: 2, num_gpu: 1, main_gpu: 0, use_mmap: true, num_thread: 8 },
    }
    const response = await ask('/api/chat', { ...hello, stream: false, options })
    expect(response.status).toBe(200)
    const named = response.headers.get('x-kaiyuan-ignored')?.split(', ')
    expect(named).toEqual(expect.arrayContaining(['options.typical_p', 'options.mirostat', 'options.repeat_last_n']))
    expect(named).not.toContain('options.penalize_newline')
    const unknown = await ask('/api/chat', { ...hello, options: { 'wärme\n': 1 } })
    expect([unknown.status, unknown.headers.get('x-kaiyuan-ignored')]).toEqual([200, 'options.*'])
    await unknown.text()
  })

  it('says how likely tokens were', async () => {
    const lines = await linesOf(await ask('/api/chat', { ...hello, logprobs: true, top_logprobs: 1 }))
    const tokens = lines.flatMap(({ logprobs = [] }) => logprobs as { token: string; top_logprobs: unknown[] }[])
    expect(tokens.map(({ token }) => token).join('')).toContain('Good day.')
    expect(tokens.every(({ top_logprobs: top }) => top.length === 1)).toBe(true)
  })

  it('continues with a last message of the assistant', async () => {
    const messages = [
      { role: 'user' as const, content: '9.11 or 9.9?' },
      { role: 'assistant' as const, content: 'The answer is' },
    ]
    const body = { model: 'mini', messages, stream: false, options: { temperature: 0, num_predict: 10 } }
    const { message } = (await (await ask('/api/chat', body, undefined, mini)).json()) as Line
    const own = await engine.chat(messages, { continueFinalMessage: true, temperature: 0, maxTokens: 10 }).result
    const closed = await engine.chat(messages, { temperature: 0, maxTokens: 10 }).result
    expect(message!.content).toBe(own.text)
    expect(own.text).not.toBe(closed.text)
  })

  it('loads where there is nothing to answer', async () => {
    const response = await ask('/api/chat', { model: 'scripted', messages: [], stream: false })
    expect(await response.json()).toMatchObject({ done: true, done_reason: 'load' })
    const lines = await linesOf(await ask('/api/generate', { model: 'scripted', keep_alive: 0 }))
    expect(lines).toMatchObject([{ done: true, done_reason: 'unload', response: '' }])
  })

  it('ends a stream that fails with a line that says so', async () => {
    let steps = 0
    const onStep = (): void => {
      if (++steps > 5) throw new UserError('the memory is full', 'out_of_memory')
    }
    const failing = await serve(scriptedEngine(() => 'Good day.', { onStep }))
    const lines = await linesOf(await ask('/api/chat', hello, undefined, failing))
    expect(lines.length).toBeGreaterThan(1)
    expect(lines.at(-1)).toEqual({ error: expect.stringContaining('the memory is full') as string })
  })

  it('refuses a prompt that does not fit', async () => {
    const long = await ask('/api/chat', { model: 'scripted', messages: [{ role: 'user', content: 'x'.repeat(3000) }] })
    expect(long.status).toBe(400)
    expect(await long.json()).toEqual({ error: expect.stringMatching(/messages: .*context/) as string })
  })
})

describe('/api/generate', () => {
  it('answers one prompt, with its system message or as it is', async () => {
    const body = { model: 'scripted', prompt: 'hello', stream: false }
    const chat = await ask('/api/generate', { ...body, system: 'Be short.' })
    expect(await chat.json()).toMatchObject({ response: 'Good day.', thinking: 'Hm.', done: true })
    expect(lastPrompt().messages.map(({ role }) => role)).toEqual(['system', 'user'])
    const raw = await ask('/api/generate', { ...body, raw: true })
    expect(await raw.json()).toMatchObject({ response: ' and so on' })
    const lines = await linesOf(await ask('/api/generate', { ...body, stream: true }))
    expect(lines.map(({ response }) => response ?? '').join('')).toBe('Good day.')
  })
})

describe('the rest of the API', () => {
  it('lists models, under names with a tag too', async () => {
    const { models } = (await (await ask('/api/tags')).json()) as { models: Json[] }
    const details = { family: 'scripted', families: ['scripted'] }
    const digest = expect.stringMatching(/^[0-9a-f]{64}$/) as string
    expect(models).toMatchObject([{ name: 'scripted', model: 'scripted', digest, details }])
    const running = (await (await ask('/api/ps')).json()) as { models: Json[] }
    expect(running.models).toMatchObject([{ name: 'scripted', context_length: 2000 }])
    const tagged = await ask('/api/chat', { ...hello, model: 'scripted:latest', stream: false })
    expect(await tagged.json()).toMatchObject({ model: 'scripted:latest', message: { content: 'Good day.' } })
    expect(await (await ask('/api/version')).json()).toEqual({
      version: expect.stringMatching(/^\d+\.\d+\.\d+$/) as string,
    })
  })

  it('shows what a model can do, asking its template', async () => {
    const shown = await ask('/api/show', { model: 'scripted' })
    expect(await shown.json()).toMatchObject({
      capabilities: ['completion', 'tools', 'thinking'],
      model_info: { 'general.architecture': 'scripted', 'scripted.context_length': 2000 },
    })
  })

  it('embeds texts of any length', async () => {
    const post = (path: string, more: Json) => ask(path, more, undefined, mini)
    const body = { model: 'mini', input: ['hello', 'x'.repeat(3000)], dimensions: 2 }
    const { embeddings } = (await (await post('/api/embed', body)).json()) as { embeddings: number[][] }
    for (const vector of embeddings) {
      expect(vector).toHaveLength(2)
      expect(Math.hypot(...vector)).toBeCloseTo(1, 5)
    }
    expect((await post('/api/embed', { ...body, truncate: false })).status).toBe(400)
    expect((await post('/api/embed', { ...body, dimensions: 1e6 })).status).toBe(400)
    const old = (await (await post('/api/embeddings', { model: 'mini', prompt: 'hello' })).json()) as Json
    expect(Math.hypot(...(old['embedding'] as number[]))).toBeCloseTo(1, 5)
  })

  it('embeds nothing where there is no text, which only loads the model', async () => {
    for (const more of [{ input: '' }, { input: null }, {}]) {
      const response = await ask('/api/embed', { model: 'scripted', ...more })
      expect([response.status, await response.json()]).toEqual([200, expect.objectContaining({ embeddings: [] })])
    }
  })

  it('says errors in its own form', async () => {
    for (const [path, body, status] of [
      ['/api/chat', { ...hello, messages: 3 }, 400],
      ['/api/pull', { model: 'scripted' }, 404],
    ] as const) {
      const response = await ask(path, body)
      expect([response.status, await response.json()]).toEqual([status, { error: expect.any(String) as string }])
    }
  })

  it('takes bodies without a type, but not from pages', async () => {
    const form = { 'content-type': 'application/x-www-form-urlencoded' }
    expect((await ask('/api/chat', { ...hello, stream: false }, form)).status).toBe(200)
    expect((await ask('/api/chat', hello, { ...form, origin: 'http://elsewhere.example' })).status).toBe(415)
  })
})
