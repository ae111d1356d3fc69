import { Ajv2020 } from 'ajv/dist/2020.js'
import { beforeAll, describe, expect, it } from 'vitest'
import { UserError } from '../../src/errors.js'
import { Grammars } from '../../src/grammar/constraint.js'
import { jsonSchemaToEbnf } from '../../src/grammar/json-schema.js'
import { END, bytes, randomAnswers } from './vocabulary.js'

let grammars: Grammars
beforeAll(async () => {
  grammars = await Grammars.of(bytes, END + 1, new Set([END]))
})

const node = { type: 'object', properties: { next: { $ref: '#/$defs/node' }, v: { type: 'integer' } }, required: ['v'] }
const SCHEMAS: Record<string, unknown> = {
  'required and optional properties': {
    type: 'object',
    properties: { a: { type: 'integer' }, b: { type: 'string' }, c: { type: 'boolean' }, 'd "e"': { type: 'null' } },
    required: ['b'],
    additionalProperties: false,
  },
  'all optional': { type: 'object', properties: { a: { type: 'integer' }, b: { type: 'integer' } } },
  'any object': { type: 'object' },
  'a map': { type: 'object', additionalProperties: { type: 'number' }, maxProperties: 4 },
  anything: true,
  'a list of two to four': { type: 'array', items: { enum: ['x', 1, null, { k: [1] }] }, minItems: 2, maxItems: 4 },
  'a tuple': { type: 'array', prefixItems: [{ type: 'integer' }, { type: 'string' }, true], items: false, minItems: 1 },
  'a tuple and more': { prefixItems: [{ type: 'integer' }], items: { type: 'boolean' }, minItems: 3, maxItems: 5 },
  'a short string': { type: 'string', minLength: 2, maxLength: 5 },
  'a pattern': { type: 'string', pattern: '^[A-Z]{2}-\\d+("|\\\\|\\n)?$' },
  'a pattern somewhere': { type: 'string', pattern: 'a+b' },
  ...Object.fromEntries(
    [
      [0, 100],
      [-20, 7],
      [-305, -99],
      [18, 19],
      [999, 100001],
      [5, undefined],
      [undefined, -5],
    ].map(([minimum, maximum]) => [`integers from ${minimum} to ${maximum}`, { type: 'integer', minimum, maximum }]),
  ),
  ...Object.fromEntries(
    [
      [0, 1],
      [-1.5, 1.5],
      [0.1, 0.5],
      [-0.75, -0.7],
      [2, 2],
      [3.2, 17],
      [1, undefined],
    ].map(([minimum, maximum]) => [`numbers from ${minimum} to ${maximum}`, { type: 'number', minimum, maximum }]),
  ),
  'excluded bounds': { type: 'number', exclusiveMinimum: 0, exclusiveMaximum: 1 },
  'excluded whole bounds': { type: 'integer', exclusiveMinimum: 3, exclusiveMaximum: 5 },
  'either type': { type: ['string', 'integer', 'null'] },
  'any of': { anyOf: [{ type: 'integer' }, { type: 'object', properties: { x: { const: 'y' } }, required: ['x'] }] },
  'one of, told apart by a tag': {
    oneOf: ['a', 'b'].map((kind) => ({ type: 'object', properties: { kind: { const: kind } }, required: ['kind'] })),
  },
  'all of': { allOf: [{ type: 'integer', minimum: 3 }, { maximum: 9 }] },
  'a recursive reference': { $ref: '#/$defs/node', $defs: { node } },
  'a tree': {
    type: 'object',
    properties: { children: { type: 'array', items: { $ref: '#' } } },
    required: ['children'],
  },
  'an optional reference': { anyOf: [{ $ref: '#/$defs/node' }, { type: 'null' }], $defs: { node } },
  formats: {
    type: 'object',
    properties: Object.fromEntries(
      ['date', 'time', 'date-time', 'uuid', 'ipv4', 'email', 'uri', 'hostname'].map((format) => [
        format,
        { type: 'string', format },
      ]),
    ),
    required: ['date', 'time', 'date-time', 'uuid', 'ipv4', 'email', 'uri', 'hostname'],
  },
}

describe('a random answer validates', () => {
  const ajv = new Ajv2020({ strict: false, validateFormats: false })
  it.each(Object.entries(SCHEMAS))('%s', async (_, schema) => {
    const clean = JSON.parse(JSON.stringify(schema)) as object
    const validate = ajv.compile(clean)
    for (const text of await randomAnswers(grammars, { kind: 'json-schema', schema: clean }, 12)) {
      expect(() => JSON.parse(text) as unknown, text).not.toThrow()
      expect(validate(JSON.parse(text)), `${text}: ${JSON.stringify(validate.errors)}`).toBe(true)
    }
  })

  it('dates and addresses are ones that programs read', async () => {
    for (const text of await randomAnswers(grammars, { kind: 'json-schema', schema: SCHEMAS['formats'] }, 12)) {
      const value = JSON.parse(text) as Record<string, string>
      expect(new Date(value['date-time']!.replace(/(\.\d{3})\d+/, '$1')).getTime(), text).not.toBeNaN()
      expect(new Date(value['date']!).toISOString().slice(0, 10)).toBe(value['date'])
      expect(new URL(value['uri']!).protocol).toMatch(/^https?:$/)
    }
  })
})

describe('what is not supported is refused with its place', () => {
  it.each<[unknown, RegExp]>([
    [{ not: {} }, /#\/not/],
    [{ type: 'object', properties: { a: { contains: {} } } }, /#\/properties\/a\/contains/],
    [{ type: 'array', uniqueItems: true }, /uniqueItems/],
    [{ type: 'integer', multipleOf: 3 }, /multipleOf/],
    [{ type: 'strnig' }, /#\/type: expected object, array/],
    [{ $ref: 'https://example.org/schema' }, /\$ref/],
    [{ $ref: '#/$defs/none' }, /not in the schema/],
    [{ allOf: [{ type: 'string' }, { type: 'integer' }] }, /exclude each other/],
    [{ oneOf: [{ type: 'integer' }, { type: 'number' }] }, /oneOf/],
    [{ type: 'integer', minimum: 5, maximum: 4 }, /no whole number/],
    [{ type: 'string', pattern: '(?=a)' }, /look-around/],
    [{ type: 'string', pattern: '[z-a]' }, /does not rise/],
    [false, /nothing/],
    [[], /expected an object/],
    [{ enum: [] }, /no value/],
    [JSON.parse('{"items":'.repeat(100) + '{}' + '}'.repeat(100)), /nested/],
  ])('%j', (schema, message) => {
    expect(() => jsonSchemaToEbnf(schema)).toThrow(message)
    expect(() => jsonSchemaToEbnf(schema)).toThrow(UserError)
  })
})
