// Schemas as people and generators write them: parameters of tools, of servers of the Model Context Protocol, answers of
// structured outputs, models of Python and of older drafts.
const DEFS = (name: string): string => `#/$defs/${name}`

/** A schema and two values that it allows, in the order in which it names properties. */
interface Written {
  readonly schema: unknown
  readonly valid: readonly unknown[]
}

export const WRITTEN: Readonly<Record<string, Written>> = {
  'weather, strict': {
    schema: { type: 'object', properties: { location: { type: 'string', description: 'City and country' }, units: { type: ['string', 'null'], enum: ['celsius', 'fahrenheit', null] } }, required: ['location', 'units'], additionalProperties: false }, // prettier-ignore
    valid: [{ location: 'Paris, France', units: null }, { location: '東京', units: 'celsius' }], // prettier-ignore
  },
  'steps of a solution': {
    schema: { type: 'object', properties: { steps: { type: 'array', items: { type: 'object', properties: { explanation: { type: 'string' }, output: { type: 'string' } }, required: ['explanation', 'output'], additionalProperties: false } }, final_answer: { type: 'string' } }, required: ['steps', 'final_answer'], additionalProperties: false }, // prettier-ignore
    valid: [{ steps: [{ explanation: 'a', output: '8x = -30' }], final_answer: 'x = -3.75' }, { steps: [], final_answer: '' }], // prettier-ignore
  },
  'user interface, recursive': {
    schema: { type: 'object', properties: { type: { type: 'string', enum: ['div', 'button', 'header'] }, label: { type: 'string' }, children: { type: 'array', items: { $ref: '#' } }, attributes: { type: 'array', items: { type: 'object', properties: { name: { type: 'string' }, value: { type: 'string' } }, additionalProperties: false, required: ['name', 'value'] } } }, required: ['type', 'label', 'children', 'attributes'], additionalProperties: false }, // prettier-ignore
    valid: [{ type: 'div', label: '', children: [{ type: 'button', label: 'Go', children: [], attributes: [] }], attributes: [{ name: 'id', value: 'x' }] }], // prettier-ignore
  },
  'linked list': {
    schema: { type: 'object', properties: { linked_list: { $ref: DEFS('node') } }, $defs: { node: { type: 'object', properties: { value: { type: 'number' }, next: { anyOf: [{ $ref: DEFS('node') }, { type: 'null' }] } }, additionalProperties: false, required: ['next', 'value'] } }, additionalProperties: false, required: ['linked_list'] }, // prettier-ignore
    valid: [{ linked_list: { value: 1, next: { value: -2.5, next: null } } }],
  },
  'item, one of two': {
    schema: { type: 'object', properties: { item: { anyOf: [{ type: 'object', description: 'A user', properties: { name: { type: 'string' }, age: { type: 'number' } }, additionalProperties: false, required: ['name', 'age'] }, { type: 'object', properties: { number: { type: 'string' }, street: { type: 'string' }, city: { type: 'string' } }, additionalProperties: false, required: ['number', 'street', 'city'] }] } }, additionalProperties: false, required: ['item'] }, // prettier-ignore
    valid: [{ item: { name: 'A', age: 3 } }, { item: { number: '12b', street: 's', city: 'c' } }], // prettier-ignore
  },
  'files of a server': {
    schema: { type: 'object', properties: { path: { type: 'string' }, head: { type: 'number', description: 'If provided, returns only the first N lines' }, tail: { type: 'number' }, excludePatterns: { type: 'array', items: { type: 'string' }, default: [] } }, required: ['path'], additionalProperties: false, $schema: 'http://json-schema.org/draft-07/schema#' }, // prettier-ignore
    valid: [{ path: '/tmp/a.txt' }, { path: 'C:\\x', head: 10, excludePatterns: ['*.log'] }], // prettier-ignore
  },
  'edits of a file': {
    schema: { type: 'object', properties: { path: { type: 'string' }, edits: { type: 'array', items: { type: 'object', properties: { oldText: { type: 'string' }, newText: { type: 'string' } }, required: ['oldText', 'newText'], additionalProperties: false } }, dryRun: { type: 'boolean', default: false } }, required: ['path', 'edits'], additionalProperties: false, $schema: 'http://json-schema.org/draft-07/schema#' }, // prettier-ignore
    valid: [{ path: 'a', edits: [{ oldText: 'x\n\ty', newText: '"' }] }],
  },
  'knowledge graph': {
    schema: { type: 'object', properties: { entities: { type: 'array', items: { type: 'object', properties: { name: { type: 'string', description: 'The name of the entity' }, entityType: { type: 'string' }, observations: { type: 'array', items: { type: 'string' } } }, required: ['name', 'entityType', 'observations'] } } }, required: ['entities'] }, // prettier-ignore
    valid: [{ entities: [{ name: 'a', entityType: 'b', observations: ['c', 'd'] }] }],
  },
  thought: {
    schema: { type: 'object', properties: { thought: { type: 'string' }, nextThoughtNeeded: { type: 'boolean' }, thoughtNumber: { type: 'integer', minimum: 1 }, totalThoughts: { type: 'integer', minimum: 1 }, branchId: { type: 'string' } }, required: ['thought', 'nextThoughtNeeded', 'thoughtNumber', 'totalThoughts'] }, // prettier-ignore
    valid: [{ thought: 'why', nextThoughtNeeded: true, thoughtNumber: 1, totalThoughts: 50 }],
  },
  issue: {
    schema: { type: 'object', properties: { owner: { type: 'string' }, repo: { type: 'string' }, state: { type: 'string', enum: ['open', 'closed', 'all'] }, labels: { type: 'array', items: { type: 'string' } }, page: { type: 'number', minimum: 1 }, perPage: { type: 'number', minimum: 1, maximum: 100 }, since: { type: 'string', format: 'date-time' } }, required: ['owner', 'repo'] }, // prettier-ignore
    valid: [{ owner: 'a', repo: 'b', state: 'open', page: 1, perPage: 30, since: '2024-02-29T12:00:00Z' }],
  },
  'model of pydantic': {
    schema: { $defs: { Address: { properties: { street: { title: 'Street', type: 'string' }, zip: { anyOf: [{ pattern: '^\\d{5}(-\\d{4})?$', type: 'string' }, { type: 'null' }], default: null, title: 'Zip' } }, required: ['street'], title: 'Address', type: 'object' }, Level: { enum: [1, 2, 3], title: 'Level', type: 'integer' } }, properties: { name: { maxLength: 40, minLength: 1, title: 'Name', type: 'string' }, level: { $ref: DEFS('Level'), default: 1 }, address: { anyOf: [{ $ref: DEFS('Address') }, { type: 'null' }], default: null }, scores: { additionalProperties: { exclusiveMinimum: 0, type: 'number' }, title: 'Scores', type: 'object' }, pair: { maxItems: 2, minItems: 2, prefixItems: [{ type: 'integer' }, { format: 'date', type: 'string' }], title: 'Pair', type: 'array' } }, required: ['name', 'scores', 'pair'], title: 'Person', type: 'object' }, // prettier-ignore
    valid: [{ name: 'x', level: 2, address: { street: 'q', zip: '12345-6789' }, scores: { a: 0.5, b: 10 }, pair: [1, '2024-01-31'] }], // prettier-ignore
  },
  'definitions of draft-07': {
    schema: { $schema: 'http://json-schema.org/draft-07/schema#', definitions: { positive: { type: 'integer', exclusiveMinimum: 0 }, point: { type: 'array', items: [{ type: 'number' }, { type: 'number' }], additionalItems: false, minItems: 2 }, shape: { oneOf: [{ type: 'object', properties: { kind: { const: 'circle' }, radius: { $ref: '#/definitions/positive' } }, required: ['kind', 'radius'], additionalProperties: false }, { type: 'object', properties: { kind: { const: 'path' }, points: { type: 'array', items: { $ref: '#/definitions/point' } } }, required: ['kind', 'points'], additionalProperties: false }] } }, type: 'object', properties: { shapes: { type: 'array', items: { $ref: '#/definitions/shape' }, minItems: 1 } }, required: ['shapes'], additionalProperties: false }, // prettier-ignore
    valid: [{ shapes: [{ kind: 'circle', radius: 3 }, { kind: 'path', points: [[1, -2.5], [0, 1e3]] }] }], // prettier-ignore
  },
  'references that need escapes': {
    schema: { $defs: { 'a/b': { type: 'integer' }, 'c~d': { type: 'boolean' }, 'e%f': { type: 'null' }, 'g h"i': { const: 'ü' }, '漢': { type: 'string', maxLength: 3 } }, type: 'object', properties: { one: { $ref: '#/$defs/a~1b' }, two: { $ref: '#/$defs/c~0d' }, three: { $ref: '#/$defs/e%25f' }, four: { $ref: '#/$defs/g%20h%22i' }, five: { $ref: '#/$defs/%E6%BC%A2' } }, required: ['one', 'two', 'three', 'four', 'five'], additionalProperties: false }, // prettier-ignore
    valid: [{ one: 1, two: true, three: null, four: 'ü', five: '漢字' }],
  },
  'names of other scripts': {
    schema: { type: 'object', properties: { 'naïve "quoted"': { type: 'string' }, '名前': { type: 'string' }, '😀': { type: 'integer' }, 'tab\there': { type: 'null' }, '\u2028': { type: 'boolean' }, '': { type: 'integer' }, '__proto__x': { type: 'null' } }, required: ['名前', '😀', 'tab\there', ''], additionalProperties: false }, // prettier-ignore
    valid: [{ 'naïve "quoted"': 'a', '名前': 'b', '😀': 1, 'tab\there': null, '\u2028': true, '': 0 }], // prettier-ignore
  },
  'search, either of two required': {
    schema: { type: 'object', properties: { query: { type: 'string' }, id: { type: 'integer' } }, anyOf: [{ required: ['query'] }, { required: ['id'] }], additionalProperties: false }, // prettier-ignore
    valid: [{ query: 'x' }, { id: 4 }, { query: 'x', id: 4 }], // prettier-ignore
  },
  'extended by allOf': {
    schema: { $defs: { Base: { type: 'object', properties: { id: { type: 'string', format: 'uuid' }, created: { type: 'string', format: 'date-time' } }, required: ['id'] } }, allOf: [{ $ref: DEFS('Base') }, { type: 'object', properties: { title: { type: 'string', minLength: 1 }, id: { minLength: 10 } }, required: ['title'] }] }, // prettier-ignore
    valid: [{ id: '123e4567-e89b-12d3-a456-426614174000', created: '2024-05-06T07:08:09.5+02:00', title: 't' }], // prettier-ignore
  },
  'headers by pattern': {
    schema: { type: 'object', properties: { url: { type: 'string', format: 'uri' }, method: { enum: ['GET', 'POST'] }, headers: { type: 'object', patternProperties: { '^[Xx]-[a-z]+$': { type: 'string' }, '^accept$': { enum: ['text/html', '*/*'] } }, additionalProperties: false, maxProperties: 4 } }, required: ['url', 'headers'] }, // prettier-ignore
    valid: [{ url: 'https://example.org/a', headers: { 'x-a': '1', accept: '*/*' } }],
  },
  'a query, deep': {
    schema: { $defs: { expr: { anyOf: [{ type: 'object', properties: { op: { enum: ['and', 'or'] }, args: { type: 'array', items: { $ref: DEFS('expr') }, minItems: 2, maxItems: 4 } }, required: ['op', 'args'], additionalProperties: false }, { type: 'object', properties: { not: { $ref: DEFS('expr') } }, required: ['not'], additionalProperties: false }, { type: 'object', properties: { field: { type: 'string', pattern: '^[a-z_]+$' }, cmp: { enum: ['=', '<', '>', '!='] }, value: { type: ['string', 'number', 'boolean', 'null'] } }, required: ['field', 'cmp', 'value'], additionalProperties: false }] } }, type: 'object', properties: { where: { $ref: DEFS('expr') } }, required: ['where'], additionalProperties: false }, // prettier-ignore
    valid: [{ where: { op: 'and', args: [{ field: 'a', cmp: '<', value: 3 }, { not: { field: 'b_c', cmp: '=', value: null } }] } }], // prettier-ignore
  },
  'configuration, anything in it': {
    schema: { type: 'object', properties: { name: { type: 'string' }, options: { type: 'object' }, extra: {}, list: { type: 'array' }, map: { type: 'object', additionalProperties: { type: 'array', items: { type: 'integer' } } } }, required: ['name', 'options'] }, // prettier-ignore
    valid: [{ name: 'n', options: { a: [1, { b: null }] }, extra: 'x', list: [1, 'a'], map: { k: [1, 2] } }], // prettier-ignore
  },
  'enum of kinds': {
    schema: { type: 'object', properties: { value: { enum: ['a', 1, -2.5, true, false, null, { deep: [1, { x: 'y' }] }, [], {}, 'quote " and \\'] } }, required: ['value'], additionalProperties: false }, // prettier-ignore
    valid: [{ value: { deep: [1, { x: 'y' }] } }, { value: 'quote " and \\' }], // prettier-ignore
  },
  'lengths in characters': {
    schema: { type: 'object', properties: { a: { type: 'string', minLength: 2, maxLength: 3 }, b: { type: 'string', minLength: 10_000, maxLength: 10_001 }, c: { type: 'array', items: { const: 1 }, minItems: 300, maxItems: 301 } }, required: ['a', 'b', 'c'], additionalProperties: false }, // prettier-ignore
    valid: [{ a: '😀é', b: 'x'.repeat(10_000), c: Array<number>(300).fill(1) }],
  },
  'bounds of numbers': {
    schema: { type: 'object', properties: { a: { type: 'number', minimum: -0.5, exclusiveMaximum: 1e-3 }, b: { type: 'integer', minimum: -12, maximum: 1234567890 }, c: { type: 'number', exclusiveMinimum: 99.99, maximum: 100.01 }, d: { type: 'integer', minimum: 1e15 }, e: { type: 'number', maximum: -1e6 } }, required: ['a', 'b', 'c', 'd', 'e'], additionalProperties: false }, // prettier-ignore
    valid: [{ a: 0, b: -12, c: 100, d: 2e15, e: -1000001.25 }],
  },
}
