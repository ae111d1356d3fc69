import Anthropic from '@anthropic-ai/sdk'
import OpenAI from 'openai'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import { loadEngine } from '../../src/engine/load.js'
import { callText, scriptedEngine, serveEngine } from './scripted.js'

const MINI = fileURLToPath(new URL('../../models/mini', import.meta.url))
/** mini with a template that writes the names of tools and no calls. */
const callless = mkdtempSync(join(tmpdir(), 'kaiyuan-callless-'))
cpSync(MINI, callless, { recursive: true, filter: (path) => !/training|jsonl/.test(path.slice(MINI.length)) })
const settings = JSON.parse(readFileSync(join(callless, 'tokenizer_config.json'), 'utf8')) as object
const chat_template =
  "{% for t in tools or [] %}{{ t['function']['name'] + ' ' }}{% endfor %}{{ bos_token + '<｜User｜>' + messages[-1]['content'] + '<｜Assistant｜><think>' }}"
writeFileSync(join(callless, 'tokenizer_config.json'), JSON.stringify({ ...settings, chat_template }))

const mini = await serveEngine(loadEngine(MINI, { threads: 1 }), {}, 'mini')
const plain = await serveEngine(loadEngine(callless, { threads: 1 }), {}, 'plain')
const scripted = await serveEngine(scriptedEngine(() => 'No call comes to my mind.'))
afterAll(async () => {
  for (const server of [mini, plain, scripted]) await server.stop()
  rmSync(callless, { recursive: true })
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

  it('regex, ebnf, lark and gbnf, which are ours', async () => {
    const ask = async (response_format: object): Promise<string | null> => {
      const body = { model: 'mini', messages, response_format: response_format as { type: 'text' } }
      return (await clientOf(mini).chat.completions.create(body)).choices[0]!.message.content
    }
    expect(await ask({ type: 'regex', pattern: '(three|four)' })).toMatch(/^(three|four)$/)
    expect(await ask({ type: 'ebnf', grammar: 'root ::= "a" | "b"' })).toMatch(/^[ab]$/)
    expect(await ask({ type: 'gbnf', grammar: 'root ::= "a" | "b"' })).toMatch(/^[ab]$/)
    expect(await ask({ type: 'lark', grammar: 'start: "a" | "b"' })).toMatch(/^[ab]$/)
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

describe('response_format with tools', () => {
  const strict = tools.map((tool) => ({ ...tool, function: { ...tool.function, strict: true } }))
  const response_format = { type: 'json_schema' as const, json_schema: { name: 'answer', schema } }
  const says = async (said: string, request: object) => {
    const server = await serveEngine(scriptedEngine(() => said))
    try {
      const body = { model: 'scripted', messages, temperature: 0, response_format, ...request }
      return (await clientOf(server).chat.completions.create(body)).choices[0]!
    } finally {
      await server.stop()
    }
  }

  it.each([
    ['strict tools', { tools: strict }],
    ['tools', { tools }],
  ])('%s: the answer is a call, or JSON of the schema', async (_, request) => {
    const json = await says('{"count": 3, "sure": true}', request)
    expect(json.message).toMatchObject({ content: '{"count": 3, "sure": true}' })
    expect(json.finish_reason).toBe('stop')
    const call = await says(callText('lower', { level: 'high' }), request)
    expect(call.finish_reason).toBe('tool_calls')
    expect(call.message.tool_calls).toMatchObject([{ function: { name: 'lower', arguments: '{"level":"high"}' } }])
    // Neither: the letters that the model would say are not allowed, and what is allowed validates.
    const other = await says('It is late.', request)
    if (other.message.tool_calls)
      expect(JSON.parse((other.message.tool_calls[0] as { function: { arguments: string } }).function.arguments)).toHaveProperty('level') // prettier-ignore
    else expect(JSON.parse(other.message.content!)).toHaveProperty('count')
  })

  it('is a call where one is required, and JSON where tools are not to be called', async () => {
    const required = await says(callText('raise', { level: 'low' }), { tools, tool_choice: 'required' })
    expect(required.message.tool_calls).toHaveLength(1)
    const none = await says('{"count": 3, "sure": false}', { tools: strict, tool_choice: 'none' })
    expect(none.message.content).toBe('{"count": 3, "sure": false}')
  })

  it('is JSON of a model that has no format for calls', async () => {
    const answer = await clientOf(plain).chat.completions.create({ model: 'plain', messages, tools, response_format })
    expect(Object.keys(JSON.parse(answer.choices[0]!.message.content!) as object)).toEqual(['count', 'sure'])
  })

  it('names what cannot be enforced', async () => {
    const ask = (body: object) =>
      clientOf(scripted).chat.completions.create({ model: 'scripted', messages, ...body } as never)
    const bad = { type: 'object', properties: { a: { pattern: '(' } }, required: ['a'] }
    const tool = (parameters: object, strict: boolean) => ({
      type: 'function',
      function: { name: 'f', parameters, strict },
    })
    await expect(ask({ tools: [strict[0], tool(bad, true)], response_format })).rejects.toMatchObject({
      status: 400,
      code: 'invalid_grammar',
      param: 'tools[1].function.parameters',
      message: expect.stringContaining('tools[1].function.parameters: ') as string,
    })
    const named = { type: 'function', function: { name: 'f' } }
    await expect(ask({ tools: [strict[0], tool(bad, false)], tool_choice: named })).rejects.toMatchObject({
      param: 'tools[1].function.parameters',
    })
    const format = { type: 'json_schema', json_schema: { name: 'a', schema: bad } }
    await expect(ask({ tools: strict, response_format: format })).rejects.toMatchObject({ param: 'response_format' })
    await expect(ask({ response_format: format })).rejects.toMatchObject({ param: 'response_format' })
    await expect(ask({ tools, response_format: { type: 'regex', pattern: 'a' } })).rejects.toMatchObject({
      param: 'response_format',
      message: expect.stringContaining('with tools, an answer') as string,
    })
  })
})

describe('a request with a grammar that is much work', () => {
  it('is answered or refused while others continue, and ends when nobody waits', async () => {
    const stream = await clientOf(scripted).chat.completions.create({ model: 'scripted', messages, stream: true, ignore_eos: true, max_tokens: 600 } as never) as unknown as AsyncIterable<{ choices: unknown[] }> // prettier-ignore
    let pieces = 0
    const reading = (async () => {
      for await (const { choices } of stream) {
        expect(choices).toHaveLength(1)
        pieces++
      }
    })()
    const properties = Object.fromEntries(
      Array.from({ length: 3000 }, (_, i) => [`p${i}`, { type: 'string', maxLength: 50 }]),
    )
    const format = { type: 'json_schema', json_schema: { name: 'a', schema: { type: 'object', properties } } }
    const leave = new AbortController()
    const ask = (signal?: AbortSignal) =>
      clientOf(scripted).chat.completions.create(
        { model: 'scripted', messages, response_format: format, max_tokens: 3 } as never,
        { signal },
      )
    const left = ask(leave.signal).catch((error: unknown) => error)
    setTimeout(() => leave.abort(), 5)
    await left
    const before = pieces
    const answer = (await ask()) as { choices: { finish_reason: string }[] }
    expect(answer.choices[0]!.finish_reason).toBe('length')
    // The stream continued while the grammar was made; what waits to be sent goes out as one piece.
    expect(pieces - before).toBeGreaterThan(2)
    await reading
  }, 60_000)

  it('is refused beyond a limit, with what was counted', async () => {
    const deep = '('.repeat(300) + 'a' + ')'.repeat(300)
    const ask = clientOf(scripted).chat.completions.create({ model: 'scripted', messages, response_format: { type: 'regex', pattern: deep } } as never) // prettier-ignore
    await expect(ask).rejects.toMatchObject({ status: 400, code: 'grammar_too_complex', param: 'response_format' })
  })

  it('what is outside of its range is no damaged file', async () => {
    const ask = clientOf(scripted).chat.completions.create({ model: 'scripted', messages, repetition_penalty: 1e-320 } as never) // prettier-ignore
    await expect(ask).rejects.toMatchObject({ status: 400, param: 'repetition_penalty' })
    const nothing = clientOf(scripted).chat.completions.create({ model: 'scripted', messages, response_format: { type: 'ebnf', grammar: 'root ::= root' } } as never) // prettier-ignore
    await expect(nothing).rejects.toMatchObject({ status: 400, code: 'invalid_grammar' })
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
    const request = { model: 'plain', messages, tools, tool_choice: 'required' as const }
    await expect(clientOf(plain).chat.completions.create(request)).rejects.toMatchObject({
      status: 400,
      code: 'invalid_grammar',
    })
  })
})
