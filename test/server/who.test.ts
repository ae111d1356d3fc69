import { chmodSync, mkdtempSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { UserError } from '../../src/errors.js'
import { readKeyFile } from '../../src/server/http/keys.js'
import { serve, post } from './requests.js'
import { scriptedEngine } from './scripted.js'

const quiet = () => scriptedEngine(() => 'hi')

/** Status of a request whose Host says something else than where it goes. */
function asked(url: string, host: string, path = '/health'): Promise<number> {
  return new Promise((resolve, reject) => {
    const sent = request(url + path, { headers: { host } }, (response) => {
      response.resume()
      resolve(response.statusCode!)
    })
    sent.on('error', reject)
    sent.end()
  })
}

describe('the Host of a request', async () => {
  const open = await serve(quiet(), { hosts: ['my.machine', 'fe80::1'] })
  const keyed = await serve(quiet(), { hosts: [], apiKeys: ['key'] })

  it.each([
    'localhost',
    'LOCALHOST:80',
    'localhost.',
    '127.0.0.1:1',
    '127.1.2.3',
    '[::1]:8080',
    'my.machine:9',
    '[fe80::1]',
  ])('is a name of the server: %s', async (host) => expect(await asked(open.url, host)).toBe(200))
  it.each([
    ...[
      'evil.example',
      'evil.example:8080',
      'localhost.evil.example',
      '127.0.0.1.evil.example',
      '127.0.0.1@evil.example',
    ],
    ...['[::1].evil.example', 'my.machine.evil.example', '192.168.1.1'],
  ])('is refused where it is not: %s', async (host) => {
    for (const path of ['/health', '/docs', '/metrics', '/no/such/page'])
      expect(await asked(open.url, host, path)).toBeOneOf([400, 403])
  })
  it('may be any where there are keys', async () => {
    expect(await asked(keyed.url, 'evil.example')).toBe(200)
    expect(await asked(keyed.url, 'evil.example', '/v1/models')).toBe(401)
  })
})

describe('what a browser may do with answers', async () => {
  const server = await serve(quiet())
  it.each(['/health', '/v1/models', '/docs', '/openapi.json', '/no/such/page'])('is no guess: %s', async (path) => {
    expect((await fetch(server.url + path)).headers.get('x-content-type-options')).toBe('nosniff')
  })
  it('is nothing beyond reading the documentation', async () => {
    const policy = (await fetch(`${server.url}/docs`)).headers.get('content-security-policy')!.split('; ')
    const none = ['default-src', 'frame-ancestors', 'base-uri', 'form-action'].map((what) => `${what} 'none'`)
    expect(policy).toEqual(expect.arrayContaining(none))
  })
})

describe('messages', () => {
  it('name a model as clients do, not where its files are', async () => {
    const engine = quiet()
    const place = '/srv/models/secret place'
    Object.assign(engine, { info: { ...engine.info, name: place } })
    engine.encode = () => {
      throw new UserError(`${place}/tokenizer.json: no good`, 'invalid_tokenizer')
    }
    const server = await serve(engine)
    const refusal = await post(server, JSON.stringify({ model: 'scripted', prompt: 'x' }), '/tokenize')
    expect(refusal.error.message).toBe('scripted/tokenizer.json: no good')
  })
})

describe('what the cache holds', () => {
  const prompt = 'What one client sends says nothing to another. '.repeat(4)
  const cached = async (url: string, key: string): Promise<number> => {
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${key}` }
    const body = JSON.stringify({ model: 'scripted', prompt, max_tokens: 1 })
    const response = await fetch(`${url}/v1/completions`, { method: 'POST', headers, body })
    const { usage } = (await response.json()) as { usage: { prompt_tokens_details: { cached_tokens: number } } }
    return usage.prompt_tokens_details.cached_tokens
  }

  it('is found by the clients of one key', async () => {
    const { url } = await serve(quiet(), { apiKeys: ['one', 'two'] })
    expect(await cached(url, 'one')).toBe(0)
    expect(await cached(url, 'two')).toBe(0)
    expect(await cached(url, 'one')).toBeGreaterThan(100)
    expect(await cached(url, 'two')).toBeGreaterThan(100)
  })
  it('is found by all where the operator says so', async () => {
    const { url } = await serve(quiet(), { apiKeys: ['one', 'two'], shareCache: true })
    expect(await cached(url, 'one')).toBe(0)
    expect(await cached(url, 'two')).toBeGreaterThan(100)
  })
})

describe('a file of keys', () => {
  const file = join(mkdtempSync(join(tmpdir(), 'kaiyuan-keys-')), 'keys')
  writeFileSync(file, '# mine\nfirst\n\n second \n')

  it('is read when nobody else can', () => {
    chmodSync(file, 0o600)
    expect(readKeyFile(file)).toEqual(['first', 'second'])
  })
  it.each([0o644, 0o640, 0o604, 0o660])('is refused with mode %o', (mode) => {
    chmodSync(file, mode)
    expect(() => readKeyFile(file)).toThrow(`only its owner can read, found mode ${mode.toString(8)}; run chmod 600`)
  })
})
