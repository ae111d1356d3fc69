import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import OpenAI from 'openai'
import { describe, expect, it } from 'vitest'
import { modelHandler, serveModels } from '../../src/server.js'
import type { LogEntry } from '../../src/server/http/log.js'
import { scriptedEngine } from './scripted.js'

const DIST = new URL('../../dist/server.js', import.meta.url)
const MINI = fileURLToPath(new URL('../../models/mini', import.meta.url))
const messages = [{ role: 'user' as const, content: 'hello' }]

describe('serveModels', () => {
  it('serves an engine of the program, logs, and leaves the engine open', async () => {
    const engine = scriptedEngine(() => 'Good day.')
    const log: LogEntry[] = []
    const server = await serveModels({ models: { polite: engine }, port: 0, log: (entry) => log.push(entry) })
    await server.loaded
    const client = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: 'none' })
    const answer = await client.chat.completions.create({ model: 'polite', messages })
    expect(answer.choices[0]!.message.content).toBe('Good day.')
    expect(log).toContainEqual(expect.objectContaining({ event: 'request', model: 'polite', status: 200 }))
    expect(await server.close()).toBe(0)
    await expect(fetch(server.url)).rejects.toThrow()
    expect((await engine.chat(messages).result).text).toBe('Good day.')
    await engine.close()
  })

  it('loads a path into a worker thread of its own', async () => {
    if (!existsSync(DIST)) throw new Error('dist is missing: npm test builds it; run npm run build first')
    const built = (await import(DIST.href)) as { serveModels: typeof serveModels }
    const server = await built.serveModels({ models: { small: MINI }, load: { threads: 1 }, port: 0 })
    const ask = (): Promise<Response> => fetch(`${server.url}/v1/models/small`)
    expect((await (await fetch(`${server.url}/ready`)).json()) as unknown).toMatchObject({ models: { small: /./ } })
    await server.loaded
    expect(await (await ask()).json()).toMatchObject({ id: 'small', max_model_len: 2048 })
    await server.close()
    const missing = await built.serveModels({ models: { none: '/no/such/model' }, port: 0 })
    await expect(missing.loaded).rejects.toMatchObject({ name: 'UserError', code: 'file_not_found' })
    await missing.close()
  })

  it('refuses what cannot be served', async () => {
    const models = { polite: scriptedEngine(() => 'x') }
    const refused = (options: object): Promise<unknown> =>
      serveModels({ models, port: 0, ...options }).catch((error: unknown) => String(error))
    expect(await refused({ host: '0.0.0.0' })).toMatch(/no key; try apiKeys/)
    expect(await refused({ models: {} })).toMatch(/at least one model/)
    expect(await refused({ maxConcurrency: 0 })).toMatch(/maxConcurrency must be a whole number of at least 1; found 0/)
    expect(await refused({ apiKeys: [''] })).toMatch(/an empty one/)
    const first = await serveModels({ models, port: 0 })
    expect(await refused({ port: Number(new URL(first.url).port) })).toMatch(/another program has this port/)
    await first.close()
    expect(await refused({ host: '192.0.2.1', apiKeys: ['k'] })).toMatch(/: this machine does not have the address$/)
    expect(await refused({ cors: ['app.example'] })).toMatch(
      /cors: 'app.example': expected an origin such as https:\/\/app.example, or \*/,
    )
  })

  it('takes an origin with a slash after it, as browsers show it, and sends what they compare', async () => {
    const engine = scriptedEngine(() => 'x')
    const { handle, close } = modelHandler({ models: { polite: engine }, cors: ['https://App.example/'] })
    const { headers } = await handle(
      new Request('http://any.host/health', { headers: { origin: 'https://app.example' } }),
    )
    expect(headers.get('access-control-allow-origin')).toBe('https://app.example')
    await close()
    await engine.close()
  })

  it('listens at an address of IPv6 in brackets, as it stands in a URL', async (context) => {
    const models = { polite: scriptedEngine(() => 'x') }
    const server = await serveModels({ models, host: '[::1]', port: 0 }).catch((error: unknown) => {
      if (/address|EAFNOSUPPORT/.test(String(error))) context.skip()
      throw error
    })
    expect(server.url).toMatch(/^http:\/\/\[::1\]:\d+$/)
    await server.close()
  })
})

describe('modelHandler', () => {
  it('answers requests without a socket, whole and streamed', async () => {
    const engine = scriptedEngine(() => 'Good day.')
    const { handle, loaded, close } = modelHandler({ models: { polite: engine }, apiKeys: ['secret'] })
    await loaded
    const fetch = (url: string | URL | Request, init?: RequestInit): Promise<Response> => handle(new Request(url, init))
    const client = new OpenAI({ baseURL: 'http://any.host/v1', apiKey: 'secret', fetch })
    const answer = await client.chat.completions.create({ model: 'polite', messages })
    expect(answer.choices[0]!.message.content).toBe('Good day.')
    let streamed = ''
    for await (const chunk of await client.chat.completions.create({ model: 'polite', messages, stream: true }))
      streamed += chunk.choices[0]?.delta.content ?? ''
    expect(streamed).toBe('Good day.')
    expect((await handle(new Request('http://any.host/v1/models'))).status).toBe(401)
    expect((await handle(new Request('http://any.host/health'))).status).toBe(200)
    await close()
    await engine.close()
  })
})
