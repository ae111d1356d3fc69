// OpenAI's description of its API, and questions that call for tools.
import { readFileSync } from 'node:fs'
import { Ajv2020 } from 'ajv/dist/2020.js'
import OpenAI from 'openai'
import { afterAll, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { callText, scriptedEngine, serveEngine, type Prompt } from '../server/scripted.js'
import { reference } from './folder.js'

interface ToolCase {
  readonly tool_name: string
  readonly input: string
  readonly expected_arguments: string
}
const cases = readFileSync(reference('real/api/gpt-oss-cases.jsonl'), 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as ToolCase)
const expected = new Map(cases.map((one) => [one.input, one]))

/** Calls the tool that the case wants, says what a tool said, or answers. */
function script(prompt: Prompt | string): string {
  if (typeof prompt === 'string') return 'the end'
  const last = prompt.messages.at(-1)!
  if (last.role === 'tool') return `It is ${last.content ?? ''}.`
  const wanted = expected.get(last.content ?? '')
  if (!wanted) return '<think>Hm.</think>Hello.'
  return `<think>A tool.</think>${callText(wanted.tool_name, JSON.parse(wanted.expected_arguments))}`
}

const server = await serveEngine(scriptedEngine(script))
afterAll(() => server.stop())
const client = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: 'none', maxRetries: 0 })
const model = 'scripted'
const parameters = { type: 'object', properties: {} }
const names = [...new Set(cases.map(({ tool_name }) => tool_name))]
const chatTools = names.map((name) => ({ type: 'function' as const, function: { name, parameters } }))
const responseTools = names.map((name) => ({ type: 'function' as const, name, parameters, strict: false }))

describe('tool calls of published cases', () => {
  it.each(cases)('$tool_name: $input', async ({ tool_name: name, input, expected_arguments: args }) => {
    const messages = [{ role: 'user' as const, content: input }]
    const { choices } = await client.chat.completions.create({ model, messages, tools: chatTools })
    const [call] = choices[0]!.message.tool_calls!
    if (call?.type !== 'function') throw new Error('no call of a function')
    expect(call.function.name).toBe(name)
    expect(JSON.parse(call.function.arguments)).toEqual(JSON.parse(args))
    const streamed = await client.chat.completions.stream({ model, messages, tools: chatTools }).finalMessage()
    expect(streamed.tool_calls![0]).toMatchObject({ function: call.function })

    const response = await client.responses.create({ model, input, tools: responseTools })
    const item = response.output.find(({ type }) => type === 'function_call')
    expect(item).toMatchObject({ name, arguments: call.function.arguments })
    const next = await client.chat.completions.create({
      model,
      messages: [...messages, choices[0]!.message, { role: 'tool', tool_call_id: call.id, content: 'done' }],
    })
    expect(next.choices[0]!.message.content).toBe('It is done.')
  })
})

/** JSON schema does not know `nullable`, and ajv only with a type. */
function withNull(_: unknown, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || !('nullable' in value)) return value
  const { nullable, ...schema } = value
  return nullable === true ? { anyOf: [schema, { type: 'null' }] } : schema
}

describe("OpenAI's own schemas", () => {
  const ajv = new Ajv2020({ strict: false, validateFormats: false, discriminator: false })
  const api = parse(readFileSync(reference('real/api/openai-openapi.yaml'), 'utf8'), withNull) as object
  ajv.addSchema(api, 'openai')

  function check(schema: string, value: unknown): void {
    const validate = ajv.getSchema(`openai#/components/schemas/${schema}`)
    if (!validate) throw new Error(`no schema ${schema}`)
    const valid = validate(value)
    expect(valid, `${schema}: ${JSON.stringify(validate.errors?.slice(0, 5), null, 1)}`).toBe(true)
  }

  async function raw(path: string, body?: object): Promise<string> {
    const headers = { 'content-type': 'application/json' }
    const response = await fetch(server.url + path, body && { method: 'POST', headers, body: JSON.stringify(body) })
    return response.text()
  }
  const whole = async (path: string, body?: object): Promise<unknown> => JSON.parse(await raw(path, body))
  const events = async (path: string, body: object): Promise<unknown[]> =>
    [...(await raw(path, { ...body, stream: true })).matchAll(/^data: (\{.*)$/gm)].map(
      ([, data]) => JSON.parse(data!) as unknown,
    )

  const question = cases[0]?.input ?? ''
  const chat = (content: string) => ({ model, messages: [{ role: 'user', content }], logprobs: true, top_logprobs: 2 })

  it('accept chat completions, with text and with calls', async () => {
    check('CreateChatCompletionResponse', await whole('/v1/chat/completions', chat('hi')))
    check('CreateChatCompletionResponse', await whole('/v1/chat/completions', { ...chat(question), tools: chatTools }))
    const options = { stream_options: { include_usage: true } }
    for (const content of ['hi', question])
      for (const event of await events('/v1/chat/completions', { ...chat(content), ...options }))
        check('CreateChatCompletionStreamResponse', event)
  })

  // Not with echo: the first token of a prompt has null for its likelihood, there as here, and the schema forgets that.
  it('accept completions', async () => {
    check('CreateCompletionResponse', await whole('/v1/completions', { model, prompt: 'the', logprobs: 1 }))
  })

  /** Null for what the schema forgets to allow it for, and the schema's own examples have: no field. */
  const withoutNulls = (value: unknown): unknown =>
    JSON.parse(JSON.stringify(value), (key, member: unknown) =>
      (key === 'usage' || key === 'user') && member === null ? undefined : member,
    )

  it('accept responses and their events', async () => {
    const include = ['message.output_text.logprobs']
    check('Response', withoutNulls(await whole('/v1/responses', { model, input: 'hi', include })))
    for (const input of ['hi', question]) {
      const body = { model, input, tools: responseTools, reasoning: { effort: 'low' } }
      check('Response', withoutNulls(await whole('/v1/responses', body)))
      const sent = await events('/v1/responses', body)
      expect(sent.length).toBeGreaterThan(5)
      for (const event of sent) check('ResponseStreamEvent', withoutNulls(event))
    }
  })

  it('accept the models and the errors', async () => {
    check('ListModelsResponse', await whole('/v1/models'))
    check('ErrorResponse', await whole('/v1/chat/completions', {}))
    check('ErrorResponse', await whole('/v1/models/other'))
  })
})
