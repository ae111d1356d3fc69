import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { array, choice, jsonSchema, object, UserError } from '../../src/index.js'
import { PartialJson } from '../../src/agent/objects/partial-json.js'
import { answering, scriptedEngine } from './scripts.js'

describe('object', () => {
  const invoice = z.object({ number: z.string().max(9), total: z.number().min(0), tags: z.array(z.enum(['a', 'b'])) })
  const text = '{"number":"A 7","total":12.5,"tags":["a","b"]}'

  it('streams what is there, and gives the whole with its type', async () => {
    const generation = object(answering(text), invoice, 'Extract')
    const seen: unknown[] = []
    for await (const partial of generation) seen.push(partial)
    const { object: value, usage } = await generation.result
    expect(value.total.toFixed(1)).toBe('12.5')
    expect(value).toEqual(JSON.parse(text))
    expect(seen.at(-1)).toEqual(value)
    expect(usage).toMatchObject({ attempts: 1 })
  })

  it('holds the model to the schema, whatever it wants to say', async () => {
    const { object: value } = await object(answering('{"number":1,"x":2}'), invoice, 'Extract', { maxTokens: 400 })
      .result
    expect(invoice.safeParse(value).success).toBe(true)
  })

  it('tells the schema, unless it is not to', async () => {
    const asked: (string | null)[] = []
    const engine = scriptedEngine((prompt) => {
      if (typeof prompt !== 'string') asked.push(prompt.messages[0]!.content)
      return '{"a":1}'
    })
    const schema = z.object({ a: z.int().describe('the first') })
    await object(engine, schema, 'One').result
    await object(engine, schema, 'Two', { describe: false }).result
    expect(asked[0]).toMatch(/^One\n\nAnswer with JSON of this schema: .*"the first"/)
    expect(asked.at(-1)).toBe('Two')
  })

  it('asks again with what is wrong where the schema checks more than JSON Schema can say', async () => {
    const even = z.object({ n: z.int().refine((n) => n % 2 === 0, 'must be even') })
    const { object: value, usage, issues } = await object(answering('{"n":1}', '{"n":3}', '{"n":4}'), even, '?').result
    expect([value, usage.attempts]).toEqual([{ n: 4 }, 3])
    expect(issues[0]).toMatchObject([{ message: 'must be even', path: ['n'] }])
    const never = object(answering('{"n":1}'), even, '?', { retries: 1 }).result
    await expect(never).rejects.toThrow(/no answer passed the schema in 2 attempts: n: must be even; the last one was/)
  })

  it('gives what the schema makes of the answer: codecs and defaults', async () => {
    const date = z.codec(z.iso.date(), z.date(), { decode: (s) => new Date(s), encode: (d) => d.toISOString() })
    const schema = z.object({ when: date, note: z.string().default('none') })
    const { object: value } = await object(answering('{"when":"2026-11-27"}'), schema, '?').result
    expect(value.when.getUTCDate()).toBe(27)
    expect(value.note).toBe('none')
  })

  it('is typed by JSON Schema too, whose strings get a limit', async () => {
    const schema = jsonSchema<{ a: string }>({ type: 'object', properties: { a: { type: 'string' } }, required: ['a'] })
    const { object: value } = await object(answering(`{"a":"${'x'.repeat(50)}"}`), schema, '?', { maxLength: 20 })
      .result
    expect(value.a).toBe('x'.repeat(20))
  })

  it('says when an answer was cut off, and when it was aborted', async () => {
    const engine = answering(text)
    await expect(object(engine, invoice, '?', { maxTokens: 5 }).result).rejects.toThrow(
      /cut off after 5 tokens; try a larger maxTokens/,
    )
    const generation = object(engine, invoice, '?')
    for await (const partial of generation) if (partial) break
    await expect(generation.result).rejects.toMatchObject({ code: 'aborted' })
  })

  it.each([
    ['date', z.date(), /schema: a.b: JSON has no date; write z.iso.datetime/],
    ['bigint', z.array(z.bigint()), /schema: a.b\[\]: JSON has no bigint/],
    ['map', z.map(z.string(), z.int()), /schema: a.b: JSON has no map; write z.record/],
    ['set', z.set(z.int()), /JSON has no set; write z.array/],
    ['file', z.file(), /JSON has no file/],
    ['promise', z.promise(z.string()), /JSON has no promise/],
    ['custom', z.custom(() => true), /JSON has no custom/],
    ['a lazy one', z.lazy(() => z.tuple([z.int(), z.symbol()])), /a.b\[1\]: JSON has no symbol/],
    ['a union', z.union([z.int(), z.undefined()]), /a.b: JSON has no undefined/],
  ])('refuses what JSON has not, with its place: %s', (_, type, words) => {
    const schema = z.object({ a: z.object({ b: type }) })
    expect(() => object(answering(''), schema, '?')).toThrow(words)
  })

  it('refuses what cannot be enforced, with its place', async () => {
    const schema = { type: 'object', properties: { a: { not: {} } }, required: ['a'] }
    await expect(object(answering(''), schema, '?').result).rejects.toBeInstanceOf(UserError)
    const bare = { '~standard': { version: 1, vendor: 'valibot', validate: (value: unknown) => ({ value }) } } as const
    expect(() => object(answering(''), bare, '?')).toThrow(/wrap it in toStandardJsonSchema/)
  })
})

describe('array', () => {
  it('gives each item when it is whole and passed; the others are asked for again', async () => {
    const small = z.int().refine((n) => n < 10, 'must be below 10')
    const numbers = array(answering('[1,20,3]', '[2]'), small, 'Numbers')
    const seen: number[] = []
    for await (const number of numbers) seen.push(number)
    expect(seen).toEqual([1, 3, 2])
    expect((await numbers.result).usage.attempts).toBe(2)
  })

  it('is not longer than it may be', async () => {
    const { items } = await array(answering('[1,2,3,4]'), z.int(), '?', { maxItems: 2, minItems: 1 }).result
    expect(items).toHaveLength(2)
  })
})

describe('choice', () => {
  it('takes the likelier value, and says how likely each is', async () => {
    const { value, probabilities } = await choice(answering('yes'), ['no', 'yes', 'yesterday'], '?')
    expect(value).toBe('yes')
    expect([...probabilities.values()].reduce((a, b) => a + b, 0)).toBeCloseTo(1)
    expect((await choice(answering('12'), [1, 12], '?')).value).toBe(12)
  })

  it('refuses what is no choice', async () => {
    await expect(choice(answering(''), ['a'], '?')).rejects.toThrow(/two or more that differ; found \["a"\]/)
  })
})

describe('JSON that is being written', () => {
  it('has a value after each character, which only grows, and the whole in the end', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 4 }), fc.nat(4), (json, indent) => {
        const text = JSON.stringify(JSON.parse(json), null, indent)
        const partial = new PartialJson()
        for (const character of text) {
          partial.push(character)
          JSON.stringify(partial.value)
        }
        partial.push(' ')
        expect(JSON.stringify(partial.value)).toBe(JSON.stringify(JSON.parse(json)))
      }),
      { numRuns: 200 },
    )
  })

  it('lets texts grow, and holds back keys, numbers and words', () => {
    const partial = new PartialJson()
    const values = '{"ab": "x\\u00e9", "n": 12, "t": [true]}'.split('').map((character) => {
      partial.push(character)
      return JSON.stringify(partial.value)
    })
    const distinct = [...new Set(values.filter((value) => value !== undefined))]
    expect(distinct).toEqual([
      ...['{}', '{"ab":""}', '{"ab":"x"}', '{"ab":"xé"}', '{"ab":"xé","n":12}', '{"ab":"xé","n":12,"t":[]}'],
      '{"ab":"xé","n":12,"t":[true]}',
    ])
  })
})
