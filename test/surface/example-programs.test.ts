// The examples for programs and servers, as somebody would call them, with models that follow a script.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'
import { afterEach, expect, it } from 'vitest'
import { chat } from '../../examples/node-chat.js'
import { ask } from '../../examples/route-express.js'
import { routes } from '../../examples/route-hono.js'
import type { ChatModel } from '../../src/agent/agent.js'
import { answering } from '../agent/scripts.js'

interface Answers {
  ask(id: number, messages: readonly unknown[], send: (text: string) => void): Promise<string>
  stop(id: number): void
}
// A file of JavaScript, as Electron reads it.
const electron = '../../examples/electron/answers.js'
const { answers } = (await import(electron)) as { answers: (model: ChatModel) => Answers }

const messages = [{ role: 'user' as const, content: 'Hello' }]
const question = JSON.stringify({ question: 'Hello' })
const closing: (() => void)[] = []
afterEach(() => closing.splice(0).forEach((close) => close()))

it('node-chat keeps the conversation', async () => {
  let shown = ''
  const lines = async function* (): AsyncGenerator<string> {
    yield 'Hello'
    yield 'And now?'
  }
  const said = await chat(answering('Good day.', 'Good night.'), lines(), (text) => (shown += text))
  expect(shown).toBe('Good day.\nGood night.\n')
  expect(said.map(({ role, content }) => [role, content])).toEqual([
    ['user', 'Hello'],
    ['assistant', 'Good day.'],
    ['user', 'And now?'],
    ['assistant', 'Good night.'],
  ])
})

it('route-hono streams the text, and refuses what has no question', async () => {
  const app = routes(answering('Good day.'))
  const answer = await app.request('/ask', { method: 'POST', body: question })
  expect([answer.status, await answer.text()]).toEqual([200, 'Good day.'])
  expect((await app.request('/ask', { method: 'POST', body: '{}' })).status).toBe(400)
})

/** A server with the route of Express, whose json() is one line here; its address. */
async function expressServer(model: ChatModel): Promise<string> {
  const route = ask(model)
  const server = createServer((request, response) => {
    void json(request).then((body) => route(Object.assign(request, { body: body as object }), response))
  }).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  closing.push(() => server.close())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/ask`
}

it('route-express streams the text, and refuses what has no question', async () => {
  const address = await expressServer(answering('Good day.'))
  const answer = await fetch(address, { method: 'POST', body: question })
  expect([answer.status, await answer.text()]).toEqual([200, 'Good day.'])
  expect((await fetch(address, { method: 'POST', body: '{}' })).status).toBe(400)
})

it('route-express ends the answer of a client that leaves', async () => {
  const engine = answering('na '.repeat(100_000))
  let ended: Promise<string> | undefined
  const watched: ChatModel = {
    chat: (...given) => {
      const generation = engine.chat(...given)
      ended = generation.result.then(({ finishReason }) => finishReason)
      return generation
    },
  }
  const answer = await fetch(await expressServer(watched), { method: 'POST', body: question })
  const reader = answer.body!.getReader()
  await reader.read()
  await reader.cancel()
  expect(await ended).toBe('abort')
})

it('electron: a window gets its text, and can stop an answer', async () => {
  let shown = ''
  const short = answers(answering('Good day.'))
  expect(await short.ask(1, messages, (text) => (shown += text))).toBe('stop')
  expect(shown).toBe('Good day.')
  const long = answers(answering('na '.repeat(100_000)))
  expect(await long.ask(2, messages, () => long.stop(2))).toBe('abort')
})
