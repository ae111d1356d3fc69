import type OpenAI from 'openai'
import { describe, expect, it } from 'vitest'
import { clientOf, serve } from './requests.js'
import { callText, scriptedEngine, type Prompt } from './scripted.js'

/** Summarises when it is asked to, and else shows what it was told. */
function script(prompt: Prompt | string): string {
  if (typeof prompt === 'string') return prompt
  const last = prompt.messages.at(-1)!
  if (last.content?.startsWith('Summarize our conversation')) {
    const off = prompt.extra['enable_thinking'] === false ? '' : '<think>Long.</think>'
    return `${off}They spoke of ${prompt.messages
      .slice(0, -1)
      .map(({ content }) => content ?? 'a call')
      .join(' and ')}.`
  }
  return last.content === 'weather' ? callText('weather', {}) : JSON.stringify(prompt.messages)
}

const server = await serve(scriptedEngine(script))
const client = clientOf(server)
const model = 'scripted'

interface Compaction {
  readonly object: string
  readonly output: OpenAI.Responses.ResponseInput
  readonly usage: { readonly input_tokens: number; readonly output_tokens: number }
}
const compact = (body: object): Promise<Compaction> => client.post('/responses/compact', { body: { model, ...body } })

describe('a conversation that is made shorter', () => {
  it('is a summary that the model writes, and what is not answered yet; the next request continues from it', async () => {
    const input = [
      { role: 'user', content: 'Köln' },
      { role: 'assistant', content: 'the Rhine' },
      { role: 'user', content: 'and now?' },
    ]
    const { object, output, usage } = await compact({ input })
    expect(object).toBe('response.compaction')
    expect(output.map((item) => item.type)).toEqual(['compaction', 'message'])
    expect(JSON.stringify(output)).not.toContain('Rhine')
    expect(usage.input_tokens).toBeGreaterThan(10)
    expect(usage.output_tokens).toBeGreaterThan(10)
    const { output_text } = await client.responses.create({ model, input: output })
    expect(JSON.parse(output_text)).toEqual([
      { role: 'user', content: 'Summary of the conversation so far:\n\nThey spoke of Köln and the Rhine.' },
      { role: 'user', content: 'and now?' },
    ])
  })

  it('may be one that the server remembers, with calls', async () => {
    const tools = [{ type: 'function', name: 'weather', parameters: {}, strict: false }] as const
    const { id, output } = await client.responses.create({ model, input: 'weather', tools: [...tools] })
    const call = output[0] as OpenAI.Responses.ResponseFunctionToolCall
    const done = { type: 'function_call_output' as const, call_id: call.call_id, output: 'sunny' }
    const short = await compact({ previous_response_id: id, input: [done] })
    expect(short.output.map((item) => item.type)).toEqual(['compaction'])
    const next = await client.responses.create({ model, input: [...short.output, { role: 'user', content: 'so?' }] })
    expect(next.output_text).toContain('They spoke of weather and a call and sunny.')
  })

  it('of which nothing is answered yet stays as it is', async () => {
    const { output, usage } = await compact({ input: [{ role: 'user', content: 'hello' }] })
    expect(output).toMatchObject([{ type: 'message', role: 'user' }])
    expect(usage.output_tokens).toBe(0)
  })

  it('elsewhere cannot be read here', async () => {
    const input = [{ type: 'compaction' as const, encrypted_content: 'gAAAAB' }]
    await expect(client.responses.create({ model, input })).rejects.toThrow(
      'input[0]: this compaction was not made here, so that it cannot be read; send what was said',
    )
  })
})
