// A route that takes a Request and gives a Response, of Hono here: an answer as a stream of text, from a model in a worker.
// Run: node examples/route-hono.ts MODEL, then: curl -d '{"question":"Hello"}' localhost:3000/ask
import { serve } from '@hono/node-server'
import { Hono } from 'hono'
import { streamText } from 'hono/streaming'
import type { ChatModel } from 'kaiyuan'
import { loadEngine } from 'kaiyuan/worker'

export function routes(model: ChatModel): Hono {
  const app = new Hono()
  app.post('/ask', async (context) => {
    const { question } = await context.req.json<{ question?: unknown }>()
    if (typeof question !== 'string') return context.text('expected { "question": "..." }', 400)
    const answer = model.chat([{ role: 'user', content: question }])
    return streamText(context, async (stream) => {
      // Where the client leaves, its answer ends.
      stream.onAbort(() => answer.abort())
      for await (const part of answer) if (part.kind === 'text') await stream.write(part.text)
    })
  })
  return app
}

if (import.meta.filename === process.argv[1])
  serve({ fetch: routes(await loadEngine(process.argv[2] ?? 'mini')).fetch, port: 3000 })
