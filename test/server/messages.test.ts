import Anthropic from '@anthropic-ai/sdk'
import type { MessageParam } from '@anthropic-ai/sdk/resources/messages'
import { afterAll, describe, expect, it } from 'vitest'
import { callText, scriptedEngine, serveEngine, type Prompt } from './scripted.js'

function script(prompt: Prompt | string): string {
  if (typeof prompt === 'string') return prompt
  const last = prompt.messages.at(-1)!
  if (last.role === 'tool') return `The tool said ${last.content ?? ''}.`
  if (last.content === 'weather') return `<think>Look.</think>Wait.${callText('weather', { city: 'Köln' })}`
  if (last.content === 'show') return JSON.stringify(prompt)
  return `<think>Hm.</think>You say ${last.content ?? ''}, one, two.`
}

const server = await serveEngine(scriptedEngine(script))
afterAll(() => server.stop())
const client = new Anthropic({ baseURL: server.url, apiKey: 'none', maxRetries: 0 })
const model = 'scripted'
const max_tokens = 4096
const user = (content: MessageParam['content']): MessageParam[] => [{ role: 'user', content }]
const tools: Anthropic.Tool[] = [{ name: 'weather', input_schema: { type: 'object', properties: {} } }]

describe('messages by the official client', () => {
  it('answers with a thinking block and text', async () => {
    const message = await client.messages.create({ model, max_tokens, messages: user('hello') })
    expect(message.content).toMatchObject([
      { type: 'thinking', thinking: 'Hm.' },
      { type: 'text', text: 'You say hello, one, two.' },
    ])
    expect(message.stop_reason).toBe('end_turn')
    expect(message.usage.output_tokens).toBeGreaterThan(20)
  })

  it('streams what it answers whole', async () => {
    const messages = user('hello again')
    const whole = await client.messages.create({ model, max_tokens, messages })
    const stream = client.messages.stream({ model, max_tokens, messages })
    let text = ''
    stream.on('text', (delta) => (text += delta))
    const final = await stream.finalMessage()
    expect(final.content).toEqual(whole.content)
    expect(final.stop_reason).toBe('end_turn')
    expect(text).toBe('You say hello again, one, two.')
    const { usage } = final
    expect(usage.input_tokens + usage.cache_read_input_tokens!).toBe(
      whole.usage.input_tokens + whole.usage.cache_read_input_tokens!,
    )
    expect(usage.cache_read_input_tokens).toBeGreaterThan(0)
  })

  it('sends the events in order', async () => {
    const types: string[] = []
    for await (const event of await client.messages.create({
      model,
      max_tokens,
      messages: user('weather'),
      tools,
      stream: true,
    })) {
      if (event.type === 'content_block_start') types.push(`${event.index} ${event.content_block.type}`)
      else if (event.type !== 'content_block_delta') types.push(event.type)
    }
    expect(types).toEqual([
      'message_start',
      '0 thinking',
      'content_block_stop',
      '1 text',
      'content_block_stop',
      '2 tool_use',
      'content_block_stop',
      'message_delta',
      'message_stop',
    ])
  })

  it('uses tools and takes their results', async () => {
    const messages = user('weather')
    const first = await client.messages.create({ model, max_tokens, messages, tools })
    expect(first.stop_reason).toBe('tool_use')
    const use = first.content.find((block) => block.type === 'tool_use')!
    expect(use).toMatchObject({ name: 'weather', input: { city: 'Köln' } })
    const streamed = await client.messages.stream({ model, max_tokens, messages, tools }).finalMessage()
    expect(streamed.content.find((block) => block.type === 'tool_use')).toMatchObject({ input: { city: 'Köln' } })
    const next = await client.messages.create({
      model,
      max_tokens,
      tools,
      messages: [
        ...messages,
        { role: 'assistant', content: first.content },
        { role: 'user', content: [{ type: 'tool_result', tool_use_id: use.id, content: 'rain' }] },
      ],
    })
    expect(next.content.at(-1)).toMatchObject({ text: 'The tool said rain.' })
  })

  it('names the stop sequence, and the limit', async () => {
    const stopped = await client.messages.create({
      model,
      max_tokens,
      messages: user('x'),
      stop_sequences: [', two', ', one'],
    })
    expect(stopped.stop_reason).toBe('stop_sequence')
    expect(stopped.stop_sequence).toBe(', one')
    expect(stopped.content.at(-1)).toMatchObject({ text: 'You say x' })
    const cut = await client.messages.create({ model, max_tokens: 5, messages: user('x') })
    expect(cut.stop_reason).toBe('max_tokens')
  })

  it('gives the template system, tools, thinking and earlier turns', async () => {
    const { content } = await client.messages.create({
      model,
      max_tokens,
      system: [{ type: 'text', text: 'Be kind.', cache_control: { type: 'ephemeral' } }],
      thinking: { type: 'disabled' },
      tools,
      messages: [
        ...user('one'),
        {
          role: 'assistant',
          content: [
            { type: 'thinking', thinking: 'hm', signature: '' },
            { type: 'tool_use', id: 'abc', name: 'weather', input: { city: 'Bonn' } },
          ],
        },
        {
          role: 'user',
          content: [
            { type: 'tool_result', tool_use_id: 'abc', content: [{ type: 'text', text: 'no' }], is_error: true },
            { type: 'text', text: 'show' },
          ],
        },
      ],
    })
    const [{ text }] = content as [Anthropic.TextBlock]
    expect(JSON.parse(text)).toEqual({
      messages: [
        { role: 'system', content: 'Be kind.' },
        { role: 'user', content: 'one' },
        {
          role: 'assistant',
          content: null,
          reasoning_content: 'hm',
          tool_calls: [{ id: 'abc', type: 'function', function: { name: 'weather', arguments: '{"city":"Bonn"}' } }],
        },
        { role: 'tool', content: 'Error: no', tool_call_id: 'abc' },
        { role: 'user', content: 'show' },
      ],
      tools: [{ type: 'function', function: { name: 'weather', parameters: { type: 'object', properties: {} } } }],
      extra: { enable_thinking: false },
    })
  })

  it('finds a conversation in the cache whose system message begins with a line for accounts, as Claude Code writes it', async () => {
    const line = (hash: string): string => `x-anthropic-billing-header: cc_version=2.1.42; cch=${hash};`
    const told = 'You are an agent. '.repeat(20)
    const blocks = (hash: string): Anthropic.TextBlockParam[] => [
      { type: 'text', text: line(hash) },
      { type: 'text', text: told },
    ]
    const messages = user('show')
    const systems = [blocks('65abc'), blocks('71fea'), `${line('3f00d')}\n${told}`]
    const ask = (system: Anthropic.MessageCreateParams['system']) =>
      client.messages.create({ model, max_tokens, messages, system: system! }).withResponse()
    await ask(told)
    for (const system of systems) {
      const { data, response } = await ask(system)
      expect(data.usage.cache_read_input_tokens).toBeGreaterThan(300)
      expect(response.headers.get('x-kaiyuan-ignored')).toBe('system (x-anthropic-billing-header)')
      const { messages: shown } = JSON.parse((data.content.at(-1) as Anthropic.TextBlock).text) as Prompt
      expect(shown[0]!.content).toBe(told)
    }
  })

  it('takes a message without blocks for an empty one: the answer does not continue the one before', async () => {
    const messages: MessageParam[] = [...user('a'), { role: 'assistant', content: 'b' }, ...user([])]
    const { content } = await client.messages.create({ model, max_tokens, messages })
    expect(content.at(-1)).toMatchObject({ type: 'text', text: 'You say , one, two.' })
  })

  it('counts the tokens that a request has', async () => {
    const messages = user('count me')
    const { input_tokens } = await client.messages.countTokens({ model, messages, tools })
    const { usage } = await client.messages.create({ model, max_tokens: 1, messages, tools })
    expect(input_tokens).toBe(usage.input_tokens + usage.cache_read_input_tokens!)
  })

  it('refuses in the form of this API', async () => {
    const refused = async (more: object): Promise<[unknown, string]> =>
      client.messages
        .create({ model, max_tokens, messages: user('x'), ...more } as Anthropic.MessageCreateParamsNonStreaming)
        .then(() => [undefined, ''] as [unknown, string])
        .catch((error: unknown): [unknown, string] =>
          error instanceof Anthropic.APIError ? [error.status, JSON.stringify(error.error)] : [error, ''],
        )
    const [status, body] = await refused({ top_p: 2 })
    expect(status).toBe(400)
    expect(JSON.parse(body)).toMatchObject({ type: 'error', error: { type: 'invalid_request_error' } })
    expect(await refused({ max_tokens: undefined })).toEqual([400, expect.stringContaining('max_tokens')])
    expect(await refused({ tool_choice: { type: 'any' } })).toEqual([400, expect.stringContaining('tool_choice')])
    // By this code the client's tool runner knows that it may continue without.
    const [, thread] = await refused({ thread: { type: 'create' } })
    expect(JSON.parse(thread)).toMatchObject({ error: { details: { error_code: 'thread_unsupported_request' } } })
    const image = { type: 'image', source: { type: 'base64', media_type: 'image/png', data: '' } }
    expect(await refused({ messages: [{ role: 'user', content: [image] }] })).toEqual([
      400,
      expect.stringContaining('messages[0].content[0]'),
    ])
    expect(await refused({ messages: [{ role: 'user', content: [{ type: 'text' }] }] })).toEqual([
      400,
      expect.stringContaining('messages[0].content[0].text'),
    ])
  })
})
