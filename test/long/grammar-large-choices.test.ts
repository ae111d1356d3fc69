// Thousands of alternatives that begin alike: each of them can be said.
import { expect, it } from 'vitest'
import { compileGrammar } from '../../src/grammar/compile.js'

const numbers = (count: number): number[] => Array.from({ length: count }, (_, i) => i)

it.each(['flexible', 'compact', 2] as const)(
  'takes each of ten thousand objects (white space %s)',
  async (whiteSpace) => {
    const schema = { enum: numbers(10_000).map((a) => ({ a, list: [a, a] })) }
    const grammar = await compileGrammar({ kind: 'json-schema', schema, whiteSpace })
    const write = (value: unknown): string => JSON.stringify(value, null, whiteSpace === 2 ? 2 : 0)
    for (const a of [0, 1, 10, 4999, 9999]) {
      expect(grammar.accepts(write({ a, list: [a, a] }))).toBe(true)
      expect(grammar.accepts(write({ a, list: [a, a + 1] }))).toBe(false)
    }
  },
)

it('takes each of three thousand tagged objects', async () => {
  const oneOf = numbers(3000).map((i) => ({
    type: 'object',
    properties: { kind: { const: `k${i}` }, [`v${i}`]: { type: 'string' } },
    required: ['kind', `v${i}`],
    additionalProperties: false,
  }))
  const grammar = await compileGrammar({ kind: 'json-schema', schema: { oneOf } })
  for (const i of [0, 1, 1234, 2999]) {
    expect(grammar.accepts(`{"kind": "k${i}", "v${i}": "x"}`)).toBe(true)
    expect(grammar.accepts(`{"kind": "k${i}", "v${i + 1}": "x"}`)).toBe(false)
  }
})

it('takes arrays that are beginnings of each other', async () => {
  const schema = { enum: numbers(400).map((length) => numbers(length)) }
  const grammar = await compileGrammar({ kind: 'json-schema', schema })
  for (const length of [0, 1, 199, 200, 201, 399]) expect(grammar.accepts(JSON.stringify(numbers(length)))).toBe(true)
  expect(grammar.accepts('[0,2]')).toBe(false)
})
