import Anthropic from '@anthropic-ai/sdk'
import OpenAI from 'openai'
import { afterAll, describe, expect, it } from 'vitest'
import { scriptedEngine, serveEngine } from './scripted.js'

const server = await serveEngine(scriptedEngine(() => 'Read.'))
afterAll(() => server.stop())

const model = 'scripted'
/** A prompt of several steps; each has its own, which no other left in the cache. */
const long = (name: string): string => `${name} `.repeat(400)
const messages = (name: string) => [{ role: 'user', content: long(name) }]

const STREAMS: [string, unknown][] = [
  ['/v1/chat/completions', { messages: messages('chat') }],
  ['/v1/completions', { prompt: long('completions') }],
  ['/v1/responses', { input: long('responses') }],
  ['/v1/messages', { messages: messages('messages'), max_tokens: 50 }],
]

async function textOf(path: string, body: unknown): Promise<string> {
  const headers = { 'content-type': 'application/json' }
  const request = { model, stream: true, ...(body as object) }
  const response = await fetch(server.url + path, { method: 'POST', headers, body: JSON.stringify(request) })
  return response.text()
}

interface Progress {
  readonly total: number
  readonly cache: number
  readonly processed: number
  readonly time_ms: number
}

function progressOf(text: string): Progress[] {
  const data = text.split('\n').filter((line) => line.startsWith('data: {'))
  const chunks = data.map((line) => JSON.parse(line.slice(6)) as { prompt_progress?: Progress })
  return chunks.flatMap(({ prompt_progress: progress }) => (progress ? [progress] : []))
}

describe('how far a long prompt is read', () => {
  it.each(STREAMS)('%s says it in comments before the answer, from the first token on', async (path, body) => {
    const text = await textOf(path, body)
    const told = [...text.matchAll(/^: reading (\d+) of (\d+) tokens$/gm)].map(([, read, all]) =>
      [read, all].map(Number),
    )
    const all = told[0]![1]!
    expect(all).toBeGreaterThan(400)
    expect(told.length).toBeGreaterThan(2)
    expect(told[0]![0]).toBeLessThan(all)
    const read = told.map(([tokens]) => tokens!)
    expect(read).toEqual([...read].sort((a, b) => a - b))
    expect(text.lastIndexOf(': reading')).toBeLessThan(text.search(/"(content|text|delta)":"[^"]|"finish_reason":"/))
  })

  it.each([
    ['/v1/chat/completions', { messages: [{ role: 'user', content: 'short' }] }],
    ['/v1/completions', { prompt: 'short' }],
  ])('%s says nothing of a short one', async (path, body) => {
    expect(await textOf(path, body)).not.toContain(': reading')
  })

  it.each([
    ['/v1/chat/completions', { messages: messages('more') }],
    ['/v1/completions', { prompt: long('more') }],
  ])('%s says it in its chunks to those who ask with return_progress, as llama.cpp does', async (path, body) => {
    const text = await textOf(path, { ...body, return_progress: true })
    const told = progressOf(text)
    const { total } = told[0]!
    expect(told.length).toBeGreaterThan(2)
    expect(told.every((one) => one.total === total && one.processed >= one.cache && one.time_ms >= 0)).toBe(true)
    expect(told[0]!.processed).toBeLessThan(total)
    expect(text).not.toContain(': reading')
    // Once more: most of it is in the cache, and that is said too.
    const again = progressOf(await textOf(path, { ...body, return_progress: true }))
    expect(again.at(-1)!.cache).toBeGreaterThan(total / 2)
  })

  it('does not disturb the official clients', async () => {
    const openai = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: 'none', maxRetries: 0 })
    let content = ''
    const asked = { model, messages: [{ role: 'user' as const, content: long('client') }], stream: true as const }
    for await (const chunk of await openai.chat.completions.create({ ...asked, return_progress: true } as typeof asked))
      content += chunk.choices[0]?.delta.content ?? ''
    expect(content).toBe('Read.')
    let said = ''
    for await (const event of await openai.responses.create({ model, input: long('other'), stream: true }))
      if (event.type === 'response.output_text.delta') said += event.delta
    expect(said).toBe('Read.')
    const anthropic = new Anthropic({ baseURL: server.url, apiKey: 'none', maxRetries: 0 })
    const stream = anthropic.messages.stream({
      model,
      max_tokens: 50,
      messages: [{ role: 'user', content: long('last') }],
    })
    expect(await stream.finalText()).toBe('Read.')
  })
})
