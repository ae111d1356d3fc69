import { request, type IncomingMessage } from 'node:http'
import OpenAI from 'openai'
import { afterAll, describe, expect, it } from 'vitest'
import type { Step } from '../../src/backends/backend.js'
import { drained } from '../../src/server/http/events.js'
import { localLine, scriptedEngine, serveEngine, type TestServer } from './scripted.js'

const LONG = 'word '.repeat(400)
const servers: TestServer[] = []
afterAll(() => Promise.all(servers.map((server) => server.stop())))

async function serve(...args: Parameters<typeof serveEngine>): Promise<TestServer> {
  const server = await serveEngine(...args)
  servers.push(server)
  return server
}

const clientOf = (server: TestServer, apiKey = 'none'): OpenAI =>
  new OpenAI({ baseURL: `${server.url}/v1`, apiKey, maxRetries: 0 })
const hello = { model: 'scripted', messages: [{ role: 'user' as const, content: 'hello' }] }

interface Refusal {
  readonly status: number
  readonly error: { message: string; type: string; param: string | null; code: string }
  readonly headers: Headers
}

async function post(
  server: TestServer,
  body: BodyInit,
  path = '/v1/chat/completions',
  headers: Record<string, string> = { 'content-type': 'application/json' },
): Promise<Refusal> {
  const response = await fetch(server.url + path, { method: 'POST', headers, body })
  const { error } = (await response.json()) as Pick<Refusal, 'error'>
  return { status: response.status, error, headers: response.headers }
}

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
    ['another model', chat({ model: 'gpt-9' }), 404, 'model', 'model_not_found'],
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
      'invalid_value',
    ],
    ['a required call of nothing', chat({ tool_choice: 'required' }), 400, 'tools', 'invalid_value'],
    [
      'a strict tool that cannot be enforced',
      chat({
        tools: [
          { type: 'function', function: { name: 'f', strict: true, parameters: { properties: { a: { not: {} } } } } },
        ],
      }),
      400,
      'tools[0].function.parameters',
      'invalid_value',
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

/** A model whose steps wait for the test. */
function gated() {
  let open = false
  let release: () => void = () => undefined
  const steps: Step[] = []
  const engine = scriptedEngine(() => LONG, {
    async onStep(step) {
      steps.push(step)
      if (!open) await new Promise<void>((resolve) => (release = resolve))
    },
  })
  return {
    engine,
    steps,
    step: () => release(),
    open() {
      open = true
      release()
    },
  }
}

async function until(condition: () => boolean | Promise<boolean>, what: string): Promise<void> {
  for (let i = 0; i < 500; i++) {
    if (await condition()) return
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  throw new Error(`it did not come to this: ${what}`)
}

describe('clients that leave', async () => {
  it.each([true, false])('free their sequence within one step (stream: %s)', async (stream) => {
    const gate = gated()
    const server = await serve(gate.engine)
    const controller = new AbortController()
    const asked = clientOf(server).chat.completions.create({ ...hello, stream }, { signal: controller.signal })
    asked.catch(() => undefined)
    await until(() => gate.steps.length === 1, 'the prompt is computed')
    gate.step()
    await until(() => gate.steps.length === 2, 'the first token is computed')
    if (stream) await asked
    controller.abort()
    // Until the server has noticed and told the engine.
    await new Promise((resolve) => setTimeout(resolve, 200))
    gate.step()
    await until(() => gate.engine.load.active === 0, 'the engine rests')
    await until(() => gate.engine.load.freePages === gate.engine.load.pages, 'the pages are free')
    expect(gate.steps.length).toBeLessThanOrEqual(3)
    const { admission } = server.state.models.find('scripted')
    await until(() => admission.active === 0, 'the turn is over')
    gate.open()
  })

  it('in the queue lose their place', async () => {
    const gate = gated()
    const server = await serve(gate.engine, { maxConcurrency: 1 })
    const { admission } = server.state.models.find('scripted')
    const first = clientOf(server).chat.completions.create(hello)
    await until(() => admission.active === 1, 'the first runs')
    const controller = new AbortController()
    const second = clientOf(server).chat.completions.create(hello, { signal: controller.signal })
    second.catch(() => undefined)
    await until(() => admission.waiting === 1, 'the second waits')
    controller.abort()
    await until(() => admission.waiting === 0, 'nobody waits')
    gate.open()
    expect((await first).choices[0]!.finish_reason).toBe('stop')
  })

  it('read slowly without a copy of the answer growing beyond it', async () => {
    const server = await serve(scriptedEngine(() => LONG))
    const socket = await new Promise<IncomingMessage>((resolve, reject) => {
      const sent = request(`${server.url}/v1/chat/completions`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
      })
      sent.on('response', resolve).on('error', reject)
      sent.end(JSON.stringify({ ...hello, stream: true }))
    })
    await new Promise((resolve) => setTimeout(resolve, 300))
    let text = ''
    for await (const chunk of socket as AsyncIterable<Buffer>) text += chunk.toString()
    const words = [...text.matchAll(/"content":"((?:[^"\\]|\\.)*)"/g)].map(([, word]) => word).join('')
    expect(words).toBe(LONG)
    expect(text.endsWith('data: [DONE]\n\n')).toBe(true)
  })
})

describe('more requests than fit', async () => {
  it('wait, and beyond that get 429 with a time to come back', async () => {
    const gate = gated()
    const server = await serve(gate.engine, { maxConcurrency: 1, maxQueue: 2 })
    const { admission } = server.state.models.find('scripted')
    const client = clientOf(server)
    const served = [client.chat.completions.create(hello)]
    await until(() => admission.active === 1, 'one runs')
    served.push(client.chat.completions.create(hello), client.chat.completions.create(hello))
    await until(() => admission.waiting === 2, 'two wait')
    const refusal = await post(server, JSON.stringify(hello))
    expect([refusal.status, refusal.error.code, refusal.error.type]).toEqual([429, 'queue_full', 'rate_limit_error'])
    expect(Number(refusal.headers.get('retry-after'))).toBeGreaterThan(0)
    gate.open()
    for (const answer of await Promise.all(served)) expect(answer.choices[0]!.message.content).toBe(LONG)
  })

  it('of one client do not keep another waiting', async () => {
    const gate = gated()
    const server = await serve(gate.engine, { maxConcurrency: 1, apiKeys: ['a', 'b'] })
    const { admission } = server.state.models.find('scripted')
    const ends: string[] = []
    const ask = (key: string) =>
      clientOf(server, key)
        .chat.completions.create({ ...hello, max_completion_tokens: 2 })
        .then(() => ends.push(key))
    const all = [ask('a')]
    await until(() => admission.active === 1, 'one runs')
    for (let i = 0; i < 5; i++) all.push(ask('a'))
    await until(() => admission.waiting === 5, 'five wait')
    all.push(ask('b'))
    await until(() => admission.waiting === 6, 'six wait')
    gate.open()
    await Promise.all(all)
    expect(ends.indexOf('b')).toBeLessThanOrEqual(2)
  })
})

describe('an engine that stops', async () => {
  it('fails its requests with 503, whole and streamed, and comes back', async () => {
    const gate = gated()
    let line: ReturnType<typeof localLine> | undefined
    let starts = 0
    const server = await serve(() => {
      starts++
      line = localLine(starts === 1 ? gate.engine : scriptedEngine(() => 'back'))
      return line
    })
    const client = clientOf(server)
    const whole = client.chat.completions.create(hello).catch((error: unknown) => error)
    const stream = await client.chat.completions.create({ ...hello, stream: true })
    await until(() => gate.steps.length > 0, 'a step runs')
    line!.crash()
    expect(await whole).toMatchObject({ status: 503, code: 'engine_stopped' })
    await expect(drained(stream)).rejects.toThrow(/the engine stopped/)
    await until(() => server.engine.state === 'ready', 'it is loaded again')
    expect(server.engine.crashes).toBe(1)
    expect((await client.chat.completions.create(hello)).choices[0]!.message.content).toBe('back')
    expect(JSON.stringify(server.log)).toContain('started again')
    gate.open()
  })

  it('is not ready while it is loaded', async () => {
    let finish!: (engine: ReturnType<typeof scriptedEngine>) => void
    const engine = new Promise<ReturnType<typeof scriptedEngine>>((resolve) => (finish = resolve))
    const serving = serve(engine)
    await new Promise((resolve) => setTimeout(resolve, 50))
    finish(scriptedEngine(() => 'hi'))
    const server = await serving
    expect(await (await fetch(`${server.url}/ready`)).json()).toEqual({
      status: 'ready',
      models: { scripted: 'ready' },
    })
  })

  it('a bug in the engine is a 500 that says nothing of it, and is logged', async () => {
    const server = await serve(
      scriptedEngine(() => {
        throw new Error('secret detail')
      }),
    )
    const refusal = await post(server, JSON.stringify(hello))
    expect([refusal.status, refusal.error.code]).toEqual([500, 'internal_error'])
    expect(JSON.stringify(refusal.error)).not.toContain('secret detail')
    expect(JSON.stringify(server.log)).toContain('secret detail')
  })
})

describe('a server that ends', async () => {
  it('answers what runs and refuses what comes', async () => {
    const gate = gated()
    const server = await serve(gate.engine)
    const running = clientOf(server).chat.completions.create({ ...hello, max_completion_tokens: 5 })
    await until(() => gate.steps.length === 1, 'it runs')
    const ended = server.drain(5000)
    expect(server.state.draining).toBe(true)
    gate.open()
    expect((await running).choices[0]!.finish_reason).toBe('length')
    expect(await ended).toBe(0)
    await expect(fetch(`${server.url}/health`)).rejects.toThrow()
  })

  it('does not wait for ever', async () => {
    const gate = gated()
    const server = await serve(gate.engine)
    const running = clientOf(server).chat.completions.create(hello)
    running.catch(() => undefined)
    await until(() => gate.steps.length === 1, 'it runs')
    const drained = server.drain(50)
    await new Promise((resolve) => setTimeout(resolve, 200))
    gate.open()
    expect(await drained).toBe(1)
    await expect(running).rejects.toThrow()
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
