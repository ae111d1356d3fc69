import Anthropic from '@anthropic-ai/sdk'
import { betaTool } from '@anthropic-ai/sdk/helpers/beta/json-schema'
import { zodOutputFormat } from '@anthropic-ai/sdk/helpers/zod'
import { expect, it } from 'vitest'
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
const client = new Anthropic({ baseURL: server.url, apiKey: 'none', maxRetries: 0 })
const ask = (content: string) => ({
  model: 'scripted',
  max_tokens: 1000,
  messages: [{ role: 'user' as const, content }],
})

const runnable = (tools: Tools) =>
  TOOL_SCHEMAS.map(({ name, description, parameters: inputSchema }) =>
    betaTool({ name, description, inputSchema, run: (args) => callTool(tools, name, args) }),
  )

const textOf = (message: { content: readonly { type: string }[] }): string =>
  message.content.map((block) => (block.type === 'text' && 'text' in block ? String(block.text) : '')).join('')

it('plain', async () => {
  const message = await client.messages.create({ ...ask(HELLO), thinking: { type: 'enabled', budget_tokens: 1024 } })
  expect(message.content).toMatchObject([
    { type: 'thinking', thinking: THOUGHT },
    { type: 'text', text: GREETING },
  ])
  expect(message._request_id).toMatch(/^req_/)
})

it('streaming', async () => {
  const stream = client.messages.stream(ask(HELLO))
  const deltas: string[] = []
  stream.on('text', (delta) => deltas.push(delta))
  expect(textOf(await stream.finalMessage())).toBe(GREETING)
  expect(deltas.join('')).toBe(GREETING)
})

it('a loop of tools', async () => {
  const tools = new Tools()
  const message = await client.beta.messages.toolRunner({ ...ask(MAIL), tools: runnable(tools) })
  expect(textOf(message)).toBe(MAILED)
  expect(tools.log).toEqual(LOOP_LOG)
})

it('a loop of tools, streaming', async () => {
  const tools = new Tools()
  const runner = client.beta.messages.toolRunner({ ...ask(MAIL), tools: runnable(tools), stream: true })
  let last = ''
  for await (const stream of runner) last = textOf(await stream.finalMessage())
  expect(last).toBe(MAILED)
  expect(tools.log).toEqual(LOOP_LOG)
})

it('structured output', async () => {
  const message = await client.messages.parse({
    ...ask(AS_OBJECT),
    output_config: { format: zodOutputFormat(City) },
  })
  expect(message.parsed_output).toEqual(CITY)
})

it('tools together with an output type', async () => {
  const tools = new Tools()
  const message = await client.beta.messages.toolRunner({
    ...ask(MAIL_AS_OBJECT),
    tools: runnable(tools),
    output_config: { format: zodOutputFormat(City) },
  })
  expect(JSON.parse(textOf(message))).toEqual(CITY)
  expect(tools.log).toEqual(LOOP_LOG)
})
