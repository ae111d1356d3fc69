// What a grammar costs per token, with a vocabulary of 151,936 tokens: `npm run build && node bench/grammar/run.mjs`.
// prepare runs while the backend computes; only mask and accept are in a step's way.
import { Grammars } from '../../dist/grammar/constraint.js'

const V = 151_936
const encoder = new TextEncoder()
let state = 1
const random = () => (state = (state * 48271) % 2147483647) / 2147483647
// As byte-pair vocabularies are: mostly word pieces, one in twelve with signs in it.
const letters = 'etaoinshrdlcumwfgypbvkjxqzETAOINSHRDLC'
const signs = '.,":{}[]0123456789_-+*/()<>=;#'
const pick = (from) => from[Math.floor(random() * from.length)]
const pieces = Array.from({ length: V - 1 }, (_, id) => {
  if (id < 256) return Uint8Array.of(id)
  const from = random() < 1 / 12 ? letters + signs : letters
  const text = Array.from({ length: 1 + Math.floor(random() * 9) }, () => pick(from)).join('')
  return encoder.encode(random() < 0.5 ? ` ${text}` : text)
})
const tokenizer = { vocabSize: V, eosIds: [V - 1], idOf: () => undefined, bytesOf: (id) => pieces[id] }

const schema = {
  type: 'object',
  properties: {
    name: { type: 'string' },
    age: { type: 'integer', minimum: 0, maximum: 150 },
    tags: { type: 'array', items: { type: 'string' } },
    address: {
      type: 'object',
      properties: { street: { type: 'string' }, city: { type: 'string' } },
      required: ['street', 'city'],
    },
  },
  required: ['name', 'age', 'tags', 'address'],
}
const answer = JSON.stringify({
  name: 'Ada Lovelace',
  age: 36,
  tags: ['mathematics', 'analytical engine'],
  address: { street: "12 St James's Square", city: 'London' },
})

const median = (values) => values.sort((a, b) => a - b)[values.length >> 1]
let started = performance.now()
const grammars = await Grammars.of(tokenizer, V, new Set([V - 1]))
console.log(`vocabulary read in ${(performance.now() - started).toFixed(0)} ms, once for a model`)
for (const [name, spec] of [
  ['a schema', { kind: 'json-schema', schema }],
  ['any JSON object', { kind: 'json' }],
]) {
  started = performance.now()
  const first = await grammars.constraint(spec)
  const compiled = performance.now() - started
  first.close()
  const times = { prepare: [], mask: [], accept: [] }
  for (let round = 0; round < 5; round++) {
    const constraint = await grammars.constraint(spec)
    const scores = new Float32Array(V)
    for (const byte of encoder.encode(answer)) {
      const clock = [performance.now()]
      await constraint.prepare()
      clock.push(performance.now())
      constraint.mask(scores)
      clock.push(performance.now())
      constraint.accept(byte)
      clock.push(performance.now())
      Object.keys(times).forEach((key, i) => times[key].push(clock[i + 1] - clock[i]))
    }
    constraint.close()
  }
  const text = Object.entries(times).map(([key, values]) => `${key} ${(median(values) * 1000).toFixed(0)} us`)
  console.log(`${name}: compiled in ${compiled.toFixed(0)} ms; medians per token: ${text.join(', ')}`)
}
