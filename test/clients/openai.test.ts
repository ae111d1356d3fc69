import OpenAI from 'openai'
import { zodResponseFormat, zodTextFormat } from 'openai/helpers/zod'
import { describe, expect, it } from 'vitest'
import { clientOf } from '../server/requests.js'
import {
  AS_OBJECT,
  CITY,
  City,
  GREETING,
  HELLO,
  LOOP_LOG,
  MAIL,
  MAIL_AS_OBJECT,
  MAILED,
  THOUGHT,
  TOOL_SCHEMAS,
  Tools,
  callTool,
  serveMailing,
} from './mailing.js'

const server = await serveMailing()
const client = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: 'none', maxRetries: 0 })
const model = 'scripted'

it('the tests of the server use the client that is installed here', () => {
  expect(clientOf(server)).toBeInstanceOf(OpenAI)
})

describe('chat completions', () => {
  const ask = (content: string) => ({ model, messages: [{ role: 'user' as const, content }] })
  const runnable = (tools: Tools) =>
    TOOL_SCHEMAS.map(({ name, description, parameters }) => ({
      type: 'function' as const,
      function: {
        name,
        description,
        parameters: { ...parameters },
        parse: JSON.parse,
        function: (args: object) => callTool(tools, name, args),
      },
    }))

  it('plain', async () => {
    const { choices } = await client.chat.completions.create(ask(HELLO))
    expect(choices[0]!.message).toMatchObject({ content: GREETING, reasoning_content: THOUGHT })
  })

  it('streaming', async () => {
    const stream = client.chat.completions.stream({ ...ask(HELLO), stream_options: { include_usage: true } })
    const deltas: string[] = []
    stream.on('content', (delta) => deltas.push(delta))
    const { choices, usage } = await stream.finalChatCompletion()
    expect(choices[0]!.message.content).toBe(GREETING)
    expect(deltas.join('')).toBe(GREETING)
    expect(usage!.completion_tokens).toBeGreaterThan(deltas.length)
  })

  it('a loop of tools', async () => {
    const tools = new Tools()
    const run = client.chat.completions.runTools({ ...ask(MAIL), tools: runnable(tools) })
    expect(await run.finalContent()).toBe(MAILED)
    expect(tools.log).toEqual(LOOP_LOG)
  })

  it('a loop of tools, streaming', async () => {
    const tools = new Tools()
    const run = client.chat.completions.runTools({ ...ask(MAIL), stream: true, tools: runnable(tools) })
    expect(await run.finalContent()).toBe(MAILED)
    expect(tools.log).toEqual(LOOP_LOG)
  })

  it('structured output', async () => {
    const { choices } = await client.chat.completions.parse({
      ...ask(AS_OBJECT),
      response_format: zodResponseFormat(City, 'city'),
    })
    expect(choices[0]!.message.parsed).toEqual(CITY)
  })

  it('tools together with an output type', async () => {
    const tools = new Tools()
    const run = client.chat.completions.runTools({
      ...ask(MAIL_AS_OBJECT),
      tools: runnable(tools).map((tool) => ({ ...tool, function: { ...tool.function, strict: true } })),
      response_format: zodResponseFormat(City, 'city'),
    })
    expect(JSON.parse((await run.finalContent())!)).toEqual(CITY)
    expect(tools.log).toEqual(LOOP_LOG)
  })
})

describe('responses', () => {
  const tools = TOOL_SCHEMAS.map(({ name, description, parameters }) => ({
    type: 'function' as const,
    name,
    description,
    parameters: { ...parameters },
    strict: true,
  }))

  it('plain', async () => {
    const response = await client.responses.create({ model, input: HELLO })
    expect(response.output_text).toBe(GREETING)
  })

  it('streaming', async () => {
    const stream = client.responses.stream({ model, input: HELLO })
    const deltas: string[] = []
    stream.on('response.output_text.delta', ({ delta }) => deltas.push(delta))
    const response = await stream.finalResponse()
    expect([response.output_text, deltas.join('')]).toEqual([GREETING, GREETING])
  })

  /** The loop as applications write it. */
  async function loop(
    input: string,
    next: (input: OpenAI.Responses.ResponseInput, previous?: string) => Promise<OpenAI.Responses.Response>,
    stored: boolean,
  ): Promise<string> {
    const own = new Tools()
    let items: OpenAI.Responses.ResponseInput = [{ role: 'user', content: input }]
    for (let previous: string | undefined; ;) {
      const response = await next(items, previous)
      const calls = response.output.filter((item) => item.type === 'function_call')
      if (calls.length === 0) {
        expect(own.log).toEqual(LOOP_LOG)
        return response.output_text
      }
      const outputs = calls.map(({ call_id, name, arguments: json }) => ({
        type: 'function_call_output' as const,
        call_id,
        output: callTool(own, name, JSON.parse(json)),
      }))
      // Its types do not take back all that they give, though its guide does so.
      const said = response.output as OpenAI.Responses.ResponseInput
      items = stored ? outputs : [...items, ...said, ...outputs]
      if (stored) previous = response.id
    }
  }

  it('a loop of tools, by the response before', async () => {
    const text = await loop(
      MAIL,
      (input, previous) =>
        client.responses.create({ model, input, tools, ...(previous && { previous_response_id: previous }) }),
      true,
    )
    expect(text).toBe(MAILED)
  })

  it('a loop of tools, streaming, with everything sent back', async () => {
    const include: OpenAI.Responses.ResponseIncludable[] = ['reasoning.encrypted_content']
    const text = await loop(
      MAIL,
      (input) => client.responses.stream({ model, input, tools, store: false, include }).finalResponse(),
      false,
    )
    expect(text).toBe(MAILED)
  })

  it('structured output', async () => {
    const text = { format: zodTextFormat(City, 'city') }
    const response = await client.responses.parse({ model, input: AS_OBJECT, text })
    expect(response.output_parsed).toEqual(CITY)
  })

  it('tools together with an output type', async () => {
    const format = { format: zodTextFormat(City, 'city') }
    const text = await loop(
      MAIL_AS_OBJECT,
      (input) => client.responses.create({ model, input, tools, text: format }),
      false,
    )
    expect(JSON.parse(text)).toEqual(CITY)
  })
})
