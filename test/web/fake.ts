import { serve as listen } from '@hono/node-server'
import { Hono } from 'hono'
import { streamSSE } from 'hono/streaming'
import type { AddressInfo } from 'node:net'
import { afterAll } from 'vitest'
import { chatPage } from '../../src/server/page/chat-page.js'

/** What comes of an answer: text, a thought, a call, or a moment's wait. */
export type FakePiece =
  | string
  | { readonly reasoning: string }
  | { readonly call: { readonly name: string; readonly arguments: string } }
  | { readonly wait: number }
  /** The connection ends here. */
  | { readonly breaks: true }

export interface FakeRequest {
  readonly model: string
  readonly messages: readonly { readonly role: string; readonly content: string }[]
  readonly [field: string]: unknown
}

export interface FakeServer {
  readonly url: string
  /** The chat completions that were asked for. */
  readonly asked: FakeRequest[]
  /** What is answered from now on. */
  script: (request: FakeRequest) => readonly FakePiece[]
}

/** The page on a server whose models say what a script tells them, piece by piece. A token is four characters. */
export function fakeServer(
  options: { models?: readonly string[]; context?: number; template?: string } = {},
): FakeServer {
  const { models = ['fake'], context = 32_768, template = '{{ enable_thinking }}' } = options
  const asked: FakeRequest[] = []
  const app = new Hono()
  chatPage(app)
  app.get('/v1/models', (c) => c.json({ data: models.map((id) => ({ id, max_model_len: context })) }))
  app.get('/tokenizer_info', (c) => c.json({ chat_template: template, model_max_length: context }))
  app.post('/tokenize', async (c) => {
    const { prompt, messages } = await c.req.json<{ prompt?: string; messages?: { content: string }[] }>()
    const text = prompt ?? messages!.map(({ content }) => content).join('\n')
    return c.json({ count: Math.ceil(text.length / 4) })
  })
  app.post('/v1/chat/completions', async (c) => {
    const request = await c.req.json<FakeRequest>()
    asked.push(request)
    const pieces = server.script(request)
    return streamSSE(c, async (stream) => {
      const send = (delta: object, more: object = {}): Promise<void> =>
        stream.writeSSE({ data: JSON.stringify({ choices: [{ index: 0, delta, finish_reason: null, ...more }] }) })
      let tokens = 0
      let calls = 0
      for (const piece of pieces) {
        if (stream.aborted) return
        if (typeof piece === 'string') await send({ content: piece })
        else if ('wait' in piece) await stream.sleep(piece.wait)
        else if ('reasoning' in piece) await send({ reasoning_content: piece.reasoning })
        else if ('breaks' in piece) return
        else await send({ tool_calls: [{ index: calls, id: `call${calls++}`, function: piece.call }] })
        tokens++
      }
      await send({}, { finish_reason: 'stop' })
      const usage = { prompt_tokens: 10, completion_tokens: tokens, prompt_tokens_details: { cached_tokens: 0 } }
      await stream.writeSSE({ data: JSON.stringify({ choices: [], usage }) })
      await stream.writeSSE({ data: '[DONE]' })
    })
  })
  const http = listen({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' })
  afterAll(() => void http.close())
  const server: FakeServer = {
    get url() {
      return `http://127.0.0.1:${(http.address() as AddressInfo).port}/`
    },
    asked,
    script: () => ['Hello.'],
  }
  return server
}
