// What goes wrong around a running answer: clients that leave, queues that are full, engines and servers that end.
import { request, type IncomingMessage } from 'node:http'
import { describe, expect, it } from 'vitest'
import type { Step } from '../../src/backends/backend.js'
import { drained } from '../../src/server/http/events.js'
import { clientOf, hello, post, serve } from '../server/requests.js'
import { localLine, scriptedEngine } from '../server/scripted.js'
import { LONG_LIMITS } from '../suite.js'

const LONG = 'word '.repeat(400)

/** A model whose steps wait for the test. */
function gated() {
  let open = false
  let release: () => void = () => undefined
  const steps: Step[] = []
  const engine = scriptedEngine(() => LONG, {
    async onStep(step) {
      steps.push(step)
      if (!open) await new Promise<void>((resolve) => (release = resolve))
    },
  })
  return {
    engine,
    steps,
    step: () => release(),
    open() {
      open = true
      release()
    },
  }
}

async function until(condition: () => boolean | Promise<boolean>, what: string): Promise<void> {
  // Half of what a test may take: the limit says what hangs, and a busy machine does not reach it.
  for (const end = Date.now() + LONG_LIMITS.testTimeout / 2; Date.now() < end;) {
    if (await condition()) return
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  throw new Error(`it did not come to this: ${what}`)
}

describe('clients that leave', async () => {
  it.each([true, false])('free their sequence within one step (stream: %s)', async (stream) => {
    const gate = gated()
    const line = localLine(gate.engine)
    let cancelled = false
    const send: typeof line.send = (message) => {
      cancelled ||= message.type === 'cancel'
      line.send(message)
    }
    const server = await serve(() => ({ ...line, send }))
    const controller = new AbortController()
    const asked = clientOf(server).chat.completions.create({ ...hello, stream }, { signal: controller.signal })
    asked.catch(() => undefined)
    await until(() => gate.steps.length === 1, 'the prompt is computed')
    gate.step()
    await until(() => gate.steps.length === 2, 'the first token is computed')
    if (stream) await asked
    controller.abort()
    await until(() => cancelled, 'the server has noticed')
    // Messages to the engine arrive in the next turn of the event loop.
    await new Promise((resolve) => setTimeout(resolve, 20))
    gate.step()
    await until(() => gate.engine.status().active === 0, 'the engine rests')
    await until(() => gate.engine.status().freePages === gate.engine.status().pages, 'the pages are free')
    expect(gate.steps.length).toBeLessThanOrEqual(3)
    const { admission } = server.state.models.find('scripted')
    await until(() => admission.active === 0, 'the turn is over')
    gate.open()
  })

  it('in the queue lose their place', async () => {
    const gate = gated()
    const server = await serve(gate.engine, { maxConcurrency: 1 })
    const { admission } = server.state.models.find('scripted')
    const first = clientOf(server).chat.completions.create(hello)
    await until(() => admission.active === 1, 'the first runs')
    const controller = new AbortController()
    const second = clientOf(server).chat.completions.create(hello, { signal: controller.signal })
    second.catch(() => undefined)
    await until(() => admission.waiting === 1, 'the second waits')
    controller.abort()
    await until(() => admission.waiting === 0, 'nobody waits')
    gate.open()
    expect((await first).choices[0]!.finish_reason).toBe('stop')
  })

  it('read slowly without a copy of the answer growing beyond it', async () => {
    const server = await serve(scriptedEngine(() => LONG))
    const socket = await new Promise<IncomingMessage>((resolve, reject) => {
      const sent = request(`${server.url}/v1/chat/completions`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
      })
      sent.on('response', resolve).on('error', reject)
      sent.end(JSON.stringify({ ...hello, stream: true }))
    })
    await new Promise((resolve) => setTimeout(resolve, 300))
    let text = ''
    for await (const chunk of socket as AsyncIterable<Buffer>) text += chunk.toString()
    const words = [...text.matchAll(/"content":"((?:[^"\\]|\\.)*)"/g)].map(([, word]) => word).join('')
    expect(words).toBe(LONG)
    expect(text.endsWith('data: [DONE]\n\n')).toBe(true)
  })
})

describe('more requests than fit', async () => {
  it('wait, and beyond that get 429 with a time to come back', async () => {
    const gate = gated()
    const server = await serve(gate.engine, { maxConcurrency: 1, maxQueue: 2 })
    const { admission } = server.state.models.find('scripted')
    const client = clientOf(server)
    const served = [client.chat.completions.create(hello)]
    await until(() => admission.active === 1, 'one runs')
    served.push(client.chat.completions.create(hello), client.chat.completions.create(hello))
    await until(() => admission.waiting === 2, 'two wait')
    const refusal = await post(server, JSON.stringify(hello))
    expect([refusal.status, refusal.error.code, refusal.error.type]).toEqual([429, 'queue_full', 'rate_limit_error'])
    expect(Number(refusal.headers.get('retry-after'))).toBeGreaterThan(0)
    gate.open()
    for (const answer of await Promise.all(served)) expect(answer.choices[0]!.message.content).toBe(LONG)
  })

  it('of one client do not keep another waiting', async () => {
    const gate = gated()
    const server = await serve(gate.engine, { maxConcurrency: 1, apiKeys: ['a', 'b'] })
    const { admission } = server.state.models.find('scripted')
    const ends: string[] = []
    const ask = (key: string) =>
      clientOf(server, key)
        .chat.completions.create({ ...hello, max_completion_tokens: 2 })
        .then(() => ends.push(key))
    const all = [ask('a')]
    await until(() => admission.active === 1, 'one runs')
    for (let i = 0; i < 5; i++) all.push(ask('a'))
    await until(() => admission.waiting === 5, 'five wait')
    all.push(ask('b'))
    // The other waits too, or has a place of its own.
    await until(() => admission.waiting + admission.active === 7, 'all came')
    gate.open()
    await Promise.all(all)
    expect(ends.indexOf('b')).toBeLessThanOrEqual(2)
  })
})

describe('an engine that stops', async () => {
  it('fails its requests with 503, whole and streamed, and comes back', async () => {
    const gate = gated()
    let line: ReturnType<typeof localLine> | undefined
    let starts = 0
    const server = await serve(() => {
      starts++
      line = localLine(starts === 1 ? gate.engine : scriptedEngine(() => 'back'))
      return line
    })
    const client = clientOf(server)
    const whole = client.chat.completions.create(hello).catch((error: unknown) => error)
    const stream = await client.chat.completions.create({ ...hello, stream: true })
    await until(() => gate.steps.length > 0, 'a step runs')
    line!.crash()
    expect(await whole).toMatchObject({ status: 503, code: 'engine_stopped' })
    await expect(drained(stream)).rejects.toThrow(/the engine stopped/)
    await until(() => server.engine.state === 'ready', 'it is loaded again')
    expect(server.engine.crashes).toBe(1)
    expect((await client.chat.completions.create(hello)).choices[0]!.message.content).toBe('back')
    expect(JSON.stringify(server.log)).toContain('started again')
    gate.open()
  })

  it('is not ready while it is loaded', async () => {
    let finish!: (engine: ReturnType<typeof scriptedEngine>) => void
    const engine = new Promise<ReturnType<typeof scriptedEngine>>((resolve) => (finish = resolve))
    const serving = serve(engine)
    await new Promise((resolve) => setTimeout(resolve, 50))
    finish(scriptedEngine(() => 'hi'))
    const server = await serving
    expect(await (await fetch(`${server.url}/ready`)).json()).toEqual({
      status: 'ready',
      models: { scripted: 'ready' },
    })
  })

  it('a bug in the engine is a 500 that says nothing of it, and is logged', async () => {
    const server = await serve(
      scriptedEngine(() => {
        throw new Error('secret detail')
      }),
    )
    const refusal = await post(server, JSON.stringify(hello))
    expect([refusal.status, refusal.error.code]).toEqual([500, 'internal_error'])
    expect(JSON.stringify(refusal.error)).not.toContain('secret detail')
    expect(JSON.stringify(server.log)).toContain('secret detail')
  })
})

describe('a server that ends', async () => {
  it('answers what runs and refuses what comes', async () => {
    const gate = gated()
    const server = await serve(gate.engine)
    const running = clientOf(server).chat.completions.create({ ...hello, max_completion_tokens: 5 })
    await until(() => gate.steps.length === 1, 'it runs')
    const ended = server.drain(5000)
    expect(server.state.draining).toBe(true)
    gate.open()
    expect((await running).choices[0]!.finish_reason).toBe('length')
    expect(await ended).toBe(0)
    await expect(fetch(`${server.url}/health`)).rejects.toThrow()
  })

  it('does not wait for ever', async () => {
    const gate = gated()
    const server = await serve(gate.engine)
    const running = clientOf(server).chat.completions.create(hello)
    running.catch(() => undefined)
    await until(() => gate.steps.length === 1, 'it runs')
    const drained = server.drain(50)
    await new Promise((resolve) => setTimeout(resolve, 200))
    gate.open()
    expect(await drained).toBe(1)
    await expect(running).rejects.toThrow()
  })
})
