import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { IGNORED, ignoredMarkdown, type Api } from '../../src/server/apis/ignored.js'
import { scriptedEngine } from './scripted.js'
import { serve } from './requests.js'

const script = (): string => 'Good day.'
const server = await serve(scriptedEngine(script))
const strict = await serve(scriptedEngine(script), { strict: true })

const BODIES: Partial<Record<Api, [path: string, body: Record<string, unknown>]>> = {
  chat: ['/v1/chat/completions', { model: 'scripted', messages: [{ role: 'user', content: 'x' }] }],
  completions: ['/v1/completions', { model: 'scripted', prompt: 'x', stream: false }],
  responses: ['/v1/responses', { model: 'scripted', input: 'x' }],
  messages: ['/v1/messages', { model: 'scripted', max_tokens: 20, messages: [{ role: 'user', content: 'x' }] }],
}
/** A value of each field that is accepted and not what is done anyway. */
const VALUES: Record<string, unknown> = {
  metadata: { a: 'b' },
  priority: 1,
  prompt_cache_options: {},
  cache_prompt: false,
  prediction: { type: 'content', content: 'x' },
  web_search_options: {},
  client_metadata: { a: 'b' },
  moderation: {},
  store: true,
  truncation: 'auto',
  betas: ['x'],
  diagnostics: { previous_message_id: 'msg_1' },
  billing_policy: { type: 'billing_policy', bill_to: 'self' },
  service_tier: 'flex',
}

async function ask(url: string, path: string, body: unknown, init: RequestInit = {}): Promise<Response> {
  const headers = { 'content-type': 'application/json' }
  return fetch(url + path, { method: 'POST', headers, body: JSON.stringify(body), ...init })
}

const rows = IGNORED.flatMap(({ apis, field, holds }) =>
  apis.flatMap((api) => {
    const base = BODIES[api]
    if (!base || holds?.('x') || field.includes('.')) return []
    const value = VALUES[field] ?? (field === 'timings_per_token' ? true : 'low')
    if (field === 'context_management') return [[field, ...base, { edits: [] }] as const]
    if (field === 'spaces_between_special_tokens') return [[field, ...base, false] as const]
    return [[field, ...base, value] as const]
  }),
)

describe('what changes nothing', () => {
  it.each(rows)(
    '%s of %s is accepted and named, and refused where the server is strict',
    async (field, path, body, value) => {
      const response = await ask(server.url, path, { ...body, [field]: value })
      expect([response.status, response.headers.get('x-kaiyuan-ignored')]).toEqual([200, field])
      await response.text()
      const refused = await ask(strict.url, path, { ...body, [field]: value })
      expect(refused.status).toBe(400)
      expect(await refused.text()).toContain(field)
    },
  )

  it('is told to the log once', async () => {
    const [path, body] = BODIES.chat!
    for (let i = 0; i < 2; i++) await (await ask(server.url, path, { ...body, verbosity: 'low' })).text()
    const told = server.log.filter(({ message }) => String(message).startsWith('verbosity '))
    expect(told).toHaveLength(1)
  })

  it('is what null says everywhere, but inside of schemas', async () => {
    for (const [path, body] of Object.values(BODIES)) {
      const response = await ask(strict.url, path, {
        ...body,
        metadata: null,
        conversation: null,
        tools: null,
        stream: null,
      })
      expect([path, response.status, response.headers.get('x-kaiyuan-ignored')]).toEqual([path, 200, null])
      await response.text()
    }
  })

  it('are tools of a provider, while the model may choose', async () => {
    const [path, body] = BODIES.responses!
    const tools = [{ type: 'web_search' }, { type: 'namespace', name: 'n', tools: [] }]
    const response = await ask(server.url, path, { ...body, tools })
    expect([response.status, response.headers.get('x-kaiyuan-ignored')]).toEqual([200, 'tools (web_search)'])
    expect((await ask(server.url, path, { ...body, tools, tool_choice: 'required' })).status).toBe(400)
  })

  it('is what a provider ran by itself, in histories that were made elsewhere', async () => {
    const turn = (content: unknown): unknown[] => [
      { role: 'user', content: 'x' },
      { role: 'assistant', content },
      { role: 'user', content: 'y' },
    ]
    const ran = ['server_tool_use', 'web_search_tool_result', 'mcp_tool_use', 'mcp_tool_result']
    const blocks = ran.map((type) => ({ type, id: 'a', tool_use_id: 'a', name: 'web_search', input: {}, content: [] }))
    const [path, body] = BODIES.messages!
    const messages = turn([...blocks, { type: 'text', text: 'found', citations: null }])
    const response = await ask(server.url, path, { ...body, messages })
    const names = ran.map((type) => `messages (${type})`).join(', ')
    expect([response.status, response.headers.get('x-kaiyuan-ignored')]).toEqual([200, names])
    expect((await ask(strict.url, path, { ...body, messages })).status).toBe(400)
    // What the client itself ran stands in the user's message.
    const misplaced = turn([{ type: 'tool_result', tool_use_id: 'a', content: '' }])
    expect((await ask(server.url, path, { ...body, messages: misplaced })).status).toBe(400)
    const [other, request] = BODIES.responses!
    const call = { type: 'code_interpreter_call', id: 'ci_1', status: 'completed', code: '1', outputs: null }
    const items = await ask(server.url, other, { ...request, input: [...turn('found'), call] })
    expect([items.status, items.headers.get('x-kaiyuan-ignored')]).toEqual([200, 'input (code_interpreter_call)'])
  })

  it('is how a provider thinks, where the template decides', async () => {
    const [path, body] = BODIES.responses!
    const named = async (reasoning: object): Promise<unknown[]> => {
      const response = await ask(server.url, path, { ...body, reasoning })
      return [response.status, response.headers.get('x-kaiyuan-ignored')]
    }
    expect(await named({ context: 'auto', mode: 'standard' })).toEqual([200, null])
    expect(await named({ context: 'all_turns', mode: 'pro' })).toEqual([200, 'reasoning.mode, reasoning.context'])
    const [messages, request] = BODIES.messages!
    const thinking = { type: 'between_tools' }
    expect((await ask(server.url, messages, { ...request, thinking })).status).toBe(200)
  })

  it.each(['chat', 'completions'] as const)('is what other servers of %s say for off', async (api) => {
    const [path, body] = BODIES[api]!
    const off = {
      min_tokens: 0,
      typical_p: 1,
      length_penalty: 1,
      use_beam_search: false,
      include_stop_str_in_output: false,
      return_token_ids: false,
    }
    for (const stop of ['', [''], ['', 'nowhere']]) {
      for (const { url } of [server, strict]) {
        const response = await ask(url, path, { ...body, ...off, stop })
        expect([response.status, response.headers.get('x-kaiyuan-ignored')]).toEqual([200, null])
        expect(await response.text()).toContain('ood day.')
      }
    }
  })

  it('is a stop sequence of nothing', async () => {
    const [path, body] = BODIES.messages!
    expect((await ask(server.url, path, { ...body, stop_sequences: [''] })).status).toBe(200)
  })

  it('is not what would change an answer', async () => {
    const [path, body] = BODIES.chat!
    for (const more of [
      { min_tokens: 3 },
      { use_beam_search: true },
      { audio: { voice: 'x' } },
      { skip_special_tokens: false },
    ]) {
      const response = await ask(server.url, path, { ...body, ...more })
      expect([response.status, await response.text()]).toEqual([400, expect.stringContaining(Object.keys(more)[0]!)])
    }
  })

  it('stands in docs/server.md as in the table; tools/ignored-section.mjs writes it', () => {
    const docs = readFileSync(new URL('../../docs/server.md', import.meta.url), 'utf8')
    const section = /<!-- ignored -->\n([^]*?)<!-- \/ignored -->/.exec(docs)?.[1]
    expect(section?.trim()).toBe(ignoredMarkdown())
  })
})

describe('addresses and names', () => {
  it('work with and without /v1, and with a slash at the end', async () => {
    const [, body] = BODIES.chat!
    for (const path of ['/chat/completions', '/v1/chat/completions/', '/v1/v1/chat/completions'])
      expect((await ask(server.url, path, body)).status).toBe(200)
    expect((await fetch(`${server.url}/models/scripted`)).status).toBe(200)
  })

  it('have methods', async () => {
    const response = await fetch(`${server.url}/v1/chat/completions`)
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'POST, OPTIONS'])
    const options = await fetch(`${server.url}/v1/models`, { method: 'OPTIONS' })
    expect([options.status, options.headers.get('allow')]).toEqual([204, 'GET, HEAD, OPTIONS'])
    expect((await fetch(`${server.url}/v1/nothing`)).status).toBe(404)
  })

  it('of models are any where there is one, unless the server is strict', async () => {
    const [path, body] = BODIES.chat!
    const answer = (await (await ask(server.url, path, { ...body, model: 'gpt-9' })).json()) as { model: string }
    expect(answer.model).toBe('scripted')
    for (const model of [undefined, '']) expect((await ask(server.url, path, { ...body, model })).status).toBe(200)
    expect((await ask(strict.url, path, { ...body, model: 'gpt-9' })).status).toBe(404)
  })

  it('say what this is at the root', async () => {
    const response = await fetch(server.url)
    expect(response.headers.get('content-type')).toContain('text/html')
    expect(await response.text()).toContain('scripted')
    expect((await fetch(server.url, { method: 'HEAD' })).status).toBe(200)
  })
})

describe('requests', () => {
  it('may ask for no alternatives without log probabilities, as clients that write their defaults do', async () => {
    const [path, body] = BODIES.chat!
    expect((await ask(server.url, path, { ...body, logprobs: false, top_logprobs: 0 })).status).toBe(200)
  })

  it('may have as many stop strings as editors and chat programs send', async () => {
    const stop = Array.from({ length: 100 }, (_, i) => `\nName ${i}:`)
    for (const [path, body] of [BODIES.chat!, BODIES.completions!])
      expect((await ask(server.url, path, { ...body, stop })).status).toBe(200)
    const [path, body] = BODIES.messages!
    expect((await ask(server.url, path, { ...body, stop_sequences: stop })).status).toBe(200)
    expect((await ask(server.url, '/api/chat', { ...BODIES.chat![1], options: { stop } })).status).toBe(200)
  })

  it('may have seeds of 64 bits, for several answers too', async () => {
    for (const seed of [2 ** 53 - 1, -(2 ** 63), 2 ** 64]) {
      for (const [path, body] of [BODIES.chat!, BODIES.completions!])
        expect((await ask(server.url, path, { ...body, seed, n: 2, max_tokens: 1 })).status).toBe(200)
      const options = { seed, num_predict: 1 }
      expect((await ask(server.url, '/api/chat', { ...BODIES.chat![1], options })).status).toBe(200)
    }
    const [path, body] = BODIES.chat!
    for (const seed of [0.5, 1e30]) expect((await ask(server.url, path, { ...body, seed })).status).toBe(400)
  })

  it('have an id by both names', async () => {
    const response = await ask(server.url, ...BODIES.messages!)
    expect(response.headers.get('request-id')).toBe(response.headers.get('x-request-id'))
  })

  it('may be packed', async () => {
    const [path, body] = BODIES.chat!
    const headers = { 'content-type': 'application/json', 'content-encoding': 'gzip' }
    const packed = gzipSync(JSON.stringify(body))
    expect((await ask(server.url, path, undefined, { headers, body: packed })).status).toBe(200)
    expect((await ask(server.url, path, undefined, { headers, body: 'plain' })).status).toBe(400)
    const bomb = gzipSync(Buffer.alloc(2_000_000))
    expect((await ask(server.url, path, undefined, { headers, body: bomb })).status).toBe(413)
    const other = { ...headers, 'content-encoding': 'br' }
    expect((await ask(server.url, path, undefined, { headers: other, body: packed })).status).toBe(415)
  })

  it('of HTTP/1.0 need no Host', async () => {
    const { port } = new URL(server.url)
    const text = await new Promise<string>((resolve, reject) => {
      let received = ''
      const socket = connect(Number(port), '127.0.0.1', () => socket.write('GET /health HTTP/1.0\r\n\r\n'))
      socket.on('data', (data) => (received += data.toString()))
      socket.on('close', () => resolve(received))
      socket.on('error', reject)
    })
    expect(text).toMatch(/^HTTP\/1\.1 200/)
  })
})
