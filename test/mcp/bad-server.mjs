// An MCP server over standard input and output, that does what its argument says: well, or as servers do that go wrong.
import { spawn } from 'node:child_process'
import { existsSync, writeFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { setInterval } from 'node:timers'

const [how, file] = process.argv.slice(2)
const send = (message) => process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`)
const text = (value) => ({ content: [{ type: 'text', text: value }] })
const object = (properties, required = Object.keys(properties)) => ({ type: 'object', properties, required })

const TOOLS = [
  { name: 'add', description: 'Adds', inputSchema: object({ a: { type: 'number' }, b: { type: 'number' } }) },
  { name: 'add.2', description: `${'long '.repeat(400)}`, inputSchema: { type: 'object' } },
  { name: 'add 2', description: 'turned \u202e around', inputSchema: { type: 'object', if: { nonsense: 1 } } },
  { name: 'big', inputSchema: object({ bytes: { type: 'integer' } }) },
  { name: 'fail', inputSchema: { type: 'object' } },
  { name: 'die', inputSchema: { type: 'object' } },
  { name: 'hang', inputSchema: { type: 'object' } },
  { name: 'slow', inputSchema: { type: 'object' } },
  { name: 'media', inputSchema: { type: 'object' } },
  { name: 'environment', inputSchema: { type: 'object' } },
]

const CALLS = {
  add: ({ a, b }) => text(String(a + b)),
  'add.2': () => ({ content: [], structuredContent: { sum: 2 } }),
  'add 2': () => text('turned'),
  big: ({ bytes }) => text('x'.repeat(bytes)),
  fail: () => ({ ...text('Access denied - path outside allowed directories'), isError: true }),
  die: () => {
    process.stderr.write('I have seen enough\n')
    process.exit(3)
  },
  environment: () => text(Object.keys(process.env).sort().join(' ')),
  media: () => ({
    content: [
      { type: 'image', mimeType: 'image/png', data: 'A'.repeat(4000) },
      { type: 'resource_link', name: 'notes', uri: 'file:///notes' },
      { type: 'resource', resource: { uri: 'file:///a', text: 'inside' } },
    ],
  }),
  slow: async (_, meta) => {
    for (let progress = 1; progress <= 3; progress++)
      send({ method: 'notifications/progress', params: { progressToken: meta.progressToken, progress, total: 3 } })
    return text('done')
  },
  hang: () => new Promise(() => undefined),
}

if (how === 'dies') {
  process.stderr.write('no licence\n')
  process.exit(1)
}
// The first time it dies in its first call, the second time it does not.
const diesOnce = how === 'dies-once' && !existsSync(file)
if (how === 'family') {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => 0, 1000)'], { stdio: 'ignore' })
  writeFileSync(file, String(child.pid))
  // Does not end with its input either.
  setInterval(() => 0, 1000)
}
if (how === 'floods') for (let i = 0; i < 2000; i++) process.stderr.write(`${'noise '.repeat(20)}\n`)

createInterface({ input: process.stdin }).on('line', async (line) => {
  const { id, method, params } = JSON.parse(line)
  if (method === 'notifications/cancelled' && file) writeFileSync(file, 'cancelled')
  if (id === undefined) return
  if (method === 'initialize') {
    const { protocolVersion } = params
    send({ id, result: { protocolVersion, capabilities: { tools: {} }, serverInfo: { name: 'bad', version: '1' } } })
  } else if (method === 'tools/list') send({ id, result: { tools: TOOLS } })
  else if (method === 'tools/call') {
    if (diesOnce) {
      writeFileSync(file, '')
      process.exit(3)
    }
    send({ id, result: await CALLS[params.name](params.arguments ?? {}, params._meta ?? {}) })
  } else send({ id, error: { code: -32601, message: 'no such method' } })
})
