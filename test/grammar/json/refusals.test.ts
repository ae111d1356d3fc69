import { describe, expect, it } from 'vitest'
import { UserError, type UserErrorCode } from '../../../src/errors.js'
import { jsonNode, schemaNode } from '../../../src/grammar/json/schema.js'
import type { JsonStyle } from '../../../src/grammar/json/style/options.js'

async function refusal(schema: unknown, style: JsonStyle = {}): Promise<{ code: UserErrorCode; message: string }> {
  const error: unknown = await schemaNode(schema, style).then(
    () => new Error('it is taken'),
    (reason: unknown) => reason,
  )
  expect(error, String(error)).toBeInstanceOf(UserError)
  return error as UserError
}

const nested = (keyword: string, depth: number): unknown =>
  JSON.parse(`{"${keyword}":`.repeat(depth) + '{}' + '}'.repeat(depth))

describe('what is malformed is refused with its place, what was expected and what was found', () => {
  it.each<[unknown, RegExp]>([
    [5, /#: expected a schema: an object, true or false, found 5/],
    [undefined, /found nothing/],
    [[], /found an empty array/],
    [
      { properties: { 'a/b': { type: 'strnig' } } },
      /#\/properties\/a~1b\/type: expected object, array.*found "strnig"/,
    ],
    [{ type: [] }, /#\/type: expected .* found an empty array/],
    [{ properties: null }, /#\/properties: expected an object, found null/],
    [{ properties: { a: 5 } }, /#\/properties\/a: expected a schema.*found 5/],
    [{ required: 5 }, /#\/required: expected an array, found 5/],
    [{ required: ['a', 5] }, /#\/required: expected an array of names, found 5/],
    [{ allOf: 5 }, /#\/allOf: expected an array, found 5/],
    [{ allOf: [{ required: 5 }] }, /#\/allOf\/0\/required/],
    [{ anyOf: [] }, /#\/anyOf: expected an array of schemas, found an empty array/],
    [{ enum: 5 }, /#\/enum: expected an array, found 5/],
    [{ items: { minItems: -1 } }, /#\/items\/minItems: expected a whole number from 0 on, found -1/],
    [{ type: 'string', maxLength: 1.5 }, /#\/maxLength/],
    [{ type: 'number', minimum: 'x' }, /#\/minimum: expected a number, found "x"/],
    [{ type: 'number', multipleOf: 0 }, /#\/multipleOf: expected a number above 0, found 0/],
    [{ uniqueItems: 'yes' }, /#\/uniqueItems: expected true or false/],
    [{ pattern: 5 }, /#\/pattern: expected a text/],
    [{ type: 'string', pattern: '(' }, /#\/pattern: regular expression "\("/],
    [{ type: 'object', patternProperties: { '(': {} } }, /#\/patternProperties\/\(: regular expression "\("/],
    [{ dependentRequired: { a: 5 } }, /#\/dependentRequired: expected arrays of names/],
    [{ dependencies: { a: 5 } }, /#\/dependencies/],
    [{ $id: 5 }, /#\/\$id: expected a text/],
    [{ $schema: 'https://example.org/draft' }, /#\/\$schema: expected a draft of json-schema.org/],
    [{ prefixItems: [{}], items: [{}] }, /#\/items: expected one schema next to prefixItems/],
  ])('%j', async (schema, message) => {
    const { code, message: found } = await refusal(schema)
    expect(found).toMatch(message)
    expect(code).toBe('invalid_grammar')
  })
})

describe('references that lead nowhere are refused', () => {
  it.each<[unknown, RegExp]>([
    [{ $ref: 5 }, /#\/\$ref: expected a text, found 5/],
    [{ $ref: '#/%' }, /#\/\$ref: "#\/%" is not in the schema/],
    [{ $ref: '#/$defs/none' }, /not in the schema/],
    [{ $ref: '#none' }, /not in the schema/],
    [{ $ref: 'https://example.org/schema' }, /no other document is loaded/],
    [{ $ref: 'http://[' }, /#\/\$ref: expected a URI/],
    [{ $ref: '#' }, /leads to itself/],
    [
      { $ref: '#/$defs/a', $defs: { a: { anyOf: [{ $ref: '#/$defs/b' }] }, b: { not: { $ref: '#/$defs/a' } } } },
      /leads to itself/,
    ],
    [{ $ref: '#/enum/0', enum: [5] }, /#\/enum\/0: expected a schema/],
    [
      { $dynamicRef: '#x', $defs: { a: { $id: 'a', $dynamicAnchor: 'x' }, b: { $dynamicAnchor: 'x' } } },
      /\$dynamicRef: expected one schema/,
    ],
    [{ $recursiveRef: 'x' }, /\$recursiveRef/],
  ])('%j', async (schema, message) => {
    expect((await refusal(schema)).message).toMatch(message)
  })
})

describe('what allows nothing is refused where it does', () => {
  it.each<[unknown, RegExp]>([
    [false, /#: .*no value meets false/],
    [{ enum: [] }, /#: .*enum/],
    [{ type: 'integer', minimum: 5, maximum: 4 }, /#: .*type, minimum, maximum/],
    [{ type: 'integer', exclusiveMinimum: 5, exclusiveMaximum: 6 }, /no value meets/],
    [{ allOf: [{ type: 'string' }, { type: 'integer' }] }, /allOf/],
    [
      { type: 'object', properties: { a: { type: 'string', minLength: 3, maxLength: 2 } }, required: ['a'] },
      /#\/properties\/a: .*minLength, maxLength/,
    ],
    [{ type: 'string', pattern: '^a{3}$', maxLength: 2 }, /pattern, maxLength/],
    [{ type: 'array', items: { $ref: '#' }, minItems: 1 }, /no value meets/],
    [{ type: 'object', properties: { a: { $ref: '#' } }, required: ['a'] }, /no value meets/],
    [{ type: 'array', items: { type: 'boolean' }, uniqueItems: true, minItems: 3 }, /uniqueItems/],
    [{ type: 'object', required: ['a'], maxProperties: 0 }, /maxProperties/],
    [{ type: 'array', contains: { type: 'string' }, items: { type: 'integer' } }, /contains/],
    [{ oneOf: [true, true] }, /oneOf/],
  ])('%j', async (schema, message) => {
    for (const properties of ['in-order', 'any'] as const)
      expect((await refusal(schema, { properties })).message).toMatch(message)
  })
})

describe('what cannot be enforced is refused', () => {
  it.each<[unknown, RegExp]>([
    [{ type: 'array', uniqueItems: true }, /#\/uniqueItems: expected items of which all values are listed/],
    [
      { type: 'object', properties: { x: { type: 'array', items: { type: 'string' }, uniqueItems: true } } },
      /#\/properties\/x\/uniqueItems/,
    ],
    [{ type: 'object', minProperties: 3 }, /#\/minProperties: .*other names may be written twice/],
    [{ not: { type: 'array', uniqueItems: true } }, /#\/not\/uniqueItems/],
    [{ not: { properties: { a: {} }, unevaluatedProperties: false } }, /#\/not\/unevaluatedProperties/],
    [{ type: 'object', not: { additionalProperties: { type: 'string' } } }, /additionalProperties/],
  ])('%j', async (schema, message) => {
    expect((await refusal(schema, { properties: 'any' })).message).toMatch(message)
  })
})

const PATTERNS = Array.from({ length: 60 }, (_, i) => `^p${i}_`)

describe('work is bounded', () => {
  it.each<[string, unknown]>([
    ['nesting of items', nested('items', 5000)],
    ['nesting of not', nested('not', 5000)],
    ['nesting of allOf', JSON.parse('{"allOf":[{"type":"object"},'.repeat(300) + '{}' + ']}'.repeat(300))],
    ['nesting of a constant', { const: JSON.parse('['.repeat(5000) + ']'.repeat(5000)) }],
    [
      'combinations',
      { allOf: Array.from({ length: 20 }, (_, i) => ({ anyOf: [{ required: [`a${i}`] }, { required: [`b${i}`] }] })) },
    ],
    ['counted items', { contains: { type: 'string' }, minContains: 100_000, maxContains: 1e9 }],
    ['classes of names', { patternProperties: Object.fromEntries(Array.from('abcdefgh', (char) => [char, {}])) }],
    ['patterns, each of which is quick', { patternProperties: Object.fromEntries(PATTERNS.map((name) => [name, {}])) }],
  ])('%s', async (_, schema) => {
    expect((await refusal(schema, { properties: 'any' })).code).toBe('grammar_too_complex')
  })

  it('never runs a pattern of the schema as an expression', async () => {
    const begin = performance.now()
    await schemaNode({ properties: { [`${'a'.repeat(41)}!`]: {} }, patternProperties: { '^(a+)+$': {} } })
    await schemaNode({ enum: [`${'a'.repeat(41)}!`, 'a'], pattern: '^(a+)+$' })
    expect(performance.now() - begin).toBeLessThan(5000)
  })

  it('lets others run meanwhile', async () => {
    const properties = Object.fromEntries(
      Array.from({ length: 5000 }, (_, i) => [`p${i}`, { type: 'array', items: { type: 'integer', minimum: i } }]),
    )
    let turns = 0
    const timer = setInterval(() => turns++, 1)
    await schemaNode({ type: 'object', properties })
    clearInterval(timer)
    expect(turns).toBeGreaterThan(2)
  })
})

describe('options', () => {
  it.each<[JsonStyle, RegExp]>([
    [{ whiteSpace: 11 }, /whiteSpace: expected .* found 11/],
    [{ whiteSpace: 'wide' as 'compact' }, /whiteSpace/],
    [{ properties: 'sorted' as 'any' }, /properties: expected in-order or any/],
    [{ digits: { whole: 0 } }, /digits.whole: expected a whole number from 1 to 300, found 0/],
    [{ digits: { exponent: 4 } }, /digits.exponent/],
  ])('%j', async (style, message) => {
    expect((await refusal({}, style)).message).toMatch(message)
    expect(() => jsonNode(style)).toThrow(message)
  })
})
