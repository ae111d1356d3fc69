import { createAnthropic } from '@ai-sdk/anthropic'
import { createOpenAI } from '@ai-sdk/openai'
import { createOpenAICompatible } from '@ai-sdk/openai-compatible'
import * as ai7 from 'ai'
import * as ai6 from 'ai-6'
import { createAnthropic as createAnthropic6 } from 'ai-6-anthropic'
import { createOpenAI as createOpenAI6 } from 'ai-6-openai'
import { createOpenAICompatible as createOpenAICompatible6 } from 'ai-6-openai-compatible'
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
  THOUGHT,
  Tools,
  serveMailing,
} from './mailing.js'

const server = await serveMailing()
const baseURL = `${server.url}/v1`
const settings = { baseURL, apiKey: 'none' }
const compatible = { name: 'kaiyuan', baseURL, supportsStructuredOutputs: true }

/** What both versions have, in the types of the newer one. */
type Sdk = Pick<typeof ai7, 'generateText' | 'streamText' | 'tool' | 'Output' | 'stepCountIs'>

/** Under another name in the older version. */
type Parts = Pick<ReturnType<typeof ai7.streamText>, 'stream'>
const partsOf = (result: Parts): Parts['stream'] =>
  'stream' in result ? result.stream : (result as { fullStream: Parts['stream'] }).fullStream

const sdks: [name: string, sdk: Sdk, models: Record<string, () => ai7.LanguageModel>][] = [
  [
    'ai 7',
    ai7,
    {
      'openai (responses)': () => createOpenAI(settings)('scripted'),
      'openai.chat': () => createOpenAI(settings).chat('scripted'),
      anthropic: () => createAnthropic(settings)('scripted'),
      'openai-compatible': () => createOpenAICompatible(compatible)('scripted'),
    },
  ],
  [
    'ai 6',
    ai6 as unknown as Sdk,
    {
      'openai (responses)': () => createOpenAI6(settings)('scripted'),
      'openai.chat': () => createOpenAI6(settings).chat('scripted'),
      anthropic: () => createAnthropic6(settings)('scripted'),
      'openai-compatible': () => createOpenAICompatible6(compatible)('scripted'),
    },
  ],
]

describe.each(sdks)('%s', (_, { generateText, streamText, tool, Output, stepCountIs }, models) => {
  const toolsOf = (tools: Tools) => ({
    find_city: tool({
      description: 'The id of a city',
      inputSchema: z.object({ city: z.string() }),
      execute: async (input) => tools.findCity(input),
    }),
    get_weather: tool({
      description: 'The weather of a place',
      inputSchema: z.object({ id: z.int() }),
      execute: async (input) => tools.getWeather(input),
    }),
    send_mail: tool({
      description: 'Sends a mail',
      inputSchema: z.object({ text: z.string() }),
      execute: async (input) => tools.sendMail(input),
    }),
  })

  describe.each(Object.entries(models))('%s', (provider, modelOf) => {
    const model = modelOf()
    // The provider for OpenAI shows summaries of thoughts only, and asks for them only where it knows the model or is told.
    const reasoning = { reasoningSummary: 'auto', forceReasoning: true }
    const providerOptions = provider.startsWith('openai (') ? { openai: reasoning } : {}

    it('plain', async () => {
      const { text, steps } = await generateText({ model, prompt: HELLO, providerOptions })
      expect(text).toBe(GREETING)
      // OpenAI's chat completions show no thoughts, nor does its provider.
      if (provider !== 'openai.chat') expect(steps[0]!.reasoningText).toBe(THOUGHT)
    })

    it('streaming', async () => {
      const kinds = new Set<string>()
      let text = ''
      for await (const part of partsOf(streamText({ model, prompt: HELLO, providerOptions }))) {
        kinds.add(part.type)
        if (part.type === 'text-delta') text += part.text
        if (part.type === 'error') throw part.error
      }
      expect(text).toBe(GREETING)
      if (provider !== 'openai.chat') expect(kinds).toContain('reasoning-delta')
    })

    it('a loop of tools', async () => {
      const own = new Tools()
      const tools = toolsOf(own)
      const { text, steps } = await generateText({ model, prompt: MAIL, tools, stopWhen: stepCountIs(9) })
      expect(text).toBe(MAILED)
      expect(own.log).toEqual(LOOP_LOG)
      expect(steps).toHaveLength(4)
    })

    it('a loop of tools, streaming', async () => {
      const own = new Tools()
      const result = streamText({ model, prompt: MAIL, tools: toolsOf(own), stopWhen: stepCountIs(9) })
      let said = ''
      for await (const part of partsOf(result)) {
        if (part.type === 'text-delta') said += part.text
        if (part.type === 'error') throw part.error
      }
      expect(said).toBe(MAILED)
      expect(own.log).toEqual(LOOP_LOG)
    })

    it('structured output', async () => {
      const { output } = await generateText({ model, prompt: AS_OBJECT, output: Output.object({ schema: City }) })
      expect(output).toEqual(CITY)
    })

    it('tools together with an output type', async () => {
      const own = new Tools()
      const { output } = await generateText({
        model,
        prompt: MAIL_AS_OBJECT,
        tools: toolsOf(own),
        output: Output.object({ schema: City }),
        stopWhen: stepCountIs(9),
      })
      expect(output).toEqual(CITY)
      expect(own.log).toEqual(LOOP_LOG)
    })
  })
})
