import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url))
const MAIN = path('../../dist/cli/main.js')

/** The examples of docs/server.md: shell commands, and what the block after them says of their output. */
function examples(): { title: string; command: string; kind: string; shown: string }[] {
  const text = readFileSync(path('../../docs/server.md'), 'utf8')
  const blocks = [...text.matchAll(/^```sh\n([^]*?)^```\n+(?:```(json|text)\n([^]*?)^```\n)?/gm)]
  return blocks.map(([, command = '', kind = '', shown = '']) => ({
    title: /127\.0\.0\.1:8080(\S*)/.exec(command)?.[1] ?? command,
    command,
    kind,
    shown,
  }))
}

/** A running `kaiyuan serve`, as users start it. */
async function startServe(...flags: string[]): Promise<{ child: ChildProcess; url: string; log: () => string }> {
  const child = spawn(process.execPath, [MAIN, 'serve', '--port', '0', '--threads', '1', ...flags])
  let log = ''
  child.stderr.on('data', (data: Buffer) => (log += data.toString()))
  let out = ''
  for await (const data of child.stdout as AsyncIterable<Buffer>) {
    out += data.toString()
    const url = /http:\/\/[\d.]+:\d+/.exec(out)?.[0]
    if (url !== undefined) return { child, url, log: () => log }
  }
  throw new Error(`the server did not start: ${log}`)
}

async function ready(url: string): Promise<void> {
  while (!(await fetch(`${url}/ready`)).ok) await new Promise((resolve) => setTimeout(resolve, 50))
}

function shell(command: string): Promise<string> {
  const quiet = 'curl() { command curl --silent --show-error "$@"; echo; }\n'
  return new Promise((resolve, reject) => {
    execFile('bash', ['-c', `set -e\n${quiet}${command}`], (error, out) =>
      error ? reject(new Error(error.message)) : resolve(out),
    )
  })
}

const hasCurl = await shell('curl --version').then(
  () => true,
  () => false,
)

describe('kaiyuan serve', () => {
  let server: Awaited<ReturnType<typeof startServe>>
  beforeAll(async () => {
    if (!existsSync(MAIN)) throw new Error('dist/cli/main.js is missing: npm test builds it; run npm run build first')
    server = await startServe('--drain', '10')
    await ready(server.url)
  })
  afterAll(() => server.child.kill('SIGKILL'))

  it('has examples', () => {
    expect(examples().length).toBeGreaterThan(12)
  })

  it.skipIf(!hasCurl).each(examples())(
    'example of docs/server.md (needs curl): $title',
    async ({ command, kind, shown }) => {
      const out = await shell(command.replaceAll('http://127.0.0.1:8080', server.url))
      if (kind === 'json') expect(JSON.parse(out)).toEqual(subset(JSON.parse(shown)))
      let from = 0
      for (const line of kind === 'text' ? shown.trim().split('\n') : []) {
        const at = out.indexOf(line, from)
        expect(at, `${line} in ${out.slice(from)}`).toBeGreaterThanOrEqual(0)
        from = at + line.length
      }
    },
  )

  it('answers what runs at SIGTERM, and exits with 0', async () => {
    const stream = await fetch(`${server.url}/v1/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'mini', prompt: 'xyzzy', max_tokens: 300, ignore_eos: true, stream: true }),
    })
    const reader = stream.body!.getReader()
    await reader.read()
    server.child.kill('SIGTERM')
    const exited = once(server.child, 'exit')
    let text = ''
    for (;;) {
      const { done, value } = await reader.read()
      if (done) break
      text += new TextDecoder().decode(value)
    }
    expect(text).toContain('"finish_reason":"length"')
    expect(text.endsWith('data: [DONE]\n\n')).toBe(true)
    expect(await exited).toEqual([0, null])
    expect(server.log()).not.toContain('xyzzy')
  })
})

/** Matches what has at least this: of lists, at least the first elements. */
function subset(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  return expect.objectContaining(Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, subset(inner)])))
}

describe('what cannot be served ends with code 2 and one sentence', () => {
  const cases: [name: string, flags: string[], message: RegExp][] = [
    ['a public address without a key', ['--host', '0.0.0.0'], /--api-key/],
    ['a model that is not there', ['/no/such/model'], /no\/such\/model/],
    ['two models of one name', ['mini', 'mini'], /two models are called mini/],
    ['a key file that is not there', ['--api-key-file', '/no/such/file'], /no\/such\/file/],
    ['a size that is none', ['--max-body', 'much'], /number of bytes/],
  ]
  it.each(cases)('%s', async (_, flags, message) => {
    const child = spawn(process.execPath, [MAIN, 'serve', '--port', '0', '--threads', '1', ...flags])
    let err = ''
    child.stderr.on('data', (data: Buffer) => (err += data.toString()))
    const [code] = (await once(child, 'exit')) as [number]
    expect(err).toMatch(message)
    expect(err).not.toMatch(/^\s+at /m)
    expect(code).toBe(2)
  })
})
