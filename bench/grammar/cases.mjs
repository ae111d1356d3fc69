// Schemas that grammars are measured with, and documents that follow them.
const string = { type: 'string' }
const object = (properties, required = Object.keys(properties)) => ({
  type: 'object',
  properties,
  required,
  additionalProperties: false,
})
const byIndex = (count, entry) => Object.fromEntries(Array.from({ length: count }, (_, i) => entry(i)))
const properties = (count) => byIndex(count, (i) => [`property_${i}`, string])

const SENTENCE =
  'The quick brown fox jumps over 13 lazy dogs near the café; naïve users write "quotes", tabs\tand 漢字 too.\n'
const text = (length) => SENTENCE.repeat(Math.ceil(length / SENTENCE.length)).slice(0, length)

const person = object(
  {
    id: { type: 'integer' },
    name: string,
    email: { type: 'string', format: 'email' },
    age: { type: 'integer', minimum: 0, maximum: 130 },
    score: { type: 'number' },
    active: { type: 'boolean' },
    role: { enum: ['admin', 'editor', 'viewer'] },
    tags: { type: 'array', items: string },
    address: object({ street: string, city: string, zip: { type: 'string', pattern: '^[0-9]{5}$' } }, ['city']),
    contact: { anyOf: [object({ phone: string }), object({ fax: string }), { type: 'null' }] },
  },
  ['id', 'name', 'role', 'tags', 'contact'],
)
const tree = {
  $defs: { node: object({ value: string, children: { type: 'array', items: { $ref: '#/$defs/node' } } }) },
  $ref: '#/$defs/node',
}
const leaf = (value, children = []) => ({ value, children })
const ada = {
  id: 17,
  name: 'Ada Lovelace',
  email: 'ada@example.org',
  age: 36,
  score: -12.75e3,
  active: true,
  role: 'editor',
  tags: ['mathematics', 'engines', 'poetry'],
  address: { street: '12 St James Square', city: 'London', zip: '10115' },
  contact: { phone: '+44 20 7946 0958' },
}

/** By name: what it is, the schema, documents, and the goal for compiling it in milliseconds where there is one. */
export const CASES = {
  p5: {
    what: '5 properties',
    schema: object(properties(5)),
    documents: [byIndex(5, (i) => [`property_${i}`, text(60 + i)])],
    goal: 20,
  },
  p50: {
    what: '50 properties',
    schema: object(properties(50)),
    documents: [byIndex(50, (i) => [`property_${i}`, text(30 + i)])],
    goal: 20,
  },
  p500: {
    what: '500 properties',
    schema: object(properties(500)),
    documents: [byIndex(500, (i) => [`property_${i}`, text(20)])],
    goal: 100,
  },
  o500: {
    what: '500 optional properties',
    schema: object(properties(500), []),
    documents: [byIndex(167, (i) => [`property_${i * 3}`, text(20)])],
    goal: 100,
  },
  any50: {
    what: '50 properties in any order',
    schema: object(properties(50)),
    options: { properties: 'any' },
    documents: [byIndex(50, (i) => [`property_${(i * 7) % 50}`, text(30 + i)])],
    goal: 20,
  },
  p5000: {
    what: '5,000 properties',
    schema: object(properties(5000), []),
    documents: [byIndex(300, (i) => [`property_${i * 16}`, text(10)])],
    goal: 1500,
  },
  enum50000: {
    what: 'enum of 50,000',
    schema: object({ city: { enum: Array.from({ length: 50_000 }, (_, i) => `city number ${(i * 7919) % 50_000}`) } }),
    documents: [{ city: 'city number 919' }, { city: 'city number 49999' }],
    goal: 1500,
  },
  enum1000: {
    what: 'enum of 1,000',
    schema: object({ city: { enum: Array.from({ length: 1000 }, (_, i) => `city number ${(i * 7919) % 1000}`) } }),
    documents: [{ city: 'city number 919' }],
  },
  max50: {
    what: 'maxLength 50',
    schema: object({ text: { type: 'string', maxLength: 50 } }),
    documents: [{ text: text(50) }, { text: text(20) }],
    goal: 1,
  },
  max200: {
    what: 'maxLength 200',
    schema: object({ text: { type: 'string', maxLength: 200 } }),
    documents: [{ text: text(200) }],
    goal: 1,
  },
  max10000: {
    what: 'maxLength 10,000',
    schema: object({ text: { type: 'string', maxLength: 10_000 } }),
    documents: [{ text: text(3000) }],
    goal: 1,
  },
  tree: {
    what: 'recursive tree',
    schema: tree,
    documents: [
      leaf('root', [
        leaf('left', [leaf('a'), leaf('b', [leaf('deep', [leaf('deeper', [leaf('deepest')])])])]),
        leaf('right'),
      ]),
    ],
  },
  union40: {
    what: 'anyOf of 40 objects',
    schema: {
      anyOf: Array.from({ length: 40 }, (_, i) =>
        object({ kind: { const: `kind${i}` }, text: string, n: { type: 'integer' } }),
      ),
    },
    documents: [{ kind: 'kind17', text: text(40), n: 42 }],
  },
  person: {
    what: 'mixed: 15 properties, nested, anyOf, formats',
    schema: person,
    documents: [ada, { id: 4, name: 'B', role: 'admin', tags: [], contact: null }],
  },
  formats: {
    what: 'date-time, uuid, uri',
    schema: object({
      when: { type: 'string', format: 'date-time' },
      who: { type: 'string', format: 'uuid' },
      where: { type: 'string', format: 'uri' },
    }),
    documents: [
      {
        when: '2026-11-26T16:00:00Z',
        who: '123e4567-e89b-12d3-a456-426614174000',
        where: 'https://example.org/a/b.html',
      },
    ],
  },
  any: {
    what: 'any JSON object',
    schema: { type: 'object' },
    documents: [{ a: [1, 2, { b: null, c: 'text with words' }], long: text(200), n: -1.5e10 }],
  },
}
