import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { beforeAll, describe, expect, it } from 'vitest'
import { seededRandom } from '../../src/engine/sample/random.js'
import { UserError } from '../../src/errors.js'
import { Grammars, type GrammarSpec } from '../../src/grammar/constraint.js'
import { jsonSchemaToEbnf } from '../../src/grammar/json-schema.js'
import { END, bytes, randomAnswer } from './vocabulary.js'

let grammars: Grammars
beforeAll(async () => {
  grammars = await Grammars.of(bytes, END + 1, new Set([END]))
})

async function answers(spec: GrammarSpec, count: number): Promise<string[]> {
  const random = seededRandom(7)
  const all: string[] = []
  for (let i = 0; i < count; i++) {
    const constraint = await grammars.constraint(spec)
    all.push(await randomAnswer(constraint, random))
    constraint.close()
  }
  return all
}

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
    for (const text of await answers({ kind: 'json-schema', schema: clean }, 12)) {
      expect(() => JSON.parse(text) as unknown, text).not.toThrow()
      expect(validate(JSON.parse(text)), `${text}: ${JSON.stringify(validate.errors)}`).toBe(true)
    }
  })

  it('dates and addresses are ones that programs read', async () => {
    for (const text of await answers({ kind: 'json-schema', schema: SCHEMAS['formats'] }, 12)) {
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

const suite = fileURLToPath(new URL('../../../shared/real/json-schema/draft2020-12/', import.meta.url))
const there = existsSync(suite)

interface Group {
  readonly description: string
  readonly schema: unknown
  readonly tests: readonly { readonly data: unknown; readonly valid: boolean }[]
}

describe('JSON-Schema-Test-Suite, draft 2020-12', () => {
  if (!there) console.log('skipped: the test suite is not beside the project')
  it.skipIf(!there)('every schema gives answers that validate, or is refused', { timeout: 120_000 }, async () => {
    const ajv = new Ajv2020({ strict: false, validateFormats: false, logger: false })
    const refused = new Map<string, number>()
    let supported = 0
    for (const file of readdirSync(suite).filter((name) => name.endsWith('.json'))) {
      const groups = JSON.parse(readFileSync(suite + file, 'utf8')) as Group[]
      for (const { description, schema, tests } of groups) {
        let texts: string[]
        try {
          texts = await answers({ kind: 'json-schema', schema }, 3)
        } catch (error) {
          if (!(error instanceof UserError)) throw error
          refused.set(file, (refused.get(file) ?? 0) + 1)
          continue
        }
        const validate = ajv.compile(schema as object)
        // Where the validator itself fails the suite (a property called __proto__) it proves nothing.
        if (tests.some(({ data, valid }) => validate(data) !== valid)) continue
        supported++
        for (const text of texts)
          expect(validate(JSON.parse(text)), `${file}, ${description}: ${text.slice(0, 300)}`).toBe(true)
      }
    }
    console.log(`${supported} schemas supported; refused: ${[...refused].map(([f, n]) => `${f} ${n}`).join(', ')}`)
    expect(supported).toBeGreaterThan(150)
  })
})
