import { createOpenAICompatible } from '@ai-sdk/openai-compatible'
import { generateText, streamText } from 'ai'
import OpenAI from 'openai'
import { afterAll, expect, it } from 'vitest'
import { clientOf } from '../server/requests.js'
import { scriptedEngine, serveEngine } from '../server/scripted.js'

const server = await serveEngine(scriptedEngine(() => '<think>They say hello.</think>You say hello! 你好 😀'))
afterAll(() => server.stop())
const provider = createOpenAICompatible({ name: 'kaiyuan', baseURL: `${server.url}/v1` })

it('the AI SDK reads text and reasoning, whole and streamed', async () => {
  const whole = await generateText({ model: provider('scripted'), prompt: 'hello' })
  expect(whole.text).toBe('You say hello! 你好 😀')
  expect(whole.finalStep.reasoningText).toBe('They say hello.')
  let text = ''
  for await (const part of streamText({ model: provider('scripted'), prompt: 'hello' }).textStream) text += part
  expect(text).toBe(whole.text)
})

it('the tests of the server use the client that is installed here', () => {
  expect(clientOf(server)).toBeInstanceOf(OpenAI)
})
