// The client that does its worst, in a thread of its own: its work is not to delay the clients that are measured. It sends its requests
// again and again, four at once, until it is told to end, and then says what became of each kind.
import { setMaxListeners } from 'node:events'
import { connect } from 'node:net'
import { parentPort, workerData } from 'node:worker_threads'

const { url, key, only } = workerData
const STALLED = 40
const headers = { 'content-type': 'application/json', authorization: `Bearer ${key}` }

/** What the other client sends, again and again, as much at once as it can. */
const properties = (count) => Object.fromEntries(Array.from({ length: count }, (_, i) => [`p${i}`, { type: 'string' }]))
const schemas = {
  'a pattern that goes back and forth': {
    properties: { [`${'a'.repeat(40)}!`]: {} },
    patternProperties: { '^(a+)+$': {} },
  },
  '5,000 properties': { type: 'object', properties: properties(5000), required: Object.keys(properties(5000)) },
  '4,000 alternatives': {
    anyOf: Array.from({ length: 4000 }, (_, i) => ({ type: 'object', properties: { kind: { const: `k${i}` } } })),
  },
  '50,000 values': { enum: Array.from({ length: 50_000 }, (_, i) => `value ${i}`) },
  'many counted repetitions': { type: 'string', pattern: `^${'(a?b{0,900}c?){0,900}'.repeat(8)}$` },
  'deep nesting': Array.from({ length: 12 }).reduce(
    (inner) => ({ type: 'object', properties: { a: inner, b: inner } }),
    {},
  ),
}
const chat = (more) => ({ model: 'bench', messages: [{ role: 'user', content: 'hi' }], max_tokens: 3, ...more })
const all = [
  ...Object.entries(schemas).map(([name, schema]) => ({
    name: `schema: ${name}`,
    body: () =>
      JSON.stringify(
        chat({
          response_format: {
            type: 'json_schema',
            json_schema: { name: 'x', schema: { ...schema, title: String(Math.random()) } },
          },
        }),
      ),
  })),
  {
    name: 'an expression',
    body: () => JSON.stringify(chat({ response_format: { type: 'regex', pattern: '(?:){1000}' } })),
  },
  {
    name: '20,000 words',
    body: () =>
      JSON.stringify(
        chat({
          response_format: {
            type: 'ebnf',
            grammar: `root ::= ${Array.from({ length: 20_000 }, (_, i) => `"w${i}"`).join(' | ')}`,
          },
        }),
      ),
  },
  {
    name: 'a prompt of 3.9 MB',
    body: () => JSON.stringify(chat({ messages: [{ role: 'user', content: 'a'.repeat(3.9e6) }] })),
  },
  {
    name: 'a text of 3.9 MB to tokenize',
    path: '/tokenize',
    body: () => JSON.stringify({ model: 'bench', prompt: 'é a'.repeat(9.7e5) }),
  },
  { name: '1.3 million lists', body: () => `{"model":"bench","messages":[${'[],'.repeat(1.3e6)}[]]}` },
  {
    name: 'two million numbers',
    path: '/v1/completions',
    body: () => `{"model":"bench","prompt":[${'1,'.repeat(1.9e6)}1]}`,
  },
  {
    name: '50,000 empty parts',
    body: () => JSON.stringify(chat({ messages: [{ role: 'user', content: Array(45_000).fill({}) }] })),
  },
]
const attacks = all.filter(({ name }) => name.includes(only))

async function attack(url, { path = '/v1/chat/completions', body }, signal) {
  const started = performance.now()
  try {
    const response = await fetch(url + path, { method: 'POST', headers, body: body(), signal })
    await response.text()
    return { status: response.status, ms: performance.now() - started }
  } catch {
    return { status: 0, ms: performance.now() - started }
  }
}

/** A body that is announced and does not come. */
function stall(url, signal) {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname, () => {
    socket.write(
      `POST /v1/chat/completions HTTP/1.1\r\nhost: ${hostname}\r\nauthorization: Bearer ${key}\r\ncontent-type: application/json\r\ncontent-length: 3900000\r\n\r\n{"model":`,
    )
  })
  socket.on('error', () => undefined)
  signal.addEventListener('abort', () => socket.destroy())
}

const controller = new globalThis.AbortController()
setMaxListeners(100, controller.signal)
const attacked = {}
async function worst(first) {
  for (let i = first; !controller.signal.aborted; i++) {
    const chosen = attacks[i % attacks.length]
    const { status, ms } = await attack(url, chosen, controller.signal)
    const row = (attacked[chosen.name] ??= { count: 0, statuses: {}, longestMs: 0 })
    row.count++
    row.statuses[status] = (row.statuses[status] ?? 0) + 1
    row.longestMs = Math.max(row.longestMs, ms)
  }
}
parentPort.once('message', () => controller.abort())
for (let i = 0; i < STALLED; i++) stall(url, controller.signal)
await Promise.all([0, 3, 6, 9].map(worst))
parentPort.postMessage(attacked)
