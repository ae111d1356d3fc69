import { Ollama, type Message } from 'ollama'
import { expect, it } from 'vitest'
import {
  AS_OBJECT,
  CITY,
  CITY_SCHEMA,
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
const client = new Ollama({ host: server.url })
const model = 'scripted'
const tools = TOOL_SCHEMAS.map(({ name, description, parameters }) => ({
  type: 'function',
  function: { name, description, parameters },
}))
const ask = (content: string) => ({ model, messages: [{ role: 'user', content }] })

it('plain', async () => {
  const { message, done_reason } = await client.chat({ ...ask(HELLO), think: true })
  expect(message).toMatchObject({ role: 'assistant', content: GREETING, thinking: THOUGHT })
  expect(done_reason).toBe('stop')
  expect((await client.generate({ model, prompt: HELLO })).response).toBe(GREETING)
})

it('streaming', async () => {
  let text = ''
  for await (const { message } of await client.chat({ ...ask(HELLO), stream: true })) text += message.content
  let generated = ''
  for await (const { response } of await client.generate({ model, prompt: HELLO, stream: true }))
    generated += response ?? ''
  expect([text, generated]).toEqual([GREETING, GREETING])
})

/** As its examples do it. */
async function loop(content: string, more: object = {}): Promise<string> {
  const own = new Tools()
  const messages: Message[] = [{ role: 'user', content }]
  for (;;) {
    const { message } = await client.chat({ model, messages, tools, ...more })
    messages.push(message)
    if (!message.tool_calls) {
      expect(own.log).toEqual(LOOP_LOG)
      return message.content
    }
    for (const { function: call } of message.tool_calls) {
      messages.push({ role: 'tool', tool_name: call.name, content: callTool(own, call.name, call.arguments) })
    }
  }
}

it('a loop of tools', async () => {
  expect(await loop(MAIL)).toBe(MAILED)
})

it('structured output', async () => {
  const { message } = await client.chat({ ...ask(AS_OBJECT), format: CITY_SCHEMA })
  expect(JSON.parse(message.content)).toEqual(CITY)
})

it('tools together with an output type', async () => {
  expect(JSON.parse(await loop(MAIL_AS_OBJECT, { format: CITY_SCHEMA }))).toEqual(CITY)
})

it('what there is', async () => {
  const { models } = await client.list()
  expect(models.map(({ name }) => name)).toEqual([model])
  expect((await client.ps()).models).toHaveLength(1)
  expect((await client.show({ model })).capabilities).toContain('tools')
  expect((await client.version()).version).toMatch(/^\d/)
})

it('errors', async () => {
  const image = { role: 'user', content: HELLO, images: ['aGk='] }
  await expect(client.chat({ model, messages: [image] })).rejects.toMatchObject({
    name: 'ResponseError',
    status_code: 400,
    message: expect.stringContaining('images') as string,
  })
  const stream = await client.chat({ ...ask(HELLO), stream: true })
  const read = async (): Promise<void> => {
    for await (const part of stream) {
      expect(part.done).toBe(false)
      stream.abort()
    }
  }
  await expect(read()).rejects.toMatchObject({ name: 'AbortError' })
})
