// The words of refusals, of every API. Which status and form they have, and more of them, is in the tests of each.
import { describe, expect, it } from 'vitest'
import { modelHandler } from '../../src/server.js'
import { hello, post, serve } from './requests.js'
import { scriptedEngine } from './scripted.js'

const CHAT = '/v1/chat/completions'
const COMPLETIONS = '/v1/completions'
const MESSAGES = '/v1/messages'
const RESPONSES = '/v1/responses'
const model = 'scripted'
const prompt = { model, prompt: 'x' }
const message = { ...hello, max_tokens: 5 }
const response = { model, input: 'x' }
const image = [{ role: 'user', content: [{ type: 'image_url' }] }]
const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth)

type Case = readonly [path: string, body: unknown, param: string | null, code: string, message: string]
const CASES: readonly Case[] = [
  [CHAT, '', null, 'invalid_json', 'expected a body of JSON, but it is empty'],
  [CHAT, '{"model": ', null, 'invalid_json', 'expected a body of JSON, but Unexpected end of JSON input'],
  [CHAT, nested(101), null, 'invalid_json', 'the body is nested more than 100 levels deep'],
  [CHAT, Uint8Array.of(0x7b, 0xff, 0x7d), null, 'invalid_json', 'the body is not UTF-8'],
  [CHAT, { model }, 'messages', 'missing_required_parameter', 'missing parameter: messages'],
  [CHAT, { ...hello, temprature: 1 }, 'temprature', 'unknown_parameter', 'unknown parameter: temprature'],
  [CHAT, { ...hello, stop: 5 }, 'stop', 'invalid_type', 'stop: expected string or array, found number'],
  [
    CHAT,
    { ...hello, stop: Array(129).fill('x') },
    'stop',
    'invalid_value',
    'stop: Too big: expected array to have <=128 items',
  ],
  [CHAT, { ...hello, max_tokens: '5' }, 'max_tokens', 'invalid_type', 'max_tokens: expected -1 or number, found "5"'],
  [
    CHAT,
    { ...hello, logit_bias: { x: 1 } },
    'logit_bias.x',
    'invalid_value',
    'logit_bias.x: expected token ids as keys',
  ],
  [
    CHAT,
    { ...hello, tool_choice: 'any' },
    'tool_choice',
    'invalid_type',
    'tool_choice: expected "none" or "auto" or "required" or object, found "any"',
  ],
  [
    '/v1/embeddings',
    { model, input: [] },
    'input',
    'invalid_value',
    'input: Too small: expected array to have >=1 items',
  ],
  [
    RESPONSES,
    { model, input: [{ role: 'robot', content: 'x' }] },
    'input[0].role',
    'invalid_value',
    'input[0].role: Invalid option: expected one of "user"|"assistant"|"system"|"developer"',
  ],
  [CHAT, { ...hello, top_logprobs: 2 }, 'top_logprobs', 'invalid_value', 'top_logprobs needs logprobs: true'],
  [CHAT, { ...hello, stream_options: {} }, 'stream_options', 'invalid_value', 'stream_options needs stream: true'],
  [
    CHAT,
    { model, messages: image },
    'messages[0].content[0].type',
    'unsupported_parameter',
    'messages[0].content[0]: content of type image_url is not supported; send text',
  ],
  [
    COMPLETIONS,
    { ...prompt, suffix: 'end' },
    'suffix',
    'unsupported_parameter',
    'suffix is not supported: no model here fills in between; leave it out',
  ],
  [COMPLETIONS, { ...prompt, best_of: 1, n: 2 }, 'best_of', 'invalid_value', 'best_of must be at least n (2); found 1'],
  [COMPLETIONS, { ...prompt, max_tokens: 0 }, 'max_tokens', 'invalid_value', 'max_tokens of 0 needs echo: true'],
  [
    COMPLETIONS,
    { ...prompt, max_tokens: 0, echo: true, stream: true },
    'stream',
    'invalid_value',
    'stream needs max_tokens of at least 1',
  ],
  [
    COMPLETIONS,
    { ...prompt, stream_options: {} },
    'stream_options',
    'invalid_value',
    'stream_options needs stream: true',
  ],
  [
    COMPLETIONS,
    { model, prompt: [1, 9999] },
    'prompt',
    'invalid_argument',
    "token id 9999 at position 1 of the prompt: expected a whole number from 0 to 257, the model's vocabulary",
  ],
  [
    COMPLETIONS,
    { ...prompt, prompt: Array.from({ length: 43 }, () => 'x'), n: 3 },
    'prompt',
    'invalid_value',
    '43 prompts with n 3: at most 128 answers',
  ],
  [
    RESPONSES,
    { ...response, tools: [{ type: 'web_search' }], tool_choice: 'required' },
    'tools[0].type',
    'unsupported_parameter',
    'tools[0].type: web_search is not run here; leave it out, or tool_choice',
  ],
  [
    RESPONSES,
    { ...response, tool_choice: { type: 'function' } },
    'tool_choice.name',
    'invalid_value',
    'tool_choice of type function needs a name',
  ],
  [
    RESPONSES,
    { ...response, tool_choice: { type: 'file_search' } },
    'tool_choice',
    'unsupported_parameter',
    'tool_choice of type file_search is not supported',
  ],
  [
    RESPONSES,
    { model, input: [{ type: 'computer_call' }] },
    'input[0].type',
    'unsupported_parameter',
    'input[0]: items of type computer_call are not supported',
  ],
  [
    RESPONSES,
    { ...response, previous_response_id: 'resp_1' },
    'previous_response_id',
    'previous_response_not_found',
    'response "resp_1" is not remembered here (any more); send the whole conversation',
  ],
  ['/tokenize', { model }, 'prompt', 'missing_required_parameter', 'expected either prompt or messages'],
  ['/tokenize', { ...prompt, ...hello }, 'prompt', 'missing_required_parameter', 'expected either prompt or messages'],
]

const tools = [{ type: 'function', function: { name: 'raise', parameters: { type: 'object' } } }]
const named = { type: 'function', function: { name: 'lower' } }
const badFormat = (response_format: object, message: string, more: object = {}): Case => {
  return [CHAT, { ...hello, ...more, response_format }, 'response_format', 'invalid_value', message]
}
const badText = (format: object, message: string): Case => {
  return [RESPONSES, { ...response, text: { format } }, 'text.format', 'invalid_value', message]
}
const KINDS = 'text, json_object, json_schema, regex, ebnf, lark or gbnf'
/** What an answer has to look like. */
const FORMS: readonly Case[] = [
  [
    CHAT,
    { ...hello, tool_choice: 'required' },
    'tools',
    'invalid_value',
    'tool_choice asks for a call, and there are no tools',
  ],
  [
    CHAT,
    { ...hello, tools, tool_choice: named },
    'tool_choice',
    'invalid_value',
    'tool_choice names a tool that is not among the tools',
  ],
  badFormat({ type: 'json_schema' }, 'response_format: type json_schema needs a schema'),
  badText({ type: 'xml' }, `text.format: expected type ${KINDS}, found xml`),
  badFormat({ type: 'regex' }, 'response_format: type regex needs its text'),
  badText({ type: 'lark', grammar: 7 }, 'text.format: type lark needs its text'),
  badFormat(
    { type: 'regex', pattern: 'a' },
    'response_format: with tools, an answer can be constrained to JSON only; leave out regex or the tools',
    { tools },
  ),
  badFormat(
    { type: 'gbnf', grammar: 'root ::= "a"' },
    'response_format: with tools, an answer can be constrained to JSON only; leave out gbnf or the tools',
    { tools },
  ),
]

describe('what a request must not say', async () => {
  const engine = scriptedEngine(() => 'hi')
  const server = await serve(engine)
  const bodyOf = (body: unknown): BodyInit =>
    typeof body === 'string' || body instanceof Uint8Array ? (body as BodyInit) : JSON.stringify(body)

  it.each([...CASES, ...FORMS])('%s %o', async (path, body, param, code, expected) => {
    const { status, error } = await post(server, bodyOf(body), path)
    expect({ status, ...error }).toEqual({ status: 400, type: 'invalid_request_error', param, code, message: expected })
  })

  it.each([
    [
      { messages: [{ role: 'assistant', content: [{ type: 'tool_result', tool_use_id: 'x' }] }, ...hello.messages] },
      'messages[0].content[0]: tool_result is not supported in a message of the assistant',
    ],
    [{ wrong: 1 }, 'unknown parameter: wrong'],
    [{ max_tokens: null }, 'missing parameter: max_tokens'],
    [{ tool_choice: { type: 'tool' } }, 'tool_choice.name: tool_choice of type tool needs a name'],
    [
      { tools: [{ type: 'web_search_20250305', name: 'web_search' }], tool_choice: { type: 'any' } },
      'tools[0].type: web_search_20250305 is not run here; leave it out, or tool_choice',
    ],
  ])('%s to Anthropic', async (more, expected) => {
    const { status, error } = await post(server, JSON.stringify({ ...message, ...more }), MESSAGES)
    expect([status, error]).toEqual([400, { type: 'invalid_request_error', message: expected }])
  })

  it('is of another type than JSON', async () => {
    const { status, error } = await post(server, '{}', CHAT, { 'content-type': 'text/plain' })
    expect([status, error.code]).toEqual([415, 'unsupported_media_type'])
    expect(error.message).toBe(
      "expected content-type application/json, found text/plain; send the header 'content-type: application/json'",
    )
  })

  it('comes while the server ends', async () => {
    server.state.draining = true
    const { status, error, headers } = await post(server, JSON.stringify(hello))
    server.state.draining = false
    expect([status, error.code, error.message]).toEqual([503, 'draining', 'the server is shutting down'])
    expect(headers.get('retry-after')).toBe('5')
    expect((await fetch(`${server.url}/health`)).status).toBe(200)
  })
})

describe('who goes away', () => {
  const ask = async (init: (gone: AbortController) => RequestInit): Promise<unknown> => {
    const gone = new AbortController()
    const engine = scriptedEngine(() => 'hi', { onStep: () => gone.abort() })
    const { handle, loaded, close } = modelHandler({ models: { scripted: engine } })
    await loaded
    const headers = { 'content-type': 'application/json' }
    const answer = await handle(new Request(`http://any.host${CHAT}`, { method: 'POST', headers, ...init(gone) }))
    const { error } = (await answer.json()) as { error: { code: string; message: string } }
    await close()
    await engine.close()
    return [answer.status, error.code, error.message]
  }
  const cancelled = [499, 'cancelled', 'the request was cancelled']

  it('during the answer gets none', async () => {
    expect(await ask((gone) => ({ body: JSON.stringify(hello), signal: gone.signal }))).toEqual(cancelled)
  })

  it('within the body gets none', async () => {
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(Uint8Array.of(0x7b)),
      pull: (controller) => controller.error(new Error('gone')),
    })
    expect(await ask(() => ({ body, duplex: 'half' }) as RequestInit)).toEqual(cancelled)
  })
})
