// What agents and proxies read to know that a prompt is too long, and what else tells them whether to ask again.
import { expect, it } from 'vitest'
import { UserError, type UserErrorCode } from '../../src/errors.js'
import { hello, serve } from './requests.js'
import { scriptedEngine } from './scripted.js'

const headers = { 'content-type': 'application/json' }

it.each([
  ['/v1/chat/completions', {}, /This model's maximum context length is 500 tokens/],
  // Claude Code makes its conversation shorter at these words; Anthropic's form has no code.
  ['/v1/messages', { max_tokens: 5 }, /prompt is too long: 2\d{3} tokens > 500 maximum/],
  ['/v1/messages', { max_tokens: 5, stream: true }, /prompt is too long: 2\d{3} tokens > 500 maximum/],
  ['/api/chat', {}, /input length exceeds maximum context length/],
])('%s %o says it in the words of its API', async (path, more, expected) => {
  const server = await serve(scriptedEngine(() => 'hi', { contextLength: 500 }))
  const messages = [{ role: 'user', content: 'word '.repeat(400) }]
  const body = JSON.stringify({ ...hello, ...more, messages })
  const response = await fetch(server.url + path, { method: 'POST', headers, body })
  const { error } = (await response.json()) as { error: string | { message: string } }
  const message = typeof error === 'string' ? error : error.message
  expect(response.status).toBe(400)
  expect(message).toMatch(expected)
  expect(message).toMatch(/the prompt has 2\d{3} tokens, but the context holds 500/)
})

it('a prompt that leaves no room for an answer is too long for Anthropic’s clients, too', async () => {
  const server = await serve(scriptedEngine(() => 'hi', { contextLength: 300 }))
  const ask = async (length: number): Promise<string> => {
    const messages = [{ role: 'user', content: 'x'.repeat(length) }]
    const body = JSON.stringify({ model: 'scripted', max_tokens: 5, messages })
    return (await fetch(`${server.url}/v1/messages`, { method: 'POST', headers, body })).text()
  }
  const { usage } = JSON.parse(await ask(1)) as { usage: { input_tokens: number } }
  expect(await ask(300 - usage.input_tokens + 1)).toContain('prompt is too long: 301 tokens > 300 maximum')
})

const failures: [UserErrorCode, string][] = [
  ['context_length_exceeded', 'context_length_exceeded'],
  // Clients would ask five times again at server_error.
  ['invalid_template', 'invalid_prompt'],
  ['out_of_memory', 'server_error'],
]
it.each(failures)('a response that fails on its way by %s has the code %s', async (failure, code) => {
  let steps = 0
  const onStep = (): void => {
    if (++steps > 5) throw new UserError('it fails', failure)
  }
  const server = await serve(scriptedEngine(() => 'Good day.', { onStep }))
  const body = JSON.stringify({ model: 'scripted', input: 'hello', stream: true })
  const events = await (await fetch(`${server.url}/v1/responses`, { method: 'POST', headers, body })).text()
  const [, data] = /^event: response\.failed\ndata: (.*)$/m.exec(events) ?? []
  const { response } = JSON.parse(data!) as { response: { error: { code: string; message: string } } }
  expect(response.error).toEqual({ code, message: expect.stringContaining('it fails') as string })
})
