import { ChatAnthropic } from '@langchain/anthropic'
import type { BaseChatModel } from '@langchain/core/language_models/chat_models'
import { HumanMessage } from '@langchain/core/messages'
import { ChatOpenAI } from '@langchain/openai'
import { createAgent, providerStrategy, tool, toolStrategy } from 'langchain'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
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
  Tools,
  serveMailing,
} from './mailing.js'

const server = await serveMailing()
const openai = { model: 'scripted', apiKey: 'none', maxRetries: 0, configuration: { baseURL: `${server.url}/v1` } }

const models: Record<string, () => BaseChatModel> = {
  'ChatOpenAI, completions': () => new ChatOpenAI(openai),
  'ChatOpenAI, responses': () => new ChatOpenAI({ ...openai, useResponsesApi: true }),
  ChatAnthropic: () =>
    new ChatAnthropic({ model: 'scripted', apiKey: 'none', maxRetries: 0, anthropicApiUrl: server.url }),
}

function toolsOf(tools: Tools) {
  return [
    tool((input: { city: string }) => tools.findCity(input), {
      name: 'find_city',
      description: 'The id of a city',
      schema: z.object({ city: z.string() }),
    }),
    tool((input: { id: number }) => tools.getWeather(input), {
      name: 'get_weather',
      description: 'The weather of a place',
      schema: z.object({ id: z.int() }),
    }),
    tool((input: { text: string }) => tools.sendMail(input), {
      name: 'send_mail',
      description: 'Sends a mail',
      schema: z.object({ text: z.string() }),
    }),
  ]
}

const ask = (text: string) => ({ messages: [new HumanMessage(text)] })

describe.each(Object.entries(models))('LangChain: %s', (_, modelOf) => {
  const model = modelOf()

  it('plain', async () => {
    const message = await model.invoke(HELLO)
    expect(message.text).toBe(GREETING)
  })

  it('streaming', async () => {
    let text = ''
    for await (const chunk of await model.stream(HELLO)) text += chunk.text
    expect(text).toBe(GREETING)
  })

  it('a loop of tools', async () => {
    const tools = new Tools()
    const { messages } = await createAgent({ model, tools: toolsOf(tools) }).invoke(ask(MAIL))
    expect(messages.at(-1)!.text).toBe(MAILED)
    expect(tools.log).toEqual(LOOP_LOG)
  })

  it('a loop of tools, streaming', async () => {
    const tools = new Tools()
    let text = ''
    const stream = await createAgent({ model, tools: toolsOf(tools) }).stream(ask(MAIL), { streamMode: 'messages' })
    for await (const [chunk] of stream) if (chunk.type === 'ai') text += chunk.text
    expect(text).toBe(MAILED)
    expect(tools.log).toEqual(LOOP_LOG)
  })

  it.each(['jsonSchema', 'functionCalling'] as const)('structured output by %s', async (method) => {
    expect(await model.withStructuredOutput(City, { method, name: 'city' }).invoke(AS_OBJECT)).toEqual(CITY)
  })

  it('tools together with an output type, by the form of the answer', async () => {
    const tools = new Tools()
    const agent = createAgent({ model, tools: toolsOf(tools), responseFormat: providerStrategy(City) })
    const { structuredResponse } = await agent.invoke(ask(MAIL_AS_OBJECT))
    expect(structuredResponse).toEqual(CITY)
    expect(tools.log).toEqual(LOOP_LOG)
  })

  it('tools together with an output type, by a tool', async () => {
    const tools = new Tools()
    const agent = createAgent({ model, tools: toolsOf(tools), responseFormat: toolStrategy(City) })
    const { structuredResponse } = await agent.invoke(ask(MAIL_AS_OBJECT))
    expect(structuredResponse).toEqual(CITY)
    expect(tools.log).toEqual(LOOP_LOG)
  })
})
