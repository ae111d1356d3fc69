import { describe, expect, it } from 'vitest'
import type { JsonStyle } from '../../../src/grammar/json/style/options.js'
import { accepts, automatonOf } from './texts.js'

const LONG: unknown[] = Array.from({ length: 200 }, (_, i) => i)

interface Case {
  readonly schema: unknown
  readonly valid: readonly unknown[]
  readonly invalid: readonly unknown[]
}

/** What every keyword lets through where any order is allowed, and what not. */
const CASES: Readonly<Record<string, Case>> = {
  type: { schema: { type: ['integer', 'null'] }, valid: [1, -3, null, 1e21], invalid: [1.5, 'a', true, [], {}] },
  const: { schema: { const: { a: [1, { b: null }] } }, valid: [{ a: [1, { b: null }] }], invalid: [{}, { a: [1] }, 1] },
  'const in any order': {
    schema: { const: { a: 1, b: 2 } },
    valid: [{ b: 2, a: 1 }],
    invalid: [{ a: 1 }, { a: 2, b: 2 }],
  },
  'enum with bounds': {
    schema: { enum: [1, 5, 'x', 9], minimum: 4, type: 'number' },
    valid: [5, 9],
    invalid: [1, 'x'],
  },
  'enum with a pattern': { schema: { enum: ['ab', 'ba', 3], pattern: '^a' }, valid: ['ab', 3], invalid: ['ba'] },
  'const and enum': { schema: { const: 2, enum: [1, 2] }, valid: [2], invalid: [1] },
  lengths: { schema: { type: 'string', minLength: 2, maxLength: 3 }, valid: ['ab', '😀é"'], invalid: ['a', 'abcd'] },
  'a length beyond counting': { schema: { type: 'string', maxLength: 1e15 }, valid: ['', 'abc'], invalid: [1] },
  'a pattern and a length': {
    schema: { type: 'string', pattern: '^a+$', maxLength: 3 },
    valid: ['a', 'aaa'],
    invalid: ['aaaa', 'b'],
  },
  'a pattern of nothing': { schema: { type: 'string', pattern: '^$' }, valid: [''], invalid: ['a', '\n'] },
  'a pattern of one line': { schema: { type: 'string', pattern: '^.*$' }, valid: ['', 'ab'], invalid: ['a\nb'] },
  'a pattern of any text': { schema: { type: 'string', pattern: '.*$' }, valid: ['', 'a\nb'], invalid: [1] },
  'a pattern and a format': {
    schema: { type: 'string', format: 'date', pattern: '^2' },
    valid: ['2026-02-28', '2024-02-29'],
    invalid: ['1999-01-01', '2026-02-30', '2'],
  },
  'a format that a pattern contradicts': {
    schema: { type: 'string', format: 'date', pattern: '^x+$' },
    valid: ['xx'],
    invalid: ['2026-02-28'],
  },
  'templates of addresses': {
    schema: { type: 'string', format: 'uri-template' },
    valid: ['/users/{id}'],
    invalid: ["/users'/{id}"],
  },
  'unknown formats': { schema: { type: 'string', format: 'constructor' }, valid: ['anything'], invalid: [5] },
  'a format called __proto__': { schema: { type: 'string', format: '__proto__' }, valid: ['anything'], invalid: [5] },
  'not a pattern': { schema: { type: 'string', not: { pattern: 'b' } }, valid: ['', 'aac'], invalid: ['abc'] },
  'not a text': { schema: { type: 'string', not: { enum: ['a', 'b'] } }, valid: ['', 'c', 'ab'], invalid: ['a', 'b'] },
  'not a long array': {
    schema: { type: 'array', not: { const: LONG } },
    valid: [LONG.slice(1), [...LONG, 0], LONG.with(150, 0), LONG.with(0, 'a'), [], LONG.with(199, 198.5)],
    invalid: [LONG, {}],
  },
  'not a number': { schema: { type: 'integer', not: { const: 3 } }, valid: [2, 4, -3], invalid: [3] },
  'not whole': { schema: { type: 'number', not: { type: 'integer' } }, valid: [0.5, -1.25], invalid: [1, 0] },
  'not a type': { schema: { not: { type: ['object', 'array'] } }, valid: [1, 'a', null, false], invalid: [[], {}] },
  'not a bound': { schema: { type: 'number', not: { minimum: 3 } }, valid: [2.5, -1], invalid: [3, 4] },
  'not an object': {
    schema: { not: { type: 'object', properties: { a: { type: 'string' } }, required: ['a'] } },
    valid: [1, {}, { a: 1 }, { b: 'x' }],
    invalid: [{ a: 'x' }],
  },
  items: {
    schema: { type: 'array', items: { type: 'boolean' }, minItems: 1 },
    valid: [[true], [true, false]],
    invalid: [[], [1]],
  },
  prefixItems: {
    schema: { type: 'array', prefixItems: [{ type: 'integer' }, { type: 'string' }], items: { type: 'null' } },
    valid: [[], [1], [1, 'a'], [1, 'a', null, null]],
    invalid: [['a'], [1, 2], [1, 'a', 3]],
  },
  'items as a list': {
    schema: { type: 'array', items: [{ type: 'integer' }], additionalItems: { type: 'boolean' } },
    valid: [[], [1], [1, true]],
    invalid: [['a'], [1, 2]],
  },
  contains: {
    schema: { type: 'array', contains: { type: 'integer' } },
    valid: [[1], ['a', 1, 'b']],
    invalid: [[], ['a']],
  },
  'contains, counted': {
    schema: { type: 'array', contains: { const: 1 }, minContains: 2, maxContains: 3, maxItems: 5 },
    valid: [
      [1, 1],
      [1, 0, 1, 1, 0],
    ],
    invalid: [[1], [1, 1, 1, 1], [1, 1, 0, 0, 0, 0]],
  },
  'contains none': {
    schema: { type: 'array', not: { contains: { type: 'string' } } },
    valid: [[], [1]],
    invalid: [['a'], [1, 'a']],
  },
  uniqueItems: {
    schema: { type: 'array', uniqueItems: true, items: { enum: ['a', 'b', 1] }, minItems: 1 },
    valid: [['a'], ['b', 'a'], [1, 'a', 'b']],
    invalid: [[], ['a', 'a'], ['c']],
  },
  'uniqueItems of a tuple': {
    schema: { type: 'array', uniqueItems: true, prefixItems: [{ type: 'boolean' }, { type: 'boolean' }], items: false },
    valid: [[], [true], [true, false]],
    invalid: [
      [true, true],
      [true, false, true],
    ],
  },
  properties: {
    schema: { type: 'object', properties: { a: { type: 'integer' }, b: {} }, required: ['b'] },
    valid: [{ b: 1 }, { b: 1, a: 1 }, { c: 2, b: [] }],
    invalid: [{ a: 1 }, { a: 'x', b: 1 }, []],
  },
  'names of prototypes': {
    schema: { type: 'object', required: ['__proto__', 'constructor'], additionalProperties: { type: 'integer' } },
    valid: [JSON.parse('{"__proto__":1,"constructor":2}')],
    invalid: [{}, JSON.parse('{"__proto__":1}'), JSON.parse('{"__proto__":"a","constructor":2}')],
  },
  additionalProperties: {
    schema: { type: 'object', properties: { a: { type: 'string' } }, additionalProperties: { type: 'integer' } },
    valid: [{}, { a: 'x', b: 1 }, { aa: 1 }],
    invalid: [{ a: 1 }, { b: 'x' }],
  },
  patternProperties: {
    schema: {
      type: 'object',
      patternProperties: { '^a': { type: 'integer' }, z$: { minimum: 5 } },
      additionalProperties: false,
    },
    valid: [{}, { a: 1 }, { z: 7 }, { az: 6 }, { z: 'x' }],
    invalid: [{ a: 'x' }, { az: 4 }, { az: 'x' }, { b: 1 }, { z: 1 }],
  },
  'patternProperties and properties': {
    schema: { type: 'object', properties: { ab: { minimum: 3 } }, patternProperties: { '^a': { type: 'integer' } } },
    valid: [{ ab: 3 }, { ac: 1 }, { b: 'x' }],
    invalid: [{ ab: 1 }, { ab: 3.5 }, { ac: 'x' }],
  },
  propertyNames: {
    schema: { type: 'object', propertyNames: { pattern: '^[a-c]+$', maxLength: 2 } },
    valid: [{}, { a: 1, bc: 2 }],
    invalid: [{ d: 1 }, { abc: 1 }],
  },
  'propertyNames, listed': {
    schema: {
      type: 'object',
      propertyNames: { enum: ['x', 'y'] },
      additionalProperties: { type: 'integer' },
      minProperties: 2,
    },
    valid: [
      { x: 1, y: 2 },
      { y: 1, x: 2 },
    ],
    invalid: [{ x: 1 }, { x: 1, z: 2 }, { x: 1, y: 'a' }],
  },
  'counts of properties': {
    schema: {
      type: 'object',
      properties: { a: {}, b: {}, c: {} },
      minProperties: 2,
      maxProperties: 2,
      additionalProperties: false,
    },
    valid: [
      { a: 1, b: 1 },
      { c: 1, a: 1 },
    ],
    invalid: [{ a: 1 }, { a: 1, b: 1, c: 1 }],
  },
  'at least one property': {
    schema: { type: 'object', minProperties: 1 },
    valid: [{ a: 1 }, { a: 1, b: 2 }],
    invalid: [{}],
  },
  dependentRequired: {
    schema: { type: 'object', dependentRequired: { a: ['b'] } },
    valid: [{}, { b: 1 }, { a: 1, b: 1 }],
    invalid: [{ a: 1 }],
  },
  dependentSchemas: {
    schema: { dependentSchemas: { a: { properties: { b: { type: 'integer' } }, required: ['b'] } } },
    valid: [1, {}, { b: 'x' }, { a: 1, b: 1 }],
    invalid: [{ a: 1 }, { a: 1, b: 'x' }],
  },
  dependencies: {
    schema: { type: 'object', dependencies: { a: ['b'], c: { required: ['d'] } } },
    valid: [{}, { a: 1, b: 1 }, { c: 1, d: 1 }],
    invalid: [{ a: 1 }, { c: 1 }],
  },
  allOf: {
    schema: {
      allOf: [
        { properties: { a: { type: 'integer' } } },
        { properties: { a: { minimum: 3 } }, additionalProperties: false },
      ],
      type: 'object',
    },
    valid: [{}, { a: 3 }],
    invalid: [{ a: 1 }, { a: 3.5 }, { b: 1 }],
  },
  anyOf: {
    schema: { anyOf: [{ type: 'integer' }, { minLength: 2 }], type: ['number', 'string'] },
    valid: [1, 'ab', 1.5],
    invalid: ['a', null],
  },
  oneOf: {
    schema: { oneOf: [{ type: 'integer' }, { minimum: 2 }], type: 'number' },
    valid: [1, 2.5],
    invalid: [3, 1.5],
  },
  'oneOf by required names': {
    schema: {
      oneOf: ['a', 'b', 'c'].map((name) => ({ properties: { [name]: { type: 'string' } }, required: [name] })),
      type: 'object',
    },
    valid: [{ a: 'x' }, { b: 'x', c: 1 }, { c: 'x' }],
    invalid: [{}, { a: 'x', b: 'y' }, { a: 1 }],
  },
  'oneOf of schemas that contain it': {
    schema: {
      type: 'object',
      properties: { a: { oneOf: [{ type: 'object' }, { $ref: '#' }] } },
      required: ['a'],
    },
    valid: [{ a: {} }, { a: { a: 1 } }, { a: { a: { a: {} } } }, { a: { b: 1 } }],
    invalid: [{}, { a: 1 }, { a: { a: {} } }],
  },
  'if, then, else': {
    schema: {
      type: 'object',
      properties: { kind: { enum: ['a', 'b'] }, n: { type: 'integer' } },
      required: ['kind'],
      if: { properties: { kind: { const: 'a' } } },
      then: { required: ['n'] },
      else: { properties: { n: false } },
    },
    valid: [{ kind: 'a', n: 1 }, { kind: 'b' }],
    invalid: [{ kind: 'a' }, { kind: 'b', n: 1 }],
  },
  unevaluatedProperties: {
    schema: {
      type: 'object',
      allOf: [{ properties: { a: { type: 'integer' } } }],
      anyOf: [{ properties: { b: { const: 1 } }, required: ['b'] }, { properties: { c: {} } }],
      unevaluatedProperties: false,
    },
    valid: [{}, { a: 1 }, { b: 1 }, { c: 1 }, { b: 1, c: 1 }],
    invalid: [{ d: 1 }, { b: 2 }, { a: 'x' }],
  },
  unevaluatedItems: {
    schema: {
      type: 'array',
      prefixItems: [{ type: 'integer' }],
      contains: { type: 'string' },
      unevaluatedItems: false,
    },
    valid: [
      [1, 'a'],
      [1, 'a', 'b'],
    ],
    invalid: [[1], [1, 'a', 2], ['a']],
  },
  references: {
    schema: {
      $id: 'https://example.org/root',
      properties: { a: { $ref: '#leaf' }, b: { $ref: 'other' }, c: { $ref: '#/$defs/with~1slash' } },
      additionalProperties: false,
      type: 'object',
      $defs: {
        x: { $anchor: 'leaf', type: 'integer' },
        y: { $id: 'other', type: 'string' },
        'with/slash': { const: 1 },
      },
    },
    valid: [{ a: 1, b: 'x', c: 1 }],
    invalid: [{ a: 'x' }, { b: 1 }, { c: 2 }],
  },
  'a recursive reference': {
    schema: { type: 'array', items: { $ref: '#' } },
    valid: [[], [[], [[]]]],
    invalid: [[1], {}],
  },
}

const ANY: JsonStyle = { properties: 'any', whiteSpace: 'compact' }

describe('keywords', () => {
  it.each(Object.entries(CASES))('%s', async (_, { schema, valid, invalid }) => {
    const automaton = await automatonOf(schema, ANY)
    for (const value of valid) expect(accepts(automaton, JSON.stringify(value)), JSON.stringify(value)).toBe(true)
    for (const value of invalid) expect(accepts(automaton, JSON.stringify(value)), JSON.stringify(value)).toBe(false)
  })

  it('never lets a free name be a declared one', async () => {
    const automaton = await automatonOf({ properties: { ab: false, é: { type: 'null' } }, type: 'object' }, ANY)
    expect(accepts(automaton, '{"a":1,"abc":2}')).toBe(true)
    for (const text of ['{"ab":1}', '{"\\u0061b":1}', '{"é":1}', '{"\\u00e9":1}'])
      expect(accepts(automaton, text), text).toBe(false)
  })
})

describe('order', () => {
  const schema = { type: 'object', properties: { a: {}, b: {}, c: {} }, required: ['b'] }

  it('is the schema’s, without other names, where nothing else is said', async () => {
    const automaton = await automatonOf(schema, { whiteSpace: 'compact' })
    for (const text of ['{"b":1}', '{"a":1,"b":1}', '{"a":1,"b":1,"c":1}', '{"b":1,"c":1}'])
      expect(accepts(automaton, text), text).toBe(true)
    for (const text of ['{}', '{"a":1}', '{"b":1,"a":1}', '{"b":1,"d":1}', '{"b":1,"b":1}', '{"b":1,}'])
      expect(accepts(automaton, text), text).toBe(false)
  })

  it('writes a property that another one needs, though it is named nowhere else', async () => {
    const dependent = { ...schema, dependentRequired: { b: ['d'], c: ['e'] } }
    const automaton = await automatonOf(dependent, { whiteSpace: 'compact' })
    for (const text of ['{"b":1,"d":1}', '{"a":1,"b":1,"c":1,"d":1,"e":1}'])
      expect(accepts(automaton, text), text).toBe(true)
    for (const text of ['{"b":1}', '{"b":1,"c":1,"d":1}', '{"b":1,"e":1}'])
      expect(accepts(automaton, text), text).toBe(false)
  })

  it('has other names last, where the schema spells them out', async () => {
    const automaton = await automatonOf(
      { ...schema, additionalProperties: { type: 'integer' } },
      { whiteSpace: 'compact' },
    )
    for (const text of ['{"b":1,"d":1,"e":2}', '{"a":"x","b":1,"d":1}'])
      expect(accepts(automaton, text), text).toBe(true)
    for (const text of ['{"d":1,"b":1}', '{"b":1,"d":"x"}']) expect(accepts(automaton, text), text).toBe(false)
  })

  it('takes the type from the keywords, and does not invent properties that only a negation names', async () => {
    const automaton = await automatonOf(
      {
        oneOf: [
          { properties: { a: { type: 'string' } }, required: ['a'] },
          { properties: { b: { type: 'string' } }, required: ['b'] },
        ],
      },
      { whiteSpace: 'compact' },
    )
    for (const text of ['{"a":"x"}', '{"b":"x"}']) expect(accepts(automaton, text), text).toBe(true)
    for (const text of ['{}', '1', '{"a":"x","b":1}', '{"a":"x","b":"y"}'])
      expect(accepts(automaton, text), text).toBe(false)
  })
})

describe('white space', () => {
  const schema = {
    type: 'object',
    properties: { a: { type: 'array', items: { type: 'integer' } }, b: { type: 'object' } },
    required: ['a', 'b'],
  }
  const value = { a: [1, 2], b: {} }

  it.each<[JsonStyle['whiteSpace'], string[], string[]]>([
    ['compact', [JSON.stringify(value)], ['{"a": [1,2],"b":{}}']],
    ['spaced', ['{"a": [1, 2], "b": {}}'], [JSON.stringify(value)]],
    [2, [JSON.stringify(value, null, 2)], [JSON.stringify(value), JSON.stringify(value, null, 4)]],
    ['\t', [JSON.stringify(value, null, '\t')], [JSON.stringify(value, null, 2)]],
    [
      'flexible',
      [
        JSON.stringify(value),
        JSON.stringify(value, null, 2),
        JSON.stringify(value, null, 4),
        '{ "a": [ 1, 2 ], "b": { } }',
      ],
      [
        '{  "a":[1,2],"b":{}}',
        `{"a":\n${' '.repeat(41)}[1,2],"b":{}}`,
        '{"a":[1,2]\n\n,"b":{}}',
        '{"a" :[1,2],"b":{}}',
      ],
    ],
  ])('%j', async (whiteSpace, good, bad) => {
    const automaton = await automatonOf(schema, { whiteSpace })
    for (const text of good) expect(accepts(automaton, text), text).toBe(true)
    for (const text of bad) expect(accepts(automaton, text), text).toBe(false)
  })

  it('indents values of any schema, and constants', async () => {
    const data = { x: [{ y: [1, { z: null }] }, []], w: {} }
    for (const own of [true, { const: data }, { type: 'object' }])
      expect(
        accepts(await automatonOf(own, { whiteSpace: 2 }), JSON.stringify(data, null, 2)),
        JSON.stringify(own),
      ).toBe(true)
  })
})
