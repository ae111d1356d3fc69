// A route of Express, or of anything else with Node's request and response: an answer as a stream of text.
// import { loadEngine } from 'kaiyuan/worker'
// express().use(express.json()).post('/ask', ask(await loadEngine('mini'))).listen(3000)
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { ChatModel } from 'kaiyuan'

/** What express.json() makes of a request. */
type JsonRequest = IncomingMessage & { body?: { question?: unknown } }

export function ask(model: ChatModel) {
  return async (request: JsonRequest, response: ServerResponse): Promise<void> => {
    const question = request.body?.question
    if (typeof question !== 'string') {
      response.writeHead(400).end('expected { "question": "..." }')
      return
    }
    const answer = model.chat([{ role: 'user', content: question }])
    // Where the client leaves, its answer ends.
    response.on('close', () => answer.abort())
    response.setHeader('content-type', 'text/plain; charset=utf-8')
    for await (const part of answer) if (part.kind === 'text') response.write(part.text)
    response.end()
  }
}
