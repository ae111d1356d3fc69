import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { serve } from './requests.js'
import { scriptedEngine } from './scripted.js'

const isBuilt = existsSync(fileURLToPath(new URL('../../dist/page/index.html', import.meta.url)))
const BROWSER = { accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8' }

// `npm test` builds the page first.
describe('the chat page', async () => {
  const { url } = await serve(scriptedEngine(() => 'hi'))

  it('is there', () => expect(isBuilt).toBe(true))

  it('is what a browser gets at /', async () => {
    const response = await fetch(url, { headers: BROWSER })
    expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8')
    expect(await response.text()).toContain('<div id="app">')
  })

  it('may run its own scripts and make no HTML', async () => {
    const { headers } = await fetch(url, { headers: BROWSER })
    const policy = headers.get('content-security-policy')!.split('; ')
    expect(policy).toEqual(
      expect.arrayContaining(["default-src 'none'", "script-src 'self'", "connect-src 'self'", "style-src 'self'"]),
    )
    expect(policy).toContain("require-trusted-types-for 'script'")
    expect(policy.join()).not.toContain('unsafe')
    expect(headers.get('x-content-type-options')).toBe('nosniff')
  })

  it('has scripts with their types, which may be kept', async () => {
    const page = await (await fetch(url, { headers: BROWSER })).text()
    const [, script] = /src="\.\/(assets\/[^"]+\.js)"/.exec(page)!
    const { status, headers } = await fetch(`${url}/${script!}`)
    expect(status).toBe(200)
    expect(headers.get('content-type')).toBe('text/javascript; charset=utf-8')
    expect(headers.get('cache-control')).toContain('immutable')
  })

  it.each([{ accept: 'application/json' }, { accept: '*/*' }])('is not for programs: %o', async (headers) => {
    const text = await (await fetch(url, { headers })).text()
    expect(text).not.toContain('<div id="app">')
    expect(text).toContain('This is a server of open language models')
  })

  it.each(['/assets/../package.json', '/assets/%2e%2e/index.html', '/index.html', '/assets/'])(
    'has nothing else: %s',
    async (path) => expect((await fetch(url + path, { headers: BROWSER })).status).toBe(404),
  )
})
