import OpenAI from 'openai'
import type { Response, ResponseInput, ResponseStreamEvent } from 'openai/resources/responses/responses'
import { afterAll, describe, expect, it } from 'vitest'
import { summed } from './requests.js'
import { callText, scriptedEngine, serveEngine, type Prompt } from './scripted.js'

function script(prompt: Prompt | string): string {
  if (typeof prompt === 'string') return prompt
  const last = prompt.messages.at(-1)!
  if (last.role === 'tool') return `The tool said ${last.content ?? ''}.`
  if (last.content === 'weather') return `<think>Look.</think>${callText('weather', { city: 'Köln' })}`
  if (last.content === 'show') return JSON.stringify(prompt)
  return `<think>Hm.</think>You say ${last.content ?? ''}.`
}

const server = await serveEngine(scriptedEngine(script))
afterAll(() => server.stop())
const client = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: 'none', maxRetries: 0 })
const model = 'scripted'
const tools = [
  { type: 'function', name: 'weather', parameters: { type: 'object', properties: {} }, strict: false },
] as const

async function shownPrompt(request: Omit<OpenAI.Responses.ResponseCreateParamsNonStreaming, 'model'>): Promise<Prompt> {
  return JSON.parse((await client.responses.create({ model, ...request })).output_text) as Prompt
}

describe('responses by the official client', () => {
  it('repeats the form that was asked for', async () => {
    const schema = { type: 'object', properties: { a: { type: 'integer' } }, required: ['a'] }
    const format = { type: 'json_schema', name: 'answer', schema, strict: true } as const
    const strict = { ...tools[0], strict: true }
    const asked = await client.responses.create({ model, input: 'hello', text: { format }, max_output_tokens: 2 })
    expect(asked.text).toEqual({ format })
    const plain = await client.responses.create({ model, input: 'hello', tools: [strict], max_output_tokens: 2 })
    expect(plain.text).toEqual({ format: { type: 'text' } })
    expect(plain.tools).toEqual([strict])
    expect((await client.responses.create({ model, input: 'hello', tools: [...tools] })).tools).toEqual(tools)
  })

  it('answers with a reasoning item and a message', async () => {
    const response = await client.responses.create({ model, input: 'hello', metadata: { a: 'b' } })
    expect(response.output_text).toBe('You say hello.')
    expect(response.output.map(({ type }) => type)).toEqual(['reasoning', 'message'])
    expect(response.output[0]).toMatchObject({
      content: [{ type: 'reasoning_text', text: 'Hm.' }],
      status: 'completed',
    })
    expect(response.status).toBe('completed')
    expect(response.usage!.output_tokens_details.reasoning_tokens).toBeGreaterThan(2)
    expect(response.metadata).toEqual({ a: 'b' })
  })

  it('streams events whose sum is the response', async () => {
    const events: ResponseStreamEvent[] = []
    for await (const event of await client.responses.create({
      model,
      input: 'weather',
      tools: [...tools],
      stream: true,
    }))
      events.push(event)
    expect(events.map(({ sequence_number }) => sequence_number)).toEqual(events.map((_, i) => i))
    const types = events.map(({ type }) => type).filter((type) => !type.endsWith('.delta'))
    expect(types).toEqual([
      'response.created',
      'response.in_progress',
      'response.output_item.added',
      'response.content_part.added',
      'response.reasoning_text.done',
      'response.content_part.done',
      'response.output_item.done',
      'response.output_item.added',
      'response.function_call_arguments.done',
      'response.output_item.done',
      'response.completed',
    ])
    const last = events.at(-1) as { response: Response }
    const done = events.flatMap((event) => (event.type === 'response.output_item.done' ? [event.item] : []))
    expect(last.response.output).toEqual(done)
    const text = events.map((event) => (event.type === 'response.reasoning_text.delta' ? event.delta : '')).join('')
    expect(text).toBe('Look.')
  })

  it('streams through the client’s own accumulator', async () => {
    const stream = client.responses.stream({ model, input: 'hello' })
    let text = ''
    stream.on('response.output_text.delta', ({ delta }) => (text += delta))
    const response = await stream.finalResponse()
    expect(response.output_text).toBe('You say hello.')
    expect(text).toBe('You say hello.')
  })

  it('calls tools and takes their results, by items and by the previous response', async () => {
    const first = await client.responses.create({ model, input: 'weather', tools: [...tools] })
    const call = first.output.find((item) => item.type === 'function_call')!
    expect(call).toMatchObject({ name: 'weather', arguments: '{"city":"Köln"}', status: 'completed' })
    const result = { type: 'function_call_output', call_id: call.call_id, output: 'rain' } as const
    const remembered = await client.responses.create({ model, previous_response_id: first.id, input: [result] })
    expect(remembered.output_text).toBe('The tool said rain.')
    const items = [{ role: 'user', content: 'weather' }, ...first.output, result] as ResponseInput
    const whole = await client.responses.create({ model, input: items, tools: [...tools] })
    expect(whole.output_text).toBe('The tool said rain.')
  })

  it('gives the template the whole conversation, with instructions of this turn only', async () => {
    const first = await client.responses.create({ model, input: 'one', instructions: 'Be kind.' })
    const prompt = await shownPrompt({ previous_response_id: first.id, input: 'show', reasoning: { effort: 'low' } })
    expect(prompt.messages).toEqual([
      { role: 'user', content: 'one' },
      { role: 'assistant', content: 'You say one.', reasoning_content: 'Hm.' },
      { role: 'user', content: 'show' },
    ])
    expect(prompt.extra).toEqual({ reasoning_effort: 'low', enable_thinking: true })
    const instructed = await shownPrompt({ input: 'show', instructions: 'Be brief.' })
    expect(instructed.messages[0]).toEqual({ role: 'system', content: 'Be brief.' })
  })

  it('says when it was cut off', async () => {
    const response = await client.responses.create({ model, input: 'hello', max_output_tokens: 20 })
    expect(response.status).toBe('incomplete')
    expect(response.incomplete_details).toEqual({ reason: 'max_output_tokens' })
    expect(response.usage!.output_tokens).toBe(20)
  })

  it.each([
    ['completed', 'number', {}],
    ['incomplete', 'object', { max_output_tokens: 2 }],
  ] as const)('has every field from its creation to being %s', async (status, type, more) => {
    const stream = await client.responses.create({ model, input: 'hello', ...more, stream: true })
    const shown: Response[] = []
    for await (const event of stream) if ('response' in event) shown.push(event.response)
    expect(shown.map((response) => response.status)).toEqual(['in_progress', 'in_progress', status])
    const [created, started, ended] = shown
    for (const response of [created, started])
      expect(response).toMatchObject({ usage: null, completed_at: null, user: null })
    expect(ended).toHaveProperty('usage.output_tokens')
    expect(ended!.completed_at).toBeTypeOf(type)
    expect(ended).toMatchObject({ user: null })
  })

  it.each([{ input: 'hello' }, { input: 'weather', tools: [...tools] }])(
    'tells of an ended one as it did at first',
    async (body) => {
      const first: ResponseStreamEvent[] = []
      for await (const event of await client.responses.create({ model, ...body, stream: true })) first.push(event)
      const ended = first.at(-1)!
      if (ended.type !== 'response.completed') throw new Error(ended.type)
      const again: ResponseStreamEvent[] = []
      for await (const event of await client.responses.retrieve(ended.response.id, { stream: true })) again.push(event)
      expect(summed(again)).toEqual(summed(first))
      expect(again.filter((event) => 'delta' in event).length).toBeGreaterThan(1)
      expect(again.map(({ sequence_number: number }) => number)).toEqual(again.map((_, i) => i))
      const rest: ResponseStreamEvent[] = []
      const query = { stream: true, starting_after: 3 } as const
      for await (const event of await client.responses.retrieve(ended.response.id, query)) rest.push(event)
      expect(rest).toEqual(again.slice(4))
      for (const starting_after of [-1, 1.5])
        await expect(client.responses.retrieve(ended.response.id, { ...query, starting_after })).rejects.toMatchObject({
          ...{ status: 400, param: 'starting_after' },
        })
    },
  )

  it('tells log probabilities when they are included', async () => {
    const response = await client.responses.create({
      model,
      input: 'a',
      include: ['message.output_text.logprobs'],
      top_logprobs: 1,
    })
    const message = response.output.find((item) => item.type === 'message')!
    const content = message.content[0] as OpenAI.Responses.ResponseOutputText
    expect(content.logprobs!.map(({ token }) => token).join('')).toContain('You say a.')
  })

  it('remembers what is stored, and forgets it when told to', async () => {
    const { id } = await client.responses.create({ model, input: 'hello' })
    expect((await client.responses.retrieve(id)).output_text).toBe('You say hello.')
    await client.responses.delete(id)
    await expect(client.responses.retrieve(id)).rejects.toMatchObject({ status: 404 })
    await expect(client.responses.create({ model, input: 'x', previous_response_id: id })).rejects.toMatchObject({
      status: 400,
      param: 'previous_response_id',
    })
    const unstored = await client.responses.create({ model, input: 'hello', store: false })
    await expect(client.responses.retrieve(unstored.id)).rejects.toMatchObject({ status: 404 })
  })

  it('refuses what it cannot do, by name', async () => {
    const refused = async (more: object): Promise<unknown> =>
      client.responses
        .create({ model, input: 'x', ...more })
        .then(() => undefined)
        .catch((error: unknown) => (error instanceof OpenAI.APIError ? [error.status, error.param] : error))
    expect(await refused({ tools: [{ type: 'web_search' }], tool_choice: 'required' })).toEqual([400, 'tools[0].type'])
    expect(await refused({ background: true })).toEqual([400, 'background'])
    expect(await refused({ truncation: 'oldest' as 'auto' })).toEqual([400, 'truncation'])
    expect(await refused({ text: { format: { type: 'json_schema', name: 'x', schema: { not: {} } } } })).toEqual([
      400,
      'text.format',
    ])
    expect(await refused({ input: [{ role: 'user', content: [{ type: 'input_image', image_url: 'x' }] }] })).toEqual([
      400,
      'input[0].content[0].type',
    ])
    expect(await refused({ conversation: 'conv_1' })).toEqual([400, 'conversation'])
  })
})
