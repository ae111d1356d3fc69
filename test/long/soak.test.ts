import { Agent, request } from 'node:http'
import v8 from 'node:v8'
import vm from 'node:vm'
import { afterAll, expect, it } from 'vitest'
import { scriptedEngine, serveEngine } from '../server/scripted.js'

const REQUESTS = 2000
const CLIENTS = 40
/** Of heap, after all requests, above what a tenth of them left. */
const GROWTH_BYTES = 12e6

/** A long answer that belongs to one question and no other. */
function answerTo(question: string): string {
  return Array.from({ length: 12 }, (_, i) => `${question}:${i}`).join(' ')
}
const engine = scriptedEngine((prompt) =>
  typeof prompt === 'string' ? prompt : answerTo(prompt.messages.at(-1)!.content ?? ''),
)
const server = await serveEngine(engine, { maxConcurrency: 16, maxQueue: 64 })
afterAll(() => server.stop())
const agent = new Agent({ keepAlive: true, maxSockets: CLIENTS })

v8.setFlagsFromString('--expose-gc')
const collect = vm.runInNewContext('gc') as () => void
function heap(): number {
  collect()
  return process.memoryUsage().heapUsed
}

interface Outcome {
  readonly status: number
  readonly text: string
  readonly cancelled: boolean
}

/** Sends `body`, and goes away after so many bytes of the answer, if that is given. */
function send(body: string, cancelAfter?: number): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json' }
    const sent = request(`${server.url}/v1/chat/completions`, { method: 'POST', headers, agent })
    const end = (status: number, text: string): void => {
      sent.destroy()
      resolve({ status, text, cancelled: true })
    }
    if (cancelAfter === 0) setTimeout(() => end(0, ''), Math.random() * 20)
    sent.on('error', (error) => (sent.destroyed ? undefined : reject(error)))
    sent.on('response', (response) => {
      const status = response.statusCode ?? 0
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (data: string) => {
        text += data
        if (cancelAfter !== undefined && text.length > cancelAfter) end(status, text)
      })
      response.on('end', () => resolve({ status, text, cancelled: false }))
      response.on('error', () => undefined)
    })
    sent.end(body)
  })
}

/** What a stream or a whole answer says. */
function contentOf(text: string, stream: boolean): string {
  if (!stream) return (JSON.parse(text) as { choices: { message: { content: string } }[] }).choices[0]!.message.content
  const chunks = [...text.matchAll(/"delta":\{"content":"((?:[^"\\]|\\.)*)"/g)]
  return chunks.map(([, part]) => part).join('')
}

const MALFORMED = ['{', '[]', '{"model":"scripted"}', '{"model":"other","messages":[]}', '"\\ud800"']

it('holds for two thousand requests, a third cancelled and a tenth malformed', async () => {
  const counts = { answered: 0, cancelled: 0, malformed: 0, refused: 0 }
  let next = 0
  let early = 0
  const client = async (): Promise<void> => {
    while (next < REQUESTS) {
      const i = next++
      if (i === REQUESTS / 10) early = heap()
      if (i % 10 === 0) {
        const { status } = await send(MALFORMED[(i / 10) % MALFORMED.length]!)
        expect([400, 404]).toContain(status)
        counts.malformed++
        continue
      }
      const stream = i % 2 === 1
      const question = `q${i}`
      const body = { model: 'scripted', stream, messages: [{ role: 'user', content: question }] }
      const cancelAfter = i % 3 !== 1 ? undefined : i % 2 === 1 ? 600 * (i % 7) : 0
      const { status, text, cancelled } = await send(JSON.stringify(body), cancelAfter)
      if (cancelled) counts.cancelled++
      else if (status === 429) counts.refused++
      else {
        expect(status).toBe(200)
        expect(contentOf(text, stream)).toBe(answerTo(question))
        if (stream) expect(text.endsWith('data: [DONE]\n\n')).toBe(true)
        counts.answered++
      }
    }
  }
  await Promise.all(Array.from({ length: CLIENTS }, client))
  agent.destroy()
  const { admission } = server.state.models.find('scripted')
  // A cancelled answer ends within a step; the limit is the test's own.
  while (admission.active > 0) await new Promise((resolve) => setTimeout(resolve, 10))
  expect([admission.active, admission.waiting, engine.status().active]).toEqual([0, 0, 0])
  expect(engine.status().freePages).toBe(engine.status().pages)
  expect(counts.answered + counts.cancelled + counts.malformed + counts.refused).toBe(REQUESTS)
  expect(counts.malformed).toBe(REQUESTS / 10)
  expect(counts.cancelled).toBeGreaterThan(REQUESTS / 5)
  expect(counts.answered).toBeGreaterThan(REQUESTS / 3)
  server.log.length = 0
  expect(heap() - early).toBeLessThan(GROWTH_BYTES)
})
