import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import {
  agent,
  jsonSchema,
  StopRun,
  tool,
  type AgentPart,
  type AgentResult,
  type Step,
  type Tool,
} from '../../src/index.js'
import { connectEngine } from '../../src/remote/connect.js'
import { PAGE_SIZE } from '../../src/backends/backend.js'
import type { Engine } from '../../src/engine/engine.js'
import { definitionOf } from '../../src/agent/tool.js'
import { localLine } from '../server/scripted.js'
import { answering, callText, resultsOf, scriptedEngine } from './scripts.js'

const none = jsonSchema<Record<string, never>>({ type: 'object' })

const find = tool({
  name: 'find',
  description: 'Find a city',
  parameters: z.object({ city: z.string().min(2) }),
  execute: ({ city }) => ({ id: city.length }),
})
const weather = tool({
  name: 'weather',
  parameters: z.object({ id: z.int() }),
  execute: ({ id }, { progress }) => {
    progress('asking')
    return { degrees: 20 + id }
  },
})
const send = tool({ name: 'send', parameters: z.object({ text: z.string() }), approval: true, execute: () => 'sent' })

const kindsOf = (parts: readonly AgentPart[]): string[] =>
  parts.map(({ kind }) => kind).filter((kind, i, all) => kind !== all[i - 1])

async function partsOf(run: AsyncIterable<AgentPart>): Promise<AgentPart[]> {
  const parts: AgentPart[] = []
  for await (const part of run) parts.push(part)
  return parts
}

const costsOf = (steps: readonly Step[]) => steps.map(({ promptTokens, cachedTokens }) => [promptTokens, cachedTokens])

/**
 * Tokens of each step's prompt, and how many of them were there: what the prompt before had too, up to the beginning of the page
 * where they part if another full page hangs on it: pages that are shared stay as they are.
 */
function expectedCosts(engine: Engine, tools: readonly Tool[], { messages, steps }: AgentResult): number[][] {
  const prompts = messages.flatMap(({ role }, i) =>
    role === 'assistant' ? [engine.encodeChat(messages.slice(0, i), { tools: tools.map(definitionOf) })] : [],
  )
  return prompts.map((prompt, i) => {
    const before = prompts[i - 1] ?? []
    const computed = before.length + (steps[i - 1]?.tokens ?? 1) - 1
    const parts = prompt.findIndex((id, at) => before[at] !== id)
    const page = parts - (parts % PAGE_SIZE)
    return [prompt.length, page + 2 * PAGE_SIZE <= computed ? page : parts]
  })
}

describe('a run', () => {
  const dependent = [
    callText('find', { city: 'Oslo' }),
    `<think>id 4</think>${callText('weather', { id: 4 })}`,
    callText('send', { text: '24' }),
    'It is 24 degrees.',
  ]

  it('makes calls that depend on each other, and streams all that happens', async () => {
    const asked: unknown[] = []
    const approve = ({ input }: { input: unknown }): boolean => asked.push(input) > 0
    const run = agent(answering(...dependent), { system: 'Be short.', tools: [find, weather, send], approve }).run('?')
    const parts = await partsOf(run)
    const { finishReason, text, messages, steps } = await run.result
    expect([finishReason, text]).toEqual(['answer', 'It is 24 degrees.'])
    expect(resultsOf(messages)).toEqual(['{"id":4}', '{"degrees":24}', 'sent'])
    expect(asked).toEqual([{ text: '24' }])
    expect(steps[1]!.reasoning).toBe('id 4')
    expect(messages.map(({ role }) => role).join(' ')).toBe(
      'system user assistant tool assistant tool assistant tool assistant',
    )
    expect(kindsOf(parts.filter(({ step }) => step === 1))).toEqual([
      ...['reasoning', 'tool-input', 'step', 'tool-call', 'tool-progress', 'tool-result'],
    ])
    expect(kindsOf(parts.filter(({ step }) => step === 2))).toContain('tool-approval')
  })

  it('continues with an earlier conversation', async () => {
    const talk = agent(
      scriptedEngine((prompt) => (typeof prompt === 'string' ? '' : String(prompt.messages.length))),
      { system: 'S' },
    )
    const { messages } = await talk.run('one').result
    const { text, messages: all } = await talk.run('two', { messages }).result
    expect(text).toBe('4')
    expect(all.filter(({ role }) => role === 'system')).toHaveLength(1)
  })

  it('pays in each step for what is new only', async () => {
    const engine = answering(...dependent)
    const tools = [find, weather, send]
    const result = await agent(engine, { tools, approve: () => true }).run('?').result
    expect(costsOf(result.steps)).toEqual(expectedCosts(engine, tools, result))
    expect(result.steps.slice(1).every(({ cachedTokens }) => cachedTokens >= 512)).toBe(true)
  })

  it('finds its own in the cache next to another run of the same engine', async () => {
    const engine = answering(...dependent)
    const tools = [find, weather, send]
    const both = ['one', 'two'].map((text) => agent(engine, { tools, approve: () => true }).run(text).result)
    for (const result of await Promise.all(both))
      expect(costsOf(result.steps).slice(1)).toEqual(expectedCosts(engine, tools, result).slice(1))
  })

  it('works over a line to an engine in another thread, with the tools here', async () => {
    const remote = await connectEngine(localLine(answering(...dependent)))
    const run = agent(remote, { tools: [find, weather, send], approve: () => true }).run('?')
    expect((await run.result).text).toBe('It is 24 degrees.')
    await remote.close()
  })
})

describe('calls', () => {
  const once = (call: string, tools: readonly Tool[], options = {}) =>
    agent(answering(call, 'done'), { tools, ...options }).run('?').result

  it('run side by side, and come back in their order', async () => {
    let release = (): void => undefined
    const second = new Promise<void>((resolve) => (release = resolve))
    const order: number[] = []
    const wait = tool({
      name: 'wait',
      parameters: jsonSchema<{ n: number }>({ type: 'object' }),
      execute: async ({ n }) => {
        if (n === 1) await second
        else release()
        order.push(n)
        return n
      },
    })
    const { messages } = await once(callText('wait', { n: 1 }) + callText('wait', { n: 2 }), [wait])
    expect(order).toEqual([2, 1])
    expect(resultsOf(messages)).toEqual(['1', '2'])
  })

  it.each([
    ['arguments', callText('find', { city: 'O' }), /do not fit: city: Too small.*Call find again/],
    ['arguments', callText('typed', { n: 'x' }), /n: expected integer; found "x"/],
    ['arguments', callText('typed', {}), /n: is missing/],
    ['unknown-tool', callText('fnd', {}), /no tool fnd. There are: find, send/],
    ['failed', callText('broken', {}), /^broken failed: it rains$/],
    ['denied', callText('send', { text: 'x' }), /did not allow this call: nobody can be asked. Do not repeat it/],
    ['timeout', callText('slow', {}), /slow gave no result in 5 ms/],
  ])('answer in words what went wrong: %s of %s', async (fault, call, words) => {
    const typed = tool({
      name: 'typed',
      parameters: { type: 'object', properties: { n: { type: 'integer' } }, required: ['n'] },
      execute: () => 'fine',
    })
    const broken = tool({
      name: 'broken',
      parameters: none,
      execute: () => {
        throw new Error('it rains')
      },
    })
    const slow = tool({ name: 'slow', parameters: none, timeoutMs: 5, execute: () => new Promise(() => undefined) })
    const { steps, finishReason, text } = await once(call, [find, typed, broken, send, slow])
    expect(steps[0]!.results[0]!.fault).toBe(fault)
    expect(steps[0]!.results[0]!.text).toMatch(words)
    expect([finishReason, text]).toEqual(['answer', 'done'])
  })

  it('are read in near misses of the format', async () => {
    const fence = '```json\n{"name": "find", "arguments": {"city": "Oslo"}}\n```'
    expect(resultsOf((await once(fence, [find])).messages)).toEqual(['{"id":4}'])
  })

  it('show progress of a tool that gives several values, of which the last is its result', async () => {
    const counts = tool({
      name: 'counts',
      parameters: none,
      async *execute() {
        yield 1
        yield 2
        yield 3
      },
    })
    const run = agent(answering(callText('counts', {}), 'done'), { tools: [counts] }).run('?')
    const data = (await partsOf(run)).flatMap((part) => (part.kind === 'tool-progress' ? [part.data] : []))
    expect(data).toEqual([1, 2])
    expect(resultsOf((await run.result).messages)).toEqual(['3'])
  })

  it('may be changed by whoever approves them, and are checked again then', async () => {
    const given: unknown[] = []
    const mail = tool({
      name: 'send',
      parameters: send.parameters,
      approval: true,
      execute: (input) => void given.push(input),
    })
    const approve = () => ({ allow: true, input: { text: 'short' } })
    await once(callText('send', { text: 'long' }), [mail], { approve })
    const { steps } = await once(callText('send', { text: 'long' }), [mail], {
      approve: () => ({ allow: true, input: { text: 1 } }),
    })
    expect(given).toEqual([{ text: 'short' }])
    expect(steps[0]!.results[0]!.fault).toBe('arguments')
  })

  it('show the model the head and the tail of a long result, and how much is missing', async () => {
    const big = tool({ name: 'big', parameters: none, execute: () => `a${'x'.repeat(10_000)}z` })
    const { steps } = await once(callText('big', {}), [big], { limits: { toolText: 100 } })
    const { text, leftOut } = steps[0]!.results[0]!
    expect(text).toMatch(/^ax+\n\[9902 of 10002 characters are left out here; ask for less\]\nx+z$/)
    expect(leftOut).toBe(9902)
  })

  it('run alone where a tool wants it', async () => {
    let inside = 0
    let most = 0
    const write = tool({
      name: 'write',
      parameters: jsonSchema<{ n: number }>({ type: 'object' }),
      alone: true,
      execute: async () => {
        most = Math.max(most, ++inside)
        await Promise.resolve()
        inside--
      },
    })
    await once([1, 2, 3].map((n) => callText('write', { n })).join(''), [write])
    expect(most).toBe(1)
  })
})

describe('a run ends', () => {
  it('when the same call gave the same and is made for the third time', async () => {
    const { finishReason, reason, steps } = await agent(answering(callText('find', { city: 'Oslo' })), {
      tools: [find],
    }).run('?').result
    expect([finishReason, steps.length]).toEqual(['repeated-calls', 3])
    expect(reason).toMatch(/^find was called 2 times with the same arguments/)
  })

  it('not when a call gives something else each time, or its tool may be polled', async () => {
    let n = 0
    const news = tool({ name: 'news', parameters: none, execute: () => ++n })
    const poll = tool({ name: 'poll', parameters: none, repeats: false, execute: () => 'nothing yet' })
    for (const one of [news, poll]) {
      const run = agent(answering(callText(one.name, {})), { tools: [one], maxSteps: 5, atMaxSteps: 'stop' }).run('?')
      expect(await run.result).toMatchObject({ finishReason: 'max-steps', steps: { length: 5 } })
    }
  })

  it('after maxSteps; before the last one the model is told', async () => {
    let n = 0
    const news = tool({ name: 'news', parameters: none, execute: () => ++n })
    const told = scriptedEngine((prompt) => {
      const last = typeof prompt === 'string' ? '' : prompt.messages.at(-1)?.content
      return last?.includes('answer now') ? 'I saw two.' : callText('news', {})
    })
    const result = await agent(told, { tools: [news], maxSteps: 3 }).run('?').result
    expect([result.finishReason, result.text, n]).toEqual(['answer', 'I saw two.', 2])
  })

  it('with an answer, also of a model that would call for ever: the last step has no calls, and the same prompt', async () => {
    const news = tool({ name: 'news', parameters: none, repeats: false, execute: () => 1 })
    const { finishReason, text, steps } = await agent(answering(callText('news', {})), {
      ...{ tools: [news], maxSteps: 3, maxTokens: 80 },
    }).run('?').result
    expect([finishReason, steps.map(({ toolCalls }) => toolCalls.length)]).toEqual(['answer', [1, 1, 0]])
    expect([text.includes('<tool_call>'), steps[2]!.partialCall]).toEqual([false, undefined])
    expect(steps[2]!.cachedTokens).toBeGreaterThan(steps[1]!.promptTokens * 0.9)
  })

  it('by stopWhen, by StopRun of a tool, and with a call that nobody executes', async () => {
    const halt = tool({
      name: 'halt',
      parameters: none,
      execute: () => {
        throw new StopRun('no disk')
      },
    })
    const open = tool({ name: 'open', parameters: none })
    const first = (name: string, options = {}) =>
      agent(answering(callText(name, { id: 1 })), { tools: [halt, open, weather], ...options }).run('?').result
    expect(await first('halt')).toMatchObject({ finishReason: 'stopped', reason: 'no disk' })
    const stopWhen = (steps: readonly unknown[]): boolean => steps.length === 1
    expect((await first('weather', { stopWhen })).finishReason).toBe('stop-when')
    expect(await first('open')).toMatchObject({
      finishReason: 'tool-calls',
      steps: [{ toolCalls: [{ name: 'open' }] }],
    })
  })

  it('by abort in a tool: the tool is told, and every call has a result', async () => {
    let reason: unknown
    const hang = tool({
      name: 'hang',
      parameters: none,
      execute: (_, { signal }) =>
        new Promise((_resolve, reject) =>
          signal.addEventListener('abort', () => reject((reason = signal.reason) as Error)),
        ),
    })
    const run = agent(answering(callText('hang', {}) + callText('hang', {})), { tools: [hang] }).run('?')
    for await (const part of run) if (part.kind === 'tool-call') run.abort()
    const { finishReason, messages } = await run.result
    expect(finishReason).toBe('abort')
    expect(reason).toBeInstanceOf(DOMException)
    expect(resultsOf(messages)).toHaveLength(2)
  })

  it('by abort while somebody is asked, and by leaving the loop', async () => {
    const approve = () => new Promise<boolean>(() => undefined)
    const run = agent(answering(callText('send', { text: '' })), { tools: [send], approve }).run('?')
    for await (const part of run) if (part.kind === 'tool-approval') break
    expect((await run.result).finishReason).toBe('abort')
  })

  it('at its limits of tokens and of time', async () => {
    const hang = tool({ name: 'hang', parameters: none, execute: () => new Promise(() => undefined) })
    const run = (limits: object) => agent(answering(callText('hang', {})), { tools: [hang], limits }).run('?').result
    expect(await run({ milliseconds: 20 })).toMatchObject({ finishReason: 'limit', reason: '20 ms are over' })
    const long = await agent(answering('x'.repeat(500)), { limits: { tokens: 50 } }).run('?').result
    expect(long).toMatchObject({ finishReason: 'limit', usage: { tokens: 50 } })
  })

  it('with an answer in time: old results make room where the context is full', async () => {
    let n = 0
    const read = tool({ name: 'read', parameters: none, execute: () => `${++n}`.repeat(700) })
    const engine = scriptedEngine(
      (prompt) => (typeof prompt !== 'string' && prompt.messages.length > 9 ? 'done' : callText('read', {})),
      { contextLength: 4096 },
    )
    const { finishReason, messages } = await agent(engine, { tools: [read] }).run('?').result
    expect(finishReason).toBe('answer')
    expect(resultsOf(messages).filter((text) => text?.includes('left out to make room')).length).toBeGreaterThan(0)
  })
})

describe('a typed answer', () => {
  const city = z.object({ name: z.string().max(10), id: z.int().refine((id) => id > 3, 'must be above 3') })

  it('comes after the calls, is enforced, checked and repeated', async () => {
    const engine = answering(callText('find', { city: 'Oslo' }), '{"name":"Oslo","id":1}', '{"name":"Oslo","id":4}')
    const { object, steps, messages } = await agent(engine, { tools: [find], output: city }).run('?').result
    expect(object).toEqual({ name: 'Oslo', id: 4 })
    expect(steps).toHaveLength(3)
    expect(messages.at(-2)?.content).toBe('That does not fit: id: must be above 3. Answer again.')
  })

  it('that never fits ends the run with what is wrong', async () => {
    const run = agent(answering('{"name":"Oslo","id":1}'), { output: city, maxSteps: 2 }).run('?')
    expect(await run.result).toMatchObject({ finishReason: 'invalid-output', reason: 'id: must be above 3' })
  })
})

it('refuses what cannot be an agent', () => {
  const engine = answering('')
  expect(() => agent(engine, { tools: [find, find] })).toThrow(/two tools called find/)
  expect(() => agent(engine, { maxSteps: 0 })).toThrow(/maxSteps: expected a whole number of at least 1; found 0/)
  const dated = tool({ name: 'dated', parameters: z.object({ a: z.object({ when: z.date() }) }), execute: () => 1 })
  expect(() => agent(engine, { tools: [dated] })).toThrow(/tool dated: a.when: JSON has no date; write z.iso.datetime/)
})
