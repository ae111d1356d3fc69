import { Agent, get } from 'node:http'
import { describe, expect, it } from 'vitest'
import { checkLimits } from '../../src/server/http/limits.js'
import { post, serve } from './requests.js'
import { scriptedEngine } from './scripted.js'

const filled = (count: number, value: unknown): unknown[] => Array<unknown>(count).fill(value)
const keys = (count: number): object => Object.fromEntries(Array.from({ length: count }, (_, i) => [i, 1]))
const message = { role: 'user', content: 'hi' }

describe('a request may have so much', () => {
  it.each([
    ['messages', filled(10_001, message), 'messages: expected at most 10000 entries, found 10001'],
    ['input', filled(10_001, message), 'input: expected at most 10000 entries, found 10001'],
    [
      'messages',
      [message, { role: 'user', content: filled(4097, { type: 'text', text: '' }) }],
      'messages[1].content: expected at most 4096 parts, found 4097',
    ],
    ['tools', filled(1001, {}), 'tools: expected at most 1000 entries, found 1001'],
    ['logit_bias', keys(4097), 'logit_bias: expected at most 4096 entries, found 4097'],
    ['stop', 'x'.repeat(16_385), 'stop: expected at most 16384 characters, found 16385'],
    ['stop_sequences', filled(16, 'x'.repeat(1100)), 'stop_sequences: expected at most 16384 characters, found 17649'],
    [
      'chat_template_kwargs',
      { a: 'x'.repeat(65_536) },
      'chat_template_kwargs: expected at most 65536 characters of JSON, found 65544',
    ],
    [
      'response_format',
      { schema: { enum: filled(500_000, 'abc') } },
      'response_format: expected at most 2000000 characters of JSON, found 3000021',
    ],
    ['prompt', filled(1_048_577, 1), 'prompt: expected at most 1048576 token ids, found 1048577'],
    ['input', filled(2, filled(600_000, 1)), 'input: expected at most 1048576 token ids, found 1200000'],
    ['tools', [{ parameters: 'x'.repeat(2e6) }], 'tools: expected at most 2000000 characters of JSON, found 2000019'],
  ])('%s', (name, value, fault) => {
    const check = (): void => checkLimits({ [name]: value })
    expect(check).toThrow(fault)
  })

  it('and what schemas in use have is less', () => {
    const text = 'a value of some length '
    const schema = { enum: Array.from({ length: 50_000 }, (_, i) => `${text}${i}`) }
    const properties = Object.fromEntries(
      Array.from({ length: 5000 }, (_, i) => [`p${i}`, { type: 'string', description: text.repeat(5) }]),
    )
    expect(() => checkLimits({ response_format: { schema } })).not.toThrow()
    expect(() =>
      checkLimits({ tools: [{ parameters: { properties } }], messages: filled(10_000, message) }),
    ).not.toThrow()
    expect(() => checkLimits({ input: filled(20_000, 5), stop: ['a', 'b'], logit_bias: keys(300) })).not.toThrow()
    for (const value of [null, 5, 'text', []]) expect(() => checkLimits(value)).not.toThrow()
  })

  it('as all endpoints say', async () => {
    const server = await serve(scriptedEngine(() => 'hi'))
    for (const path of ['/v1/chat/completions', '/v1/completions', '/v1/responses', '/v1/messages', '/tokenize']) {
      const refusal = await post(server, JSON.stringify({ model: 'scripted', logit_bias: keys(5000) }), path)
      expect([refusal.status, refusal.error.message]).toEqual([400, expect.stringContaining('at most 4096 entries')])
    }
  })

  it('of texts that are made tokens and of ids that are made text, too', async () => {
    const server = await serve(
      scriptedEngine(() => 'hi'),
      { maxBody: 2e6 },
    )
    const text = 'x'.repeat(1_000_001)
    const messages = [{ role: 'user', content: text }]
    const asked: [path: string, param: string, body: object][] = [
      ['/tokenize', 'prompt', { prompt: text }],
      ['/tokenize', 'content', { content: text }],
      ['/tokenize', 'messages', { messages }],
      ['/v1/messages/count_tokens', 'messages', { messages }],
      ['/v1/responses/input_tokens', 'input', { input: text }],
      ['/v1/embeddings', 'input', { input: ['x', text] }],
      ['/api/embed', 'input', { input: text }],
      ['/v1/completions', 'prompt', { prompt: text, echo: true, max_tokens: 0, logprobs: 0 }],
    ]
    for (const [path, param, body] of asked) {
      const refusal = await post(server, JSON.stringify({ model: 'scripted', ...body }), path)
      const fault = `${param}: expected at most 1000000 characters, found 1000001; send it in parts`
      expect([refusal.status, JSON.stringify(refusal.error)]).toEqual([400, expect.stringContaining(fault)])
    }
    const ids = filled(262_145, 104)
    const refusal = await post(server, JSON.stringify({ model: 'scripted', tokens: ids }), '/detokenize')
    expect(refusal.error.message).toBe('tokens: expected at most 262144 token ids, found 262145; send it in parts')
  })
})

it('keeps an idle connection longer than proxies keep theirs', async () => {
  const server = await serve(scriptedEngine(() => 'hi'))
  const agent = new Agent({ keepAlive: true })
  const kept = await new Promise((resolve, reject) => {
    get(`${server.url}/health`, { agent }, (response) => {
      response.resume().on('end', () => resolve(response.headers['keep-alive']))
    }).on('error', reject)
  })
  agent.destroy()
  expect(kept).toBe('timeout=75')
})
