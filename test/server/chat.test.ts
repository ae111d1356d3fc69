import OpenAI from 'openai'
import type { ChatCompletionMessageParam } from 'openai/resources/chat/completions'
import { afterAll, describe, expect, it } from 'vitest'
import { callText, scriptedEngine, serveEngine, type Prompt } from './scripted.js'

/** Says something that shows what it was told. */
function script(prompt: Prompt | string): string {
  if (typeof prompt === 'string') return `${prompt} and so on.`
  const last = prompt.messages.at(-1)!
  if (last.role === 'tool') return `The tool said ${last.content ?? ''}.`
  switch (last.content) {
    case 'weather':
      return `<think>I need a tool.</think>Let me look.${callText('weather', { city: 'Köln' })}${callText('weather', { city: 'Bonn' })}`
    case 'show':
      return JSON.stringify(prompt)
    case 'count':
      return 'one two three four five'
    default:
      return `<think>They say ${last.content ?? ''}.</think>You say ${last.content ?? ''}! 你好 😀`
  }
}

const server = await serveEngine(scriptedEngine(script))
afterAll(() => server.stop())
const client = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: 'none', maxRetries: 0 })
const model = 'scripted'
const user = (content: string): ChatCompletionMessageParam[] => [{ role: 'user', content }]
const weather = {
  type: 'function',
  function: { name: 'weather', parameters: { type: 'object', properties: { city: { type: 'string' } } } },
} as const

/** What the client adds to its own types. */
interface Reasons {
  readonly reasoning_content?: string
}

describe('chat completions by the official client', () => {
  it('answers whole, with reasoning apart and the tokens counted', async () => {
    const answer = await client.chat.completions.create({ model, messages: user('hello') })
    const { message, finish_reason } = answer.choices[0]!
    expect(message.content).toBe('You say hello! 你好 😀')
    expect((message as Reasons).reasoning_content).toBe('They say hello.')
    expect(finish_reason).toBe('stop')
    const { usage } = answer
    expect(usage!.completion_tokens_details!.reasoning_tokens).toBeGreaterThan(10)
    expect(usage!.total_tokens).toBe(usage!.prompt_tokens + usage!.completion_tokens)
    expect(answer.model).toBe(model)
  })

  it('streams what it answers whole', async () => {
    const stream = await client.chat.completions.create({
      model,
      messages: user('hello'),
      stream: true,
      stream_options: { include_usage: true },
    })
    let content = ''
    let reasoning = ''
    const ends: unknown[] = []
    let usage: OpenAI.CompletionUsage | null | undefined
    for await (const chunk of stream) {
      const choice = chunk.choices[0]
      content += choice?.delta.content ?? ''
      reasoning += (choice?.delta as Reasons | undefined)?.reasoning_content ?? ''
      if (choice?.finish_reason) ends.push(choice.finish_reason)
      usage = chunk.usage
    }
    expect(content).toBe('You say hello! 你好 😀')
    expect(reasoning).toBe('They say hello.')
    expect(ends).toEqual(['stop'])
    expect(usage!.completion_tokens).toBeGreaterThan(20)
    expect(usage!.prompt_tokens_details!.cached_tokens).toBeGreaterThan(0)
  })

  it('sends no usage that was not asked for, and only in the last chunk when it was', async () => {
    for (const include_usage of [false, true]) {
      const stream = await client.chat.completions.create({
        model,
        messages: user('a'),
        stream: true,
        stream_options: { include_usage },
      })
      const usages: unknown[] = []
      for await (const chunk of stream) usages.push(chunk.usage)
      expect(usages.filter((usage) => usage)).toHaveLength(include_usage ? 1 : 0)
      expect(Boolean(usages.at(-1))).toBe(include_usage)
    }
  })

  it('makes n answers, streamed and whole', async () => {
    const whole = await client.chat.completions.create({ model, messages: user('n'), n: 3 })
    expect(whole.choices.map(({ index, message }) => [index, message.content])).toEqual(
      [0, 1, 2].map((index) => [index, 'You say n! 你好 😀']),
    )
    const texts = ['', '', '']
    const stream = await client.chat.completions.create({ model, messages: user('n'), n: 3, stream: true })
    for await (const { choices } of stream)
      for (const { index, delta } of choices) texts[index] = `${texts[index] ?? ''}${delta.content ?? ''}`
    expect(texts).toEqual(['You say n! 你好 😀', 'You say n! 你好 😀', 'You say n! 你好 😀'])
  })

  it('gives no likelihoods of a stop string, which is no part of the answer', async () => {
    const request = { model, messages: user('count'), stop: [' three'], logprobs: true }
    const { choices } = await client.chat.completions.create(request)
    const joined = (content: readonly { token: string }[] | null | undefined): string =>
      (content ?? []).map(({ token }) => token).join('')
    expect(joined(choices[0]!.logprobs!.content)).toBe('one two')
    let streamed = ''
    for await (const chunk of await client.chat.completions.create({ ...request, stream: true }))
      streamed += joined(chunk.choices[0]!.logprobs?.content)
    expect(streamed).toBe('one two')
  })

  it('ends at stop strings and at the limit', async () => {
    const stopped = await client.chat.completions.create({ model, messages: user('count'), stop: [' three', 'five'] })
    expect(stopped.choices[0]!.message.content).toBe('one two')
    expect(stopped.choices[0]!.finish_reason).toBe('stop')
    const cut = await client.chat.completions.create({ model, messages: user('count'), max_completion_tokens: 7 })
    expect(cut.choices[0]!.message.content).toBe('one two')
    expect(cut.choices[0]!.finish_reason).toBe('length')
    expect(cut.usage!.completion_tokens).toBe(7)
  })

  it('tells log probabilities, streamed and whole the same', async () => {
    const request = {
      model,
      messages: user('count'),
      logprobs: true,
      top_logprobs: 2,
      max_completion_tokens: 9,
    } as const
    const whole = (await client.chat.completions.create(request)).choices[0]!.logprobs!.content!
    expect(whole.map(({ token }) => token).join('')).toBe('one two t')
    expect(whole[0]!.bytes).toEqual([111])
    expect(whole.every(({ logprob, top_logprobs }) => logprob <= 0 && top_logprobs.length === 2)).toBe(true)
    expect(whole[0]!.top_logprobs[0]).toEqual({ token: 'o', bytes: [111], logprob: whole[0]!.logprob })
    const streamed: unknown[] = []
    for await (const { choices } of await client.chat.completions.create({ ...request, stream: true })) {
      streamed.push(...(choices[0]!.logprobs?.content ?? []))
    }
    expect(streamed).toEqual(whole)
  })

  it('tells no log probabilities of a thought or a call, streamed and whole', async () => {
    const request = { model, messages: user('weather'), tools: [weather], logprobs: true }
    const whole = (await client.chat.completions.create(request)).choices[0]!
    expect(whole.message.tool_calls).toHaveLength(2)
    expect(whole.logprobs!.content!.map(({ token }) => token).join('')).toBe('Let me look.')
    const streamed: unknown[] = []
    for await (const { choices } of await client.chat.completions.create({ ...request, stream: true }))
      streamed.push(...(choices[0]!.logprobs?.content ?? []))
    expect(streamed).toEqual(whole.logprobs!.content)
  })

  it('takes logit_bias and penalties', async () => {
    const biased = await client.chat.completions.create({
      model,
      messages: user('count'),
      max_completion_tokens: 1,
      logit_bias: { 113: 100 },
    })
    expect(biased.choices[0]!.message.content).toBe('q')
    const penalised = await client.chat.completions.create({
      model,
      messages: user('count'),
      frequency_penalty: 2,
      presence_penalty: 2,
    })
    // The third e would come with 5 - 2 - 2 * 2, below the 0 of all others.
    expect(penalised.choices[0]!.message.content).not.toBe('one two three four five')
  })

  it('gives the template tools, effort and further variables', async () => {
    const { choices } = await client.chat.completions.create({
      model,
      messages: [
        {
          role: 'developer',
          content: [
            { type: 'text', text: 'Be ' },
            { type: 'text', text: 'kind.' },
          ],
        },
        ...user('show'),
      ],
      tools: [weather],
      reasoning_effort: 'high',
      chat_template_kwargs: { flavour: 'mild' },
    } as OpenAI.ChatCompletionCreateParamsNonStreaming)
    expect(JSON.parse(choices[0]!.message.content!)).toEqual({
      messages: [
        { role: 'developer', content: 'Be kind.' },
        { role: 'user', content: 'show' },
      ],
      tools: [weather],
      extra: { reasoning_effort: 'high', enable_thinking: true, flavour: 'mild' },
    })
  })
})

describe('tools', () => {
  it('are called, streamed and whole, and their results come back', async () => {
    const messages = user('weather')
    const whole = await client.chat.completions.create({ model, messages, tools: [weather] })
    const { message, finish_reason } = whole.choices[0]!
    expect(finish_reason).toBe('tool_calls')
    expect(message.content).toBe('Let me look.')
    expect(message.tool_calls!.map((call) => call.type === 'function' && call.function)).toEqual([
      { name: 'weather', arguments: '{"city":"Köln"}' },
      { name: 'weather', arguments: '{"city":"Bonn"}' },
    ])
    const stream = client.chat.completions.stream({ model, messages, tools: [weather] })
    const streamed = await stream.finalMessage()
    const functions = (calls: typeof message.tool_calls) =>
      calls!.map((call) => call.type === 'function' && call.function)
    expect(functions(streamed.tool_calls)).toMatchObject(functions(message.tool_calls))
    expect(new Set(streamed.tool_calls!.map(({ id }) => id)).size).toBe(2)

    const call = message.tool_calls![0]!
    const next = await client.chat.completions.create({
      model,
      messages: [...messages, message, { role: 'tool', tool_call_id: call.id, content: 'rain' }],
      tools: [weather],
    })
    expect(next.choices[0]!.message.content).toBe('The tool said rain.')
    expect(next.choices[0]!.finish_reason).toBe('stop')
  })

  it('keep calls, ids and reasoning of earlier turns', async () => {
    const calls = [{ id: 'abc', type: 'function', function: { name: 'weather', arguments: '{}' } }] as const
    const { choices } = await client.chat.completions.create({
      model,
      messages: [
        ...user('x'),
        {
          role: 'assistant',
          content: null,
          tool_calls: [...calls],
          reasoning_content: 'hm',
        } as ChatCompletionMessageParam,
        { role: 'tool', tool_call_id: 'abc', content: 'rain' },
        ...user('show'),
      ],
    })
    const shown = JSON.parse(choices[0]!.message.content!) as Prompt
    expect(shown.messages[1]).toEqual({ role: 'assistant', content: null, tool_calls: calls, reasoning_content: 'hm' })
    expect(shown.messages[2]).toEqual({ role: 'tool', content: 'rain', tool_call_id: 'abc' })
  })

  it('are called once where parallel calls are not wanted', async () => {
    const request = { model, messages: user('weather'), tools: [weather], parallel_tool_calls: false }
    const whole = await client.chat.completions.create(request)
    expect(whole.choices[0]!.message.tool_calls).toHaveLength(1)
    expect(whole.choices[0]!.finish_reason).toBe('tool_calls')
    const streamed = await client.chat.completions.stream(request).finalMessage()
    expect(streamed.tool_calls).toHaveLength(1)
  })

  it('are not shown to the template with tool_choice none', async () => {
    const { choices } = await client.chat.completions.create({
      model,
      messages: user('show'),
      tools: [weather],
      tool_choice: 'none',
    })
    expect((JSON.parse(choices[0]!.message.content!) as Prompt).tools).toBeNull()
  })
})
