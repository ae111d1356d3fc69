import { Agent, OpenAIProvider, Runner, setTracingDisabled, tool } from '@openai/agents'
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

setTracingDisabled(true)
const server = await serveMailing()

function toolsOf(tools: Tools) {
  return [
    tool({
      name: 'find_city',
      description: 'The id of a city',
      parameters: z.object({ city: z.string() }),
      execute: async (input) => tools.findCity(input),
    }),
    tool({
      name: 'get_weather',
      description: 'The weather of a place',
      parameters: z.object({ id: z.int() }),
      execute: async (input) => tools.getWeather(input),
    }),
    tool({
      name: 'send_mail',
      description: 'Sends a mail',
      parameters: z.object({ text: z.string() }),
      execute: async (input) => tools.sendMail(input),
    }),
  ]
}

describe.each([
  ['responses', true],
  ['chat completions', false],
])('@openai/agents by %s', (_, useResponses) => {
  const modelProvider = new OpenAIProvider({ baseURL: `${server.url}/v1`, apiKey: 'none', useResponses })
  const runner = new Runner({ modelProvider })
  const settings = { name: 'Mailer', instructions: 'Be short.', model: 'scripted' }

  it('plain', async () => {
    const { finalOutput } = await runner.run(new Agent(settings), HELLO)
    expect(finalOutput).toBe(GREETING)
  })

  it('streaming', async () => {
    const stream = await runner.run(new Agent(settings), HELLO, { stream: true })
    let text = ''
    for await (const part of stream.toTextStream()) text += part
    await stream.completed
    expect(text).toBe(GREETING)
  })

  it('a loop of tools', async () => {
    const tools = new Tools()
    const { finalOutput } = await runner.run(new Agent({ ...settings, tools: toolsOf(tools) }), MAIL)
    expect(finalOutput).toBe(MAILED)
    expect(tools.log).toEqual(LOOP_LOG)
  })

  it('a loop of tools, streaming', async () => {
    const tools = new Tools()
    const stream = await runner.run(new Agent({ ...settings, tools: toolsOf(tools) }), MAIL, { stream: true })
    await stream.completed
    expect(stream.finalOutput).toBe(MAILED)
    expect(tools.log).toEqual(LOOP_LOG)
  })

  it('structured output', async () => {
    const { finalOutput } = await runner.run(new Agent({ ...settings, outputType: City }), AS_OBJECT)
    expect(finalOutput).toEqual(CITY)
  })

  it('tools together with an output type', async () => {
    const tools = new Tools()
    const agent = new Agent({ ...settings, tools: toolsOf(tools), outputType: City })
    const { finalOutput } = await runner.run(agent, MAIL_AS_OBJECT)
    expect(finalOutput).toEqual(CITY)
    expect(tools.log).toEqual(LOOP_LOG)
  })
})
