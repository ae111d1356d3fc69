// Schemas of arktype and valibot, as tools and as typed objects: enforced while they are written, checked after, or refused by name.
import { toStandardJsonSchema } from '@valibot/to-json-schema'
import { type } from 'arktype'
import * as v from 'valibot'
import { describe, expect, expectTypeOf, it } from 'vitest'
import { agent, loadEngine, object, tool, type Schema } from '../../src/index.js'
import { drawn } from '../agent/drawn.js'
import { answering, callText, resultsOf } from '../agent/scripts.js'

const VALIBOT = {
  string: v.object({ value: v.pipe(v.string(), v.maxLength(8)) }),
  email: v.object({ value: v.pipe(v.string(), v.email()) }),
  uuid: v.object({ value: v.pipe(v.string(), v.uuid()) }),
  'iso date': v.object({ value: v.pipe(v.string(), v.isoDate()) }),
  integer: v.object({ value: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(6)) }),
  boolean: v.object({ value: v.boolean() }),
  literal: v.object({ value: v.literal('a') }),
  picklist: v.object({ value: v.picklist(['red', 'green']) }),
  nullable: v.object({ value: v.nullable(v.literal('b')) }),
  optional: v.object({ value: v.optional(v.boolean()) }),
  default: v.object({ value: v.optional(v.boolean(), true) }),
  array: v.object({ value: v.pipe(v.array(v.boolean()), v.maxLength(3)) }),
  tuple: v.object({ value: v.tuple([v.boolean(), v.literal(1)]) }),
  record: v.object({ value: v.record(v.pipe(v.string(), v.maxLength(4)), v.boolean()) }),
  union: v.object({ value: v.union([v.boolean(), v.literal('none')]) }),
  variant: v.object({
    value: v.variant('kind', [v.object({ kind: v.literal('a'), a: v.boolean() }), v.object({ kind: v.literal('b') })]),
  }),
  strict: v.object({ value: v.strictObject({ a: v.boolean() }) }),
  regex: v.object({ value: v.pipe(v.string(), v.regex(/^[a-f]{2,4}$/)) }),
}

const ARKTYPE = {
  string: type({ value: 'string <= 8' }),
  email: type({ value: 'string.email' }),
  uuid: type({ value: 'string.uuid.v4' }),
  integer: type({ value: '1 <= number.integer <= 6' }),
  divisible: type({ value: '0 <= number % 5 <= 100' }),
  boolean: type({ value: 'boolean' }),
  literal: type({ value: "'a'" }),
  enumerated: type({ value: type.enumerated('red', 'green', 1) }),
  nullable: type({ value: "'b' | null" }),
  optional: type({ 'value?': 'boolean' }),
  array: type({ value: 'boolean[] <= 3' }),
  tuple: type({ value: ['boolean', '1'] }),
  union: type({ value: "boolean | 'none'" }),
  discriminated: type({ value: type({ kind: "'a'", a: 'boolean' }).or({ kind: "'b'" }) }),
  nested: type({ value: { a: { b: 'boolean' } } }),
  regex: type({ value: '/^[a-f]{2,4}$/' }),
}

const engine = await loadEngine('mini', { threads: 1 })
const cases = [
  ...Object.entries(VALIBOT).map(
    ([name, schema]) => [`valibot ${name}`, toStandardJsonSchema(schema) as Schema] as const,
  ),
  ...Object.entries(ARKTYPE).map(([name, schema]) => [`arktype ${name}`, schema as unknown as Schema] as const),
]

it.each(cases)('%s: what the model writes passes', async (name, schema) => {
  // Of addresses the libraries check more than JSON Schema can say.
  const retries = name.endsWith('email') ? 9 : 0
  const options = { temperature: 1, describe: false, retries, maxLength: 40, maxTokens: 1800 }
  const found = await drawn(
    4,
    async (seed) => (await object(engine, schema, 'hello', { ...options, seed }).result).object,
  )
  for (const one of found) expect(one).toBeTypeOf('object')
})

const Age = v.object({ age: v.pipe(v.number(), v.integer()) })

it('gives what schemas make of it, with its type', async () => {
  const Even = v.object({
    n: v.pipe(
      v.number(),
      v.check((n) => n % 2 === 0, 'must be even'),
      v.transform(String),
    ),
  })
  const said = object(answering('{"n":3}', '{"n":4}'), toStandardJsonSchema(Even), '?')
  const { object: found, usage } = await said.result
  expectTypeOf(found).toEqualTypeOf<{ n: string }>()
  expect([found, usage.attempts]).toEqual([{ n: '4' }, 2])
  const ark = await object(answering('{"n":4}'), type({ n: 'number' }), '?').result
  expectTypeOf(ark.object).toEqualTypeOf<{ n: number }>()
})

describe.each([
  ['valibot', toStandardJsonSchema(Age)],
  ['arktype', type({ age: 'number.integer' })],
])('tools with %s', (_, parameters) => {
  it('get arguments that fit; what does not is told to the model', async () => {
    const ages: number[] = []
    const birthday = tool({
      name: 'birthday',
      parameters: parameters as ReturnType<typeof toStandardJsonSchema<typeof Age>>,
      execute: ({ age }) => ages.push(age),
    })
    const said = answering(callText('birthday', { age: 'old' }), callText('birthday', { age: 7 }), 'Done.')
    const { messages } = await agent(said, { tools: [birthday] }).run('?').result
    expect(resultsOf(messages)).toEqual([expect.stringMatching(/^The arguments do not fit: age: .*number/i), '1'])
    expect(ages).toEqual([7])
  })
})

it.each([
  [
    'a date of valibot',
    () => toStandardJsonSchema(v.object({ a: v.array(v.object({ when: v.date() })) })),
    /a\[\]\.when: .*"date"/,
  ],
  ['a bigint of valibot', () => toStandardJsonSchema(v.object({ n: v.nullable(v.bigint()) })), /n: .*"bigint"/],
  ['names from a list of valibot', () => toStandardJsonSchema(v.record(v.picklist(['a']), v.any())), /"record"/],
  ['a schema of valibot that is not wrapped', () => v.object({ n: v.number() }), /toStandardJsonSchema/],
  ['a date of arktype', () => type({ a: type({ when: 'Date' }).array() }), /a\[\]\.when: JSON has no Date/],
  ['a bigint of arktype', () => type({ n: 'bigint | null' }), /n: JSON has no bigint/],
  ['a map of arktype', () => type({ t: ['string', 'Map'] }), /t\[1\]: JSON has no Map/],
  ['undefined of arktype', () => type({ n: 'string | undefined' }), /n: JSON has no undefined/],
])('refuses %s, with its place', (_, schema, words) => {
  expect(() => object(answering(''), schema() as unknown as Schema, '?')).toThrow(words)
})
