import { afterAll, describe, expect, it } from 'vitest'
import { allRoutes } from '../../src/server/apis/all.js'
import { BodyReader } from '../../src/server/http/body-reader.js'
import { readBody } from '../../src/server/http/body.js'

const ROUTE = 'POST /v1/chat/completions'
const schema = allRoutes().find(({ method, path }) => `${method} ${path}` === ROUTE)!.body!
const built = new URL('../../dist/server/body-worker.js', import.meta.url)
const reader = new BodyReader(built)
afterAll(() => reader.close())

const bytesOf = (body: unknown): Uint8Array =>
  new TextEncoder().encode(typeof body === 'string' ? body : JSON.stringify(body))
const chat = (content: unknown): object => ({ model: 'm', messages: [{ role: 'user', content }] })
const long = 'x'.repeat(10_000)

describe('bodies read in a thread of their own', () => {
  it.each([
    ['a body', chat(long)],
    [
      'keys that objects have by themselves',
      `{"model":"m","messages":[{"role":"user","content":"${long}"}],"__proto__":1}`,
    ],
    ['an unknown parameter', { ...chat(long), wrong: 1 }],
    ['a wrong type in a long list', chat(Array<object>(1000).fill({}))],
    ['what is no JSON', `${long}{`],
    ['too many parts', chat(Array<object>(60_000).fill({}))],
    ['too many levels', `${'['.repeat(5000)}${']'.repeat(5000)}`],
    ['what is no UTF-8', new Uint8Array(5000).fill(0xff)],
  ])('say what they say in this one: %s', async (_, body) => {
    const bytes = body instanceof Uint8Array ? body : bytesOf(body)
    const outcome = async (read: () => unknown): Promise<unknown> => {
      try {
        return { value: await read() }
      } catch (error) {
        const { status, message, detail } = error as { status: number; message: string; detail: unknown }
        return { status, message, detail }
      }
    }
    const here = await outcome(() => readBody(bytes, schema))
    expect(await outcome(() => reader.read(bytes, schema, ROUTE, 'a'))).toEqual(here)
  })

  it('are taken in turns: a client with many does not delay another', async () => {
    const order: string[] = []
    const ask = (client: string, name: string): Promise<unknown> =>
      reader.read(bytesOf(chat(long)), schema, ROUTE, client).then(() => order.push(name))
    await Promise.all([...['a1', 'a2', 'a3', 'a4'].map((name) => ask('a', name)), ask('b', 'b1')])
    expect(order).toEqual(['a1', 'b1', 'a2', 'a3', 'a4'])
  })

  it('are refused when they take too long, and the next ones are read', async () => {
    const impatient = new BodyReader(built, 0)
    const refusal = { status: 400, detail: { code: 'request_too_complex' } }
    await expect(impatient.read(bytesOf(chat(long)), schema, ROUTE, 'a')).rejects.toMatchObject(refusal)
    await expect(impatient.read(bytesOf(chat(long)), schema, ROUTE, 'a')).rejects.toMatchObject(refusal)
    expect(await impatient.read(bytesOf(chat('short')), schema, ROUTE, 'a')).toMatchObject({ model: 'm' })
    await impatient.close()
  })

  it('are refused when the reader is closed, in work or not', async () => {
    const closing = new BodyReader(built)
    const ask = (): Promise<unknown> =>
      closing.read(bytesOf(chat(long)), schema, ROUTE, 'a').catch((error: unknown) => error)
    const asked = [ask(), ask()]
    await closing.close()
    const refusal = { status: 503, detail: { code: 'draining' } }
    expect(await Promise.all([...asked, ask()])).toMatchObject([refusal, refusal, refusal])
  })

  it('are read in this one where the thread has no file', async () => {
    const alone = new BodyReader(new URL('file:///nowhere/body-worker.js'))
    expect(await alone.read(bytesOf(chat(long)), schema, ROUTE, 'a')).toMatchObject({ model: 'm' })
    await alone.close()
  })
})
