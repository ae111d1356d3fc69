import { describe, expect, it } from 'vitest'
import { clientOf, hello, post, serve } from './requests.js'
import { scriptedEngine } from './scripted.js'

const LONG = 'word '.repeat(400)

describe('requests that are wrong', async () => {
  const server = await serve(
    scriptedEngine(() => 'hi', { contextLength: 500 }),
    { maxBody: 100_000 },
  )
  const chat = (more: object) => JSON.stringify({ ...hello, ...more })
  const cases: [name: string, body: string, status: number, param: string | null, code: string][] = [
    ['no JSON', '{"model": "scripted", ', 400, null, 'invalid_json'],
    ['nothing', '', 400, null, 'invalid_json'],
    ['a list', '[]', 400, null, 'invalid_type'],
    ['null', 'null', 400, null, 'invalid_type'],
    ['no messages', '{"model": "scripted"}', 400, 'messages', 'missing_required_parameter'],
    ['an empty conversation', chat({ messages: [] }), 400, 'messages', 'invalid_value'],
    [
      'a number for a text',
      chat({ messages: [{ role: 'user', content: 3 }] }),
      400,
      'messages[0].content',
      'invalid_type',
    ],
    ['an unknown role', chat({ messages: [{ role: 'robot', content: '' }] }), 400, 'messages[0].role', 'invalid_type'],
    ['a warm temperature', chat({ temperature: 'warm' }), 400, 'temperature', 'invalid_type'],
    ['a negative temperature', chat({ temperature: -1 }), 400, 'temperature', 'invalid_value'],
    ['no tokens', chat({ max_tokens: 0 }), 400, 'max_tokens', 'invalid_value'],
    ['half a token', chat({ max_tokens: 1.5 }), 400, 'max_tokens', 'invalid_type'],
    ['too many answers', chat({ n: 1000 }), 400, 'n', 'invalid_value'],
    ['top_logprobs alone', chat({ top_logprobs: 2 }), 400, 'top_logprobs', 'invalid_value'],
    ['an unknown parameter', chat({ temprature: 1 }), 400, 'temprature', 'unknown_parameter'],
    [
      'a long prompt',
      chat({ messages: [{ role: 'user', content: LONG }] }),
      400,
      'messages',
      'context_length_exceeded',
    ],
    [
      'an image',
      chat({ messages: [{ role: 'user', content: [{ type: 'image_url' }] }] }),
      400,
      'messages[0].content[0].type',
      'unsupported_parameter',
    ],
    ['no schema', chat({ response_format: { type: 'json_schema' } }), 400, 'response_format', 'invalid_value'],
    [
      'a schema that cannot be enforced',
      chat({ response_format: { type: 'json_schema', json_schema: { schema: { not: {} } } } }),
      400,
      'response_format',
      'invalid_grammar',
    ],
    ['a required call of nothing', chat({ tool_choice: 'required' }), 400, 'tools', 'invalid_value'],
    [
      'a strict tool that cannot be enforced',
      chat({
        tools: [
          {
            type: 'function',
            function: { name: 'f', strict: true, parameters: { properties: { a: { not: {} } }, required: ['a'] } },
          },
        ],
      }),
      400,
      'tools[0].function.parameters',
      'invalid_grammar',
    ],
    [
      'a bad tool name',
      chat({ tools: [{ type: 'function', function: { name: 'a b' } }] }),
      400,
      'tools[0].function.name',
      'invalid_value',
    ],
    ['deep nesting', '['.repeat(50_000) + ']'.repeat(50_000), 400, null, 'invalid_json'],
    [
      'deep nesting in the right place',
      chat({
        metadata: { a: 'x' },
        chat_template_kwargs: JSON.parse('{"a":'.repeat(200) + '1' + '}'.repeat(200)) as object,
      }),
      400,
      null,
      'invalid_json',
    ],
    ['a huge body', JSON.stringify({ a: 'x'.repeat(200_000) }), 413, null, 'request_too_large'],
  ]
  it.each(cases)('%s', async (_, body, status, param, code) => {
    const refusal = await post(server, body)
    expect([refusal.status, refusal.error.param, refusal.error.code]).toEqual([status, param, code])
    expect(refusal.error.message.length).toBeGreaterThan(10)
    expect(refusal.headers.get('x-request-id')).toMatch(/^req_/)
  })

  it('a stream that cannot begin has a status of its own', async () => {
    const refusal = await post(server, chat({ stream: true, messages: [{ role: 'user', content: LONG }] }))
    expect([refusal.status, refusal.error.code]).toEqual([400, 'context_length_exceeded'])
    // In the words of llama.cpp, for clients that shorten the prompt by themselves.
    const { n_prompt_tokens: tokens, n_ctx: limit } = refusal.error as unknown as Record<string, number>
    expect(tokens).toBeGreaterThan(limit!)
    expect(refusal.error.message).toContain(`${tokens} tokens`)
  })

  it('bytes that are not UTF-8', async () => {
    const refusal = await post(server, new Uint8Array([0x7b, 0xff, 0x7d]))
    expect([refusal.status, refusal.error.code]).toEqual([400, 'invalid_json'])
  })

  it('a body in chunks that does not end', async () => {
    const chunk = new Uint8Array(10_000).fill(0x20)
    let sent = 0
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        controller.enqueue(chunk)
        if (++sent > 1000) controller.close()
      },
    })
    const headers = { 'content-type': 'application/json' }
    const init = { method: 'POST', headers, body, duplex: 'half' } as RequestInit
    const status = await fetch(`${server.url}/v1/chat/completions`, init).then(
      (response) => response.status,
      // The server may close the connection while the client still sends.
      () => 413,
    )
    expect(status).toBe(413)
    expect(sent).toBeLessThan(900)
  })

  it('what a page of another site could send', async () => {
    const refusal = await post(server, chat({}), undefined, { 'content-type': 'text/plain' })
    expect([refusal.status, refusal.error.code]).toEqual([415, 'unsupported_media_type'])
    const { headers } = await fetch(`${server.url}/v1/models`, { headers: { origin: 'https://evil.example' } })
    expect(headers.get('access-control-allow-origin')).toBeNull()
  })

  it('an address that is not there, by name', async () => {
    const refusal = await post(server, '{}', '/v1/chat')
    expect([refusal.status, refusal.error.code]).toEqual([404, 'unknown_url'])
    const other = await fetch(`${server.url}/v1/messages/none`)
    const { request_id: id } = (await other.json()) as { request_id: string }
    expect([other.status, other.headers.get('request-id')]).toEqual([404, id])
    expect(id).toMatch(/^req_[0-9a-f]{24}$/)
  })

  it('answers well after all of that', async () => {
    const { choices } = await clientOf(server).chat.completions.create(hello)
    expect(choices[0]!.message.content).toBe('hi')
  })
})

describe('keys', async () => {
  const server = await serve(
    scriptedEngine(() => 'hi'),
    { apiKeys: ['first', 'second'], cors: ['https://app.example'] },
  )

  it('open the server, in the headers of both APIs', async () => {
    for (const key of ['first', 'second']) {
      expect((await clientOf(server, key).chat.completions.create(hello)).choices).toHaveLength(1)
      const response = await fetch(`${server.url}/v1/models`, { headers: { 'x-api-key': key } })
      expect(response.status).toBe(200)
    }
  })

  it.each([
    [200, { authorization: 'Bearer  first' }],
    [200, { authorization: 'bearer second' }],
    [200, { authorization: 'Bearer third', 'x-api-key': 'first' }],
    [200, { authorization: 'Bearer first', 'x-api-key': 'third' }],
    [401, { authorization: 'Bearer third', 'x-api-key': 'fourth' }],
    [401, { authorization: 'first' }],
  ])('give %i with %j', async (status, headers: Record<string, string>) => {
    expect((await fetch(`${server.url}/v1/models`, { headers })).status).toBe(status)
  })

  it('are asked for everywhere but at the probes and the documentation', async () => {
    await expect(clientOf(server, 'third').models.list()).rejects.toMatchObject({
      status: 401,
      code: 'invalid_api_key',
    })
    for (const path of ['/v1/models', '/metrics', '/v1/models/scripted'])
      expect((await fetch(server.url + path)).status).toBe(401)
    for (const path of ['/health', '/ready', '/docs', '/openapi.json'])
      expect((await fetch(server.url + path)).status).toBe(200)
    const refusal = await post(server, JSON.stringify({ max_tokens: 1 }), '/v1/messages')
    expect([refusal.status, refusal.error.type]).toEqual([401, 'authentication_error'])
  })

  it('and prompts are not logged', async () => {
    await clientOf(server, 'first').chat.completions.create({
      ...hello,
      messages: [{ role: 'user', content: 'my secret' }],
    })
    const log = JSON.stringify(server.log)
    expect(log).toContain('"client":"key-0"')
    for (const secret of ['first', 'second', 'third', 'my secret']) expect(log).not.toContain(secret)
  })

  it('are not asked for by a preflight of an allowed origin', async () => {
    const ask = (origin: string) =>
      fetch(`${server.url}/v1/chat/completions`, {
        method: 'OPTIONS',
        headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization' },
      })
    const { headers } = await ask('https://app.example')
    expect(headers.get('access-control-allow-origin')).toBe('https://app.example')
    expect((await ask('https://evil.example')).headers.get('access-control-allow-origin')).toBeNull()
  })

  it('are needed where others can reach the server', async () => {
    for (const host of ['0.0.0.0', '::', '192.168.1.1', 'example.org'])
      await expect(
        serve(
          scriptedEngine(() => ''),
          { host },
        ),
      ).rejects.toThrow(/no key; try apiKeys or host: '127.0.0.1'/)
  })
})

describe('metrics', async () => {
  it('count requests, tokens and steps', async () => {
    const server = await serve(scriptedEngine(() => 'hello'))
    const client = clientOf(server)
    await client.chat.completions.create(hello)
    await client.chat.completions.create(hello)
    await post(server, '{}')
    const text = await (await fetch(`${server.url}/metrics`)).text()
    const value = (name: string): number => Number(new RegExp(`^kaiyuan_${name} (\\S+)$`, 'm').exec(text)?.[1])
    expect(value('requests_total\\{route="POST /v1/chat/completions",status="200"\\}')).toBe(2)
    expect(value('requests_total\\{route="POST /v1/chat/completions",status="400"\\}')).toBe(1)
    expect(value('generated_tokens_total\\{model="scripted"\\}')).toBe(12)
    expect(value('cached_prompt_tokens_total\\{model="scripted"\\}')).toBe(64)
    expect(value('time_to_first_token_seconds_count\\{model="scripted"\\}')).toBe(2)
    expect(value('time_per_output_token_seconds_count\\{model="scripted"\\}')).toBe(2)
    expect(value('engine_steps\\{model="scripted"\\}')).toBeGreaterThanOrEqual(12)
    expect(value('engine_step_sequences\\{model="scripted"\\}')).toBeGreaterThanOrEqual(12)
    expect(value('cache_pages_free\\{model="scripted"\\}')).toBe(value('cache_pages\\{model="scripted"\\}'))
    expect(value('engine_up\\{model="scripted"\\}')).toBe(1)
  })
})

describe('the documentation', async () => {
  const server = await serve(scriptedEngine(() => ''))

  it('is made from the schemas and needs nothing from elsewhere', async () => {
    const api = (await (await fetch(`${server.url}/openapi.json`)).json()) as {
      paths: Record<string, unknown>
      components: { schemas: Record<string, { properties: Record<string, unknown> }> }
    }
    expect(Object.keys(api.paths)).toContain('/v1/chat/completions')
    expect(Object.keys(api.components.schemas['ChatCompletionRequest']!.properties)).toContain('top_logprobs')
    const page = await (await fetch(`${server.url}/docs`)).text()
    expect(page).toContain('/v1/messages')
    expect(page).toContain('reasoning_effort')
    expect(page).not.toMatch(/(src|href)="?https?:/)
  })
})
