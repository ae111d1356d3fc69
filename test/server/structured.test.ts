import Anthropic from '@anthropic-ai/sdk'
import OpenAI from 'openai'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import { loadEngine } from '../../src/engine/load.js'
import { scriptedEngine, serveEngine } from './scripted.js'

const mini = await serveEngine(
  loadEngine(fileURLToPath(new URL('../../models/mini', import.meta.url)), { threads: 1 }),
  {},
  'mini',
)
const scripted = await serveEngine(scriptedEngine(() => 'No call comes to my mind.'))
afterAll(async () => {
  await mini.stop()
  await scripted.stop()
})
const clientOf = (server: { url: string }): OpenAI =>
  new OpenAI({ baseURL: `${server.url}/v1`, apiKey: 'none', maxRetries: 0 })
const messages = [{ role: 'user' as const, content: "How many r's are in strawberry?" }]
const schema = {
  type: 'object',
  properties: { count: { type: 'integer', minimum: 0, maximum: 99 }, sure: { type: 'boolean' } },
  required: ['count', 'sure'],
  additionalProperties: false,
}
const parameters = { type: 'object', properties: { level: { enum: ['low', 'high'] } }, required: ['level'] }
const tools = ['raise', 'lower'].map((name) => ({ type: 'function' as const, function: { name, parameters } }))
/** The scripted model would choose the first letter for ever. */
const random = { temperature: 1, seed: 5 }

describe('response_format', () => {
  it('json_schema: what comes validates, whole and streamed', async () => {
    const request = {
      model: 'mini',
      messages,
      temperature: 0,
      response_format: { type: 'json_schema' as const, json_schema: { name: 'answer', schema, strict: true } },
    }
    const answer = await clientOf(mini).chat.completions.create(request)
    const value = JSON.parse(answer.choices[0]!.message.content!) as { count: number; sure: boolean }
    expect(Object.keys(value)).toEqual(['count', 'sure'])
    expect(typeof value.sure).toBe('boolean')
    let streamed = ''
    for await (const chunk of await clientOf(mini).chat.completions.create({ ...request, stream: true }))
      streamed += chunk.choices[0]?.delta.content ?? ''
    expect(streamed).toBe(answer.choices[0]!.message.content)
  })

  it('regex and ebnf, which are ours', async () => {
    const ask = async (response_format: object): Promise<string | null> => {
      const body = { model: 'mini', messages, response_format: response_format as { type: 'text' } }
      return (await clientOf(mini).chat.completions.create(body)).choices[0]!.message.content
    }
    expect(await ask({ type: 'regex', pattern: '(three|four)' })).toMatch(/^(three|four)$/)
    expect(await ask({ type: 'ebnf', grammar: 'root ::= "a" | "b"' })).toMatch(/^[ab]$/)
  })

  it('the same in responses', async () => {
    const format = { type: 'json_schema' as const, name: 'answer', schema }
    const answer = await clientOf(mini).responses.create({
      model: 'mini',
      input: messages[0]!.content,
      temperature: 0,
      text: { format },
    })
    expect(Object.keys(JSON.parse(answer.output_text) as object)).toEqual(['count', 'sure'])
  })
})

describe('tool_choice', () => {
  it('required and named make a call that validates', async () => {
    const client = clientOf(scripted)
    const ask = { model: 'scripted', messages, tools, ...random, parallel_tool_calls: false }
    const any = await client.chat.completions.create({ ...ask, tool_choice: 'required' })
    expect(any.choices[0]!.finish_reason).toBe('tool_calls')
    const named = await client.chat.completions.create({
      ...ask,
      tool_choice: { type: 'function', function: { name: 'lower' } },
    })
    for (const { message } of [any.choices[0]!, named.choices[0]!]) {
      expect(message.content ?? '').toBe('')
      const [call] = message.tool_calls!
      if (call?.type !== 'function') throw new Error('expected a call')
      expect(['low', 'high']).toContain((JSON.parse(call.function.arguments) as { level: string }).level)
    }
    expect(named.choices[0]!.message.tool_calls![0]).toMatchObject({ function: { name: 'lower' } })
  })

  it('any, by the client of Anthropic', async () => {
    const client = new Anthropic({ baseURL: scripted.url, apiKey: 'none', maxRetries: 0 })
    const answer = await client.messages.create({
      model: 'scripted',
      max_tokens: 400,
      messages,
      ...({ temperature: 1 } as object),
      tools: [{ name: 'raise', input_schema: { ...parameters, type: 'object' } }],
      tool_choice: { type: 'any', disable_parallel_tool_use: true },
    })
    expect(answer.stop_reason).toBe('tool_use')
    expect(answer.content.find((block) => block.type === 'tool_use')).toMatchObject({ name: 'raise' })
  })

  it('is refused for a model without a format for calls', async () => {
    const request = { model: 'mini', messages, tools, tool_choice: 'required' as const }
    await expect(clientOf(mini).chat.completions.create(request)).rejects.toMatchObject({
      status: 400,
      code: 'invalid_grammar',
    })
  })
})
