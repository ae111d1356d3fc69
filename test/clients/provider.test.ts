// kaiyuan/ai in the three majors of the AI SDK that people use: in process, and behind a line to an engine elsewhere.
import type { EmbeddingModelV4, LanguageModelV4 } from '@ai-sdk/provider'
import * as ai7 from 'ai'
import * as ai5 from 'ai-5'
import type { LanguageModelV2 } from 'ai-5-provider'
import * as ai6 from 'ai-6'
import type { LanguageModelV3 } from 'ai-6-provider'
import { describe, expect, expectTypeOf, it } from 'vitest'
import { z } from 'zod'
import { kaiyuan, kaiyuanEmbedding, type Specification } from '../../src/ai.js'
import { connectEngine } from '../../src/remote/connect.js'
import { answering, callText } from '../agent/scripts.js'
import { localLine } from '../server/scripted.js'

const CITY = { name: 'Oslo', id: 4 }
const City = z.object({ name: z.string(), id: z.int() })
const LOOP = [
  `<think>first the id</think>${callText('find', { city: 'Oslo' })}`,
  callText('weather', { id: 4 }) + callText('weather', { id: 5 }),
  'It is 24 degrees.',
]

type Sdk = Pick<typeof ai7, 'generateText' | 'streamText' | 'tool' | 'stepCountIs' | 'embedMany'>

/** What all three have still. */
interface Objects {
  generateObject(options: object): Promise<{ object: unknown }>
  streamObject(options: object): { partialObjectStream: AsyncIterable<unknown> }
}

/** The versions of the specification that each major takes. */
const SDKS: [name: string, sdk: Sdk, versions: Specification[]][] = [
  ['ai 7', ai7, ['v4', 'v3', 'v2']],
  ['ai 6', ai6 as unknown as Sdk, ['v3', 'v2']],
  ['ai 5', ai5 as unknown as Sdk, ['v2']],
]
const pairs = SDKS.flatMap(([name, sdk, versions]) => versions.map((version) => [name, version, sdk] as const))

async function* lines(said: readonly string[]) {
  yield answering(...said)
  const remote = await connectEngine(localLine(answering(...said)))
  yield remote
  await remote.close()
}

it('has the types of each specification', () => {
  const engine = answering('')
  expectTypeOf(kaiyuan(engine, { specification: 'v4' })).toExtend<LanguageModelV4>()
  expectTypeOf(kaiyuan(engine)).toExtend<LanguageModelV3>()
  expectTypeOf(kaiyuan(engine, { specification: 'v2' })).toExtend<LanguageModelV2>()
  expectTypeOf(kaiyuanEmbedding(engine, { specification: 'v4' })).toExtend<EmbeddingModelV4>()
})

describe.each(pairs)('%s with %s', (_, specification, sdk) => {
  const modelOf = (engine: Parameters<typeof kaiyuan>[0]): ai7.LanguageModel => kaiyuan(engine, { specification })

  const objects = sdk as unknown as Objects

  const toolsOf = (log: unknown[]) => ({
    find: sdk.tool({ inputSchema: z.object({ city: z.string() }), execute: async ({ city }) => ({ id: city.length }) }),
    weather: sdk.tool({
      inputSchema: z.object({ id: z.int() }),
      execute: async ({ id }) => {
        log.push(id)
        return { degrees: 20 + id }
      },
    }),
  })

  it('answers, thinks and counts', async () => {
    for await (const engine of lines(['<think>Hm</think>It rains.'])) {
      const { text, steps, usage, finishReason } = await sdk.generateText({
        model: modelOf(engine),
        prompt: 'Hello',
      })
      expect([text, steps[0]!.reasoningText, finishReason]).toEqual(['It rains.', 'Hm', 'stop'])
      expect(usage.totalTokens).toBe((usage.inputTokens ?? 0) + (usage.outputTokens ?? 0))
    }
  })

  it('streams a loop of tools', async () => {
    for await (const engine of lines(LOOP)) {
      const log: unknown[] = []
      const result = sdk.streamText({
        model: modelOf(engine),
        prompt: 'Hello',
        tools: toolsOf(log),
        stopWhen: sdk.stepCountIs(5),
      })
      let said = ''
      for await (const text of result.textStream) said += text
      expect(said).toBe('It is 24 degrees.')
      expect(log).toEqual([4, 5])
      expect((await result.steps).map(({ finishReason }) => finishReason)).toEqual(['tool-calls', 'tool-calls', 'stop'])
    }
  })

  it('gives objects, whole and in parts', async () => {
    for await (const engine of lines([JSON.stringify(CITY)])) {
      const model = modelOf(engine)
      expect((await objects.generateObject({ model, schema: City, prompt: 'Hello' })).object).toEqual(CITY)
      const { partialObjectStream } = objects.streamObject({ model, schema: City, prompt: 'Hello' })
      let last: unknown
      for await (const partial of partialObjectStream) last = partial
      expect(last).toEqual(CITY)
    }
  })

  it('has to call a tool where that is asked for', async () => {
    const city = z.enum(['Oslo', 'Rome'])
    const find = sdk.tool({ inputSchema: z.object({ city }), execute: async () => 1 })
    const tools: ai7.ToolSet = { find }
    const { toolCalls } = await sdk.generateText({
      model: modelOf(answering('No.')),
      prompt: '?',
      tools,
      toolChoice: 'required',
    })
    expect(toolCalls[0]).toMatchObject({ toolName: 'find' })
  })

  it('is aborted', async () => {
    const controller = new AbortController()
    const model = modelOf(answering('x'.repeat(2000)))
    const result = sdk.streamText({ model, prompt: '?', abortSignal: controller.signal, onError: () => undefined })
    const kinds: string[] = []
    for await (const part of (result as { fullStream: AsyncIterable<{ type: string }> }).fullStream) {
      kinds.push(part.type)
      if (part.type === 'text-delta') controller.abort()
    }
    expect(kinds.at(-1)).toBe('abort')
  })

  it('embeds', async () => {
    const engine = answering('')
    const embed = async (ids: readonly number[]): Promise<Float32Array> => Float32Array.of(ids.length, 0)
    const own = { info: engine.info, encode: (text: string) => engine.encode(text), embed }
    const model = kaiyuanEmbedding(own, { specification }) as ai7.EmbeddingModel
    const { embeddings, usage } = await sdk.embedMany({ model, values: ['ab', 'c'] })
    expect([embeddings, usage.tokens]).toEqual([
      [
        [2, 0],
        [1, 0],
      ],
      3,
    ])
  })
})
