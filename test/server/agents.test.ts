/** What agents and their clients rely on, in all three APIs, by a model that says what a script tells it. */
import type OpenAI from 'openai'
import { describe, expect, it } from 'vitest'
import { callText, scriptedEngine, type Prompt } from './scripted.js'
import { clientOf, serve } from './requests.js'

let said: (prompt: Prompt) => string = () => ''
let last: Prompt | undefined
const server = await serve(
  scriptedEngine((prompt) => {
    if (typeof prompt === 'string') return `${prompt} and so on`
    last = prompt
    return said(prompt)
  }),
)
const client = clientOf(server)
const model = 'scripted'
const user = { role: 'user' as const, content: 'hello' }
let asked = 0
/** The script says the same to the same conversation: each test has its own. */
const fresh = () => ({ role: 'user' as const, content: `hello ${asked++}` })
const parameters = { type: 'object', properties: { city: { type: 'string' } } }
const tool = { type: 'function' as const, function: { name: 'weather', parameters } }

async function post<T>(path: string, body: object): Promise<T> {
  const headers = { 'content-type': 'application/json' }
  const response = await fetch(server.url + path, { method: 'POST', headers, body: JSON.stringify(body) })
  return (await response.json()) as T
}

interface Message {
  content: { type: string; text?: string; input?: unknown }[]
  stop_reason: string
  usage: { output_tokens: number }
}

const chat = (body: Partial<OpenAI.ChatCompletionCreateParamsNonStreaming>) =>
  client.chat.completions.create({ model, messages: [fresh()], ...body })

/** With fields that the client's types have given up. */
const older = (body: object) => chat(body)

describe('calls', () => {
  it('come in pieces in the streams of all APIs', async () => {
    said = () => callText('weather', { city: 'Oslo' })
    const pieces: string[] = []
    const stream = await client.chat.completions.create({ model, messages: [fresh()], tools: [tool], stream: true })
    for await (const { choices } of stream)
      pieces.push(...(choices[0]!.delta.tool_calls ?? []).map((call) => call.function?.arguments ?? ''))
    expect(pieces.join('')).toBe('{"city":"Oslo"}')
    expect(pieces.filter((piece) => piece !== '').length).toBeGreaterThan(3)
    const deltas: string[] = []
    const tools = [{ type: 'function' as const, name: 'weather', parameters, strict: false }]
    for await (const event of await client.responses.create({ model, input: 'x', tools, stream: true }))
      if (event.type === 'response.function_call_arguments.delta') deltas.push(event.delta)
    expect([deltas.join(''), deltas.length > 3]).toEqual(['{"city":"Oslo"}', true])
  })

  it('of tools that Anthropic has defined are those of any other', async () => {
    said = () => callText('bash', { command: 'ls' })
    const tools = [
      { type: 'bash_20250124', name: 'bash' },
      { type: 'text_editor_20250728', name: 'str_replace_based_edit_tool', max_characters: 10_000 },
      { type: 'memory_20250818', name: 'memory' },
    ]
    const message = await post<Message>('/v1/messages', { model, max_tokens: 500, messages: [fresh()], tools })
    expect([message.stop_reason, message.content[0]]).toMatchObject([
      'tool_use',
      { name: 'bash', input: { command: 'ls' } },
    ])
    expect(last!.tools).toMatchObject([
      { function: { name: 'bash', parameters: { properties: { command: {}, restart: {} } } } },
      { function: { parameters: { properties: { old_str: {}, insert_text: {} }, required: ['command', 'path'] } } },
      { function: { parameters: { properties: { old_path: {}, insert_text: {} } } } },
    ])
    const must = { tools: tools.slice(0, 1), tool_choice: { type: 'any' } }
    const forced = await post<Message>('/v1/messages', { model, max_tokens: 500, messages: [fresh()], ...must })
    expect(forced.content[0]).toMatchObject({ type: 'tool_use', name: 'bash' })
  })

  it('that are cut off have the arguments that had come', async () => {
    said = () => callText('weather', { city: 'Oslo' })
    const cut = await chat({ tools: [tool], max_completion_tokens: 45 })
    const [choice] = cut.choices
    expect([choice!.finish_reason, choice!.message.content]).toEqual(['length', null])
    const call = choice!.message.tool_calls![0] as OpenAI.ChatCompletionMessageFunctionToolCall
    expect('{"city":"Oslo"}'.startsWith(call.function.arguments)).toBe(true)
    const tools = [{ name: 'weather', input_schema: parameters }]
    const message = await post<Message>('/v1/messages', { model, max_tokens: 50, messages: [fresh()], tools })
    expect([message.stop_reason, message.content[0]!.type]).toEqual(['max_tokens', 'tool_use'])
    // Before its name nothing of a call is known.
    const early = await chat({ tools: [tool], max_completion_tokens: 14 })
    expect(early.choices[0]!.message.content).toBe('')
  })

  it('are text at the end of an answer where their arguments are no JSON', async () => {
    const bad = callText('weather', { city: 'Oslo' }).replace('}}', ', oops}}')
    said = () => bad
    const [choice] = (await chat({ tools: [tool] })).choices
    expect([choice!.finish_reason, choice!.message]).toMatchObject(['stop', { content: bad }])
    expect(choice!.message.tool_calls).toBeUndefined()
    const tools = [{ name: 'weather', input_schema: parameters }]
    const message = await post<Message>('/v1/messages', { model, max_tokens: 500, messages: [fresh()], tools })
    expect([message.stop_reason, message.content]).toEqual(['end_turn', [{ type: 'text', text: bad }]])
    const functions = [{ type: 'function' as const, name: 'weather', parameters, strict: false }]
    const { output } = await client.responses.create({ model, input: 'broken', tools: functions })
    expect(output).toMatchObject([
      { type: 'function_call', status: 'incomplete' },
      { type: 'message', content: [{ text: bad }] },
    ])
  })

  it('are text where nobody asked for them, and cannot begin where they may not be made', async () => {
    said = () => callText('weather', { city: 'Oslo' })
    const [free] = (await chat({})).choices
    expect([free!.finish_reason, free!.message.tool_calls]).toEqual(['stop', undefined])
    expect(free!.message.content).toBe(said(last!))
    const [masked] = (await chat({ tools: [tool], tool_choice: 'none', max_completion_tokens: 50 })).choices
    expect(masked!.message.tool_calls).toBeUndefined()
    expect(masked!.message.content).not.toContain('<tool_call>')
    expect(last!.tools).toBeNull()
  })

  it('may be limited to some of the tools', async () => {
    said = () => 'No call comes to my mind.'
    const tools = ['raise', 'lower'].map((name) => ({ type: 'function' as const, function: { name, parameters } }))
    const allowed = { mode: 'required' as const, tools: [{ type: 'function', function: { name: 'lower' } }] }
    const body = {
      tools,
      tool_choice: { type: 'allowed_tools' as const, allowed_tools: allowed },
      temperature: 1,
      seed: 3,
    }
    const [choice] = (await chat({ ...body, max_completion_tokens: 200 })).choices
    expect(JSON.stringify(choice!.message.tool_calls)).toContain('"lower"')
    expect(last!.tools).toHaveLength(2)
  })

  it('of custom tools have a text, which a grammar holds', async () => {
    const format = {
      type: 'grammar' as const,
      grammar: { syntax: 'lark' as const, definition: 'start: "go \\"" /[a-c]/ "\\"\\n"' },
    }
    const custom = { type: 'custom' as const, custom: { name: 'steer', format } }
    said = () => callText('steer', { input: 'go "b"\n' })
    const [choice] = (await chat({ tools: [custom] })).choices
    expect(choice!.message.tool_calls).toMatchObject([{ type: 'custom', custom: { name: 'steer', input: 'go "b"\n' } }])
    // Something else cannot be said.
    said = () => callText('steer', { input: 'stop' })
    const forced = await chat({
      tools: [custom],
      tool_choice: { type: 'custom', custom: { name: 'steer' } },
      max_completion_tokens: 200,
    })
    const call = forced.choices[0]!.message.tool_calls![0] as OpenAI.ChatCompletionMessageCustomToolCall
    expect(call.custom.input).toMatch(/^go "[abc]"\n$/)
    const tools = [{ type: 'custom' as const, name: 'steer' }]
    said = () => callText('steer', { input: 'on' })
    const response = await client.responses.create({ model, input: 'x', tools })
    expect(response.output).toMatchObject([{ type: 'custom_tool_call', name: 'steer', input: 'on' }])
  })

  it('have the older form for who sends functions', async () => {
    said = () => callText('weather', { city: 'Oslo' })
    const functions = [{ name: 'weather', parameters }]
    const [choice] = (await older({ functions })).choices
    expect(choice!.finish_reason).toBe('function_call')
    expect(choice!.message).toMatchObject({
      content: null,
      function_call: { name: 'weather', arguments: '{"city":"Oslo"}' },
    })
    const history = [
      user,
      { role: 'assistant' as const, content: null, function_call: { name: 'weather', arguments: '{}' } },
      { role: 'function' as const, name: 'weather', content: 'sunny' },
    ]
    said = () => 'Good.'
    await older({ functions, messages: history })
    const [, call, result] = last!.messages
    expect(result).toMatchObject({ role: 'tool', content: 'sunny', tool_call_id: call!.tool_calls![0]!.id })
  })

  it.each([
    ['""', ''],
    ['null', 'null'],
    ['cut off', '{"city": "Os'],
    ['an object', { city: 'Os' }],
    ['none', undefined],
  ])('come back with arguments that are %s', async (name, given) => {
    said = () => 'Good.'
    const call = { id: 'a', type: 'function', function: { name: 'weather', arguments: given } }
    const messages = [
      fresh(),
      { role: 'assistant', tool_calls: [call] },
      { role: 'tool', content: 'sunny', tool_call_id: 'a' },
    ]
    await post('/v1/chat/completions', { model, messages, tools: [tool] })
    const text = last!.messages[1]!.tool_calls![0]!.function.arguments
    expect(JSON.parse(text)).toEqual(/cut|object/.test(name) ? { city: 'Os' } : {})
  })
})

describe('an answer', () => {
  it('continues with the last message of the assistant', async () => {
    said = ({ messages }) => ` after ${messages.at(-1)!.role}`
    const messages = [fresh(), { role: 'assistant' as const, content: 'So' }]
    // The script's template marks where an answer begins, also here.
    const prompts: string[] = []
    said = (prompt) => (prompts.push(prompt.messages.at(-1)!.content ?? ''), 'ly.')
    await post('/v1/messages', { model, max_tokens: 9, messages })
    expect(prompts.every((text) => text.startsWith('So'))).toBe(true)
    const whole = await chat({ messages, continue_final_message: false } as never)
    expect(whole.choices[0]!.message.content).toBe('ly.')
  })

  it('does not end where a thought has the stop string, and ends where the text has it', async () => {
    said = () => '<think>one STOP two</think>three STOP four'
    const [choice] = (await chat({ stop: ['STOP'] })).choices
    expect(choice!.message).toMatchObject({
      reasoning_content: 'one STOP two',
      reasoning: 'one STOP two',
      content: 'three ',
    })
  })

  it('counts thoughts alone as reasoning', async () => {
    said = () => `<think>abc</think>${callText('weather', { city: 'Oslo' })}`
    const { usage } = await chat({ tools: [tool] })
    expect(usage!.completion_tokens_details!.reasoning_tokens).toBe('<think>abc</think>'.length)
  })

  it('has log probabilities of its text, and of nothing else', async () => {
    said = () => '<think>abc</think>\nSure <b>.'
    const [choice] = (await chat({ logprobs: true })).choices
    expect(choice!.logprobs!.content!.map(({ token }) => token).join('')).toBe('Sure <b>.')
  })

  it('holds the form that others ask for by other names', async () => {
    said = () => 'x'
    const content = async (more: object): Promise<string | null> =>
      (await older({ ...more, temperature: 1, seed: 1 })).choices[0]!.message.content
    expect(await content({ guided_regex: '[ab]' })).toMatch(/^[ab]$/)
    expect(await content({ structured_outputs: { choice: ['yes', 'n.o'] } })).toMatch(/^(yes|n\.o)$/)
    expect(await content({ response_format: { type: 'json_object', schema: { const: '42' } } })).toBe('"42"')
    expect(await content({ grammar: 'root ::= "z"' })).toBe('z')
    await expect(content({ regex: 'a', ebnf: 'root ::= "b"' })).rejects.toMatchObject({ status: 400, param: 'ebnf' })
  })
})

describe('responses', () => {
  it('refer to items that are remembered, and say what they were made from', async () => {
    said = () => 'Good day.'
    const first = await client.responses.create({ model, input: 'hello' })
    const id = first.output[0]!.id!
    const second = await client.responses.create({
      model,
      input: [user, { type: 'item_reference', id }, { role: 'user', content: 'and?' }],
    })
    expect(last!.messages.map(({ role }) => role)).toEqual(['user', 'assistant', 'user'])
    const items = await client.responses.inputItems.list(second.id, { order: 'asc' })
    expect(items.data.map((item) => ('role' in item ? item.role : ''))).toEqual(['user', 'assistant', 'user'])
    const missing = client.responses.create({ model, input: [{ type: 'item_reference', id: 'msg_0' }] })
    await expect(missing).rejects.toMatchObject({ status: 400, code: 'item_not_found' })
    await expect(client.responses.cancel(second.id)).rejects.toMatchObject({ status: 400 })
    const { input_tokens } = await client.responses.inputTokens.count({ model, input: 'hello' })
    expect(input_tokens).toBe(first.usage!.input_tokens)
  })

  it('give the thought as a summary where one is asked for', async () => {
    said = () => '<think>Hm.</think>Yes.'
    const summaries: string[] = []
    const stream = client.responses.stream({ model, input: 'x', reasoning: { summary: 'auto' } })
    stream.on('response.reasoning_summary_text.delta', ({ delta }) => summaries.push(delta))
    const { output } = await stream.finalResponse()
    expect(summaries.join('')).toBe('Hm.')
    expect(output[0]).toMatchObject({ type: 'reasoning', summary: [{ type: 'summary_text', text: 'Hm.' }] })
  })

  it('offer the functions of a namespace, whose name comes back', async () => {
    said = () => callText('look', {})
    const tools = [{ type: 'namespace', name: 'files', tools: [{ type: 'function', name: 'look', parameters: {} }] }]
    const { output } = await post<{ output: unknown[] }>('/v1/responses', { model, input: 'x', tools })
    expect(output).toMatchObject([{ type: 'function_call', name: 'look', namespace: 'files' }])
  })
})

describe('messages', () => {
  it('hold an answer to a schema, by both names', async () => {
    said = () => '{"a": 3}'
    const schema = { type: 'object', properties: { a: { enum: [3, 4] } }, required: ['a'], additionalProperties: false }
    const format = { type: 'json_schema', schema }
    for (const more of [{ output_config: { format } }, { output_format: format }]) {
      const { content } = await post<Message>('/v1/messages', { model, max_tokens: 99, messages: [fresh()], ...more })
      expect(content).toEqual([{ type: 'text', text: '{"a": 3}' }])
    }
  })

  it('join turns of one role, and take those of the system', async () => {
    said = () => 'Good.'
    const messages = [user, user, { role: 'system', content: 'Be short.' }, { role: 'user', content: 'So?' }]
    await post('/v1/messages', { model, max_tokens: 9, messages })
    expect(last!.messages.map(({ role, content }) => `${role}: ${content}`)).toEqual([
      'user: hello\n\nhello',
      'system: Be short.',
      'user: So?',
    ])
  })

  it('take documents as text, and name pictures of tools in their places', async () => {
    said = () => 'Good.'
    const tools = [{ name: 'weather', input_schema: parameters }]
    const document = { type: 'document', title: 'T', source: { type: 'text', media_type: 'text/plain', data: 'abc' } }
    const image = { type: 'image', source: { type: 'base64', media_type: 'image/png', data: '' } }
    const messages = [
      { role: 'user', content: [document] },
      { role: 'assistant', content: [{ type: 'tool_use', id: 'a', name: 'weather', input: {} }] },
      {
        role: 'user',
        content: [{ type: 'tool_result', tool_use_id: 'a', content: [{ type: 'text', text: 't' }, image] }],
      },
    ]
    await post('/v1/messages', { model, max_tokens: 9, messages, tools })
    expect(last!.messages[0]!.content).toBe('T\nabc')
    expect(last!.messages[2]!.content).toMatch(/^t\n\[image: /)
  })

  it('of a result name its picture in chat completions and responses too', async () => {
    said = () => 'Good.'
    const call = { id: 'a', type: 'function' as const, function: { name: 'weather', arguments: '{}' } }
    const picture = { type: 'image_url', image_url: { url: 'data:image/png;base64,' } }
    const result = { role: 'tool', tool_call_id: 'a', content: [{ type: 'text', text: 't' }, picture] }
    const messages = [fresh(), { role: 'assistant', content: null, tool_calls: [call] }, result]
    await post('/v1/chat/completions', { model, messages, tools: [tool] })
    expect(last!.messages[2]!.content).toMatch(/^t\n\[image_url: /)
    const output = [
      { type: 'input_text', text: 't' },
      { type: 'input_image', image_url: 'x' },
    ]
    const input = [
      fresh(),
      { type: 'function_call', call_id: 'a', name: 'weather', arguments: '{}' },
      { type: 'function_call_output', call_id: 'a', output },
    ]
    await post('/v1/responses', { model, input })
    expect(last!.messages[2]!.content).toMatch(/^t\n\[input_image: /)
  })

  it('of no tokens fill the cache', async () => {
    said = () => 'Good.'
    const { content, usage } = await post<Message>('/v1/messages', { model, max_tokens: 0, messages: [fresh()] })
    expect([content, usage.output_tokens]).toEqual([[], 0])
  })
})

describe('completions', () => {
  it('give the best of several, and name the token with its alternatives', async () => {
    const { choices } = await client.completions.create({
      model,
      prompt: 'x',
      best_of: 3,
      n: 1,
      max_tokens: 4,
      logprobs: 0,
    })
    expect(choices).toHaveLength(1)
    const { tokens, top_logprobs: top } = choices[0]!.logprobs!
    expect(top!.map((one) => Object.keys(one))).toEqual(tokens!.map((token) => [token]))
    const mixed = await post<{ choices: unknown[] }>('/v1/completions', { model, prompt: [[65], 'x'], max_tokens: 2 })
    expect(mixed.choices).toHaveLength(2)
  })
})
