import { describe, expect, it } from 'vitest'
import { argumentTypes, jsonMembers, jsonObject, memberCall, typedValue } from '../../src/chat/dialects/arguments.js'
import type { JsonType } from '../../src/chat/dialects/dialect.js'
import { glm45, qwenXml } from '../../src/chat/dialects/families.js'
import type { ToolDefinition } from '../../src/chat/message.js'

const types = (...all: JsonType[]): ReadonlySet<JsonType> => new Set(all)

/** A call as JSON, `{"name": ..., "arguments": {...}}`. */
function jsonCall(text: string): ReturnType<typeof memberCall> {
  const members = jsonMembers(text)
  return members && memberCall(members)
}

describe('a value that was written without quotes', () => {
  it.each([
    ['a word', 'Paris', '"Paris"'],
    ['quotes of its own', '"Paris"', '"\\"Paris\\""'],
    ['an object in JSON', '{"a": "b"}', '"{\\"a\\": \\"b\\"}"'],
    ['a line of code', 'print("hi")\n', '"print(\\"hi\\")\\n"'],
    ['a number', '75001', '"75001"'],
    ['a literal', 'true', '"true"'],
    ['white space', '  x ', '"  x "'],
  ])('stays as it was written where the schema says string: %s', (_, raw, json) => {
    expect(typedValue(raw, types('string'), 'json')).toBe(json)
    expect(typedValue(raw, types('string'), 'string')).toBe(json)
  })

  it.each([
    ['number', ' 12 ', '12'],
    ['number', '12345678901234567890', '12345678901234567890'],
    ['boolean', 'True', 'true'],
    ['boolean', 'false', 'false'],
    ['null', 'None', 'null'],
    ['object', '{"a": [1, "x"]}', '{"a": [1, "x"]}'],
    ['array', '[1,2]', '[1,2]'],
    // Of another type than the schema says: as the model said it.
    ['number', '"12"', '"12"'],
    ['array', '{"a": 1}', '{"a": 1}'],
    // No JSON at all.
    ['number', 'twelve', '"twelve"'],
  ] as const)('is JSON where the schema says %s: %s', (type, raw, json) => {
    expect(typedValue(raw, types(type), 'string')).toBe(json)
  })

  it('of a string or something else is a string only where it is nothing else', () => {
    expect(typedValue('12', types('string', 'number'), 'json')).toBe('12')
    expect(typedValue('"12"', types('string', 'number'), 'json')).toBe('"\\"12\\""')
    expect(typedValue('null', types('string', 'null'), 'json')).toBe('null')
    expect(typedValue('true', types('string', 'null'), 'json')).toBe('"true"')
  })

  it('without a schema is as the family means it', () => {
    expect(typedValue('12', undefined, 'string')).toBe('"12"')
    expect(typedValue('12', undefined, 'json')).toBe('12')
    expect(typedValue('"a"', undefined, 'json')).toBe('"a"')
    expect(typedValue('a', undefined, 'json')).toBe('"a"')
  })
})

const write: ToolDefinition = {
  type: 'function',
  function: {
    name: 'write',
    parameters: { type: 'object', properties: { text: { type: 'string' }, lines: { type: 'integer' } } },
  },
}

describe('code as an argument', () => {
  const code = '"use strict"\nconst a = {"b": "c"}\nprint(\'d\', "e\\n")'
  it.each([
    [
      'qwen',
      qwenXml,
      `<tool_call>\n<function=write>\n<parameter=text>\n${code}\n</parameter>\n</function>\n</tool_call>`,
    ],
    ['glm', glm45, `<tool_call>write\n<arg_key>text</arg_key>\n<arg_value>${code}</arg_value>\n</tool_call>`],
  ])('arrives as it was written (%s)', (_, dialect, text) => {
    for (const body of [code, '"quoted"', '{"json": true}']) {
      const parser = dialect.parser({ prompt: 'Q', tools: [write], newId: () => 'id' })
      const parts = [...parser.push(text.replace(code, () => body)), ...parser.flush()]
      const call = parts.find((part) => part.kind === 'tool-call')
      expect(JSON.parse(call!.call.arguments)).toEqual({ text: body })
    }
  })
})

describe('types of a schema', () => {
  const of = (schema: unknown): JsonType[] | undefined => {
    const parameters = { type: 'object', properties: { key: schema } }
    const found = argumentTypes([{ type: 'function', function: { name: 'f', parameters } }], 'f', 'key')
    return found && [...found]
  }

  it.each([
    [{ type: 'string' }, ['string']],
    [{ type: 'integer' }, ['number']],
    [{ type: ['string', 'null'] }, ['string', 'null']],
    [{ enum: ['a', 1, null] }, ['string', 'number', 'null']],
    [{ const: 3 }, ['number']],
    [{ const: {} }, ['object']],
    [{ anyOf: [{ type: 'array' }, { oneOf: [{ type: 'boolean' }] }] }, ['array', 'boolean']],
    [{ allOf: [{ type: 'object' }] }, ['object']],
    [{}, undefined],
    [{ type: 'thing' }, undefined],
    ['no schema', undefined],
  ])('%j', (schema, expected) => {
    expect(of(schema)).toEqual(expected)
  })

  it('are unknown for other tools and keys, and for what objects have by birth', () => {
    expect(argumentTypes([write], 'read', 'text')).toBeUndefined()
    expect(argumentTypes([write], 'write', 'other')).toBeUndefined()
    expect(argumentTypes([write], 'write', 'toString')).toBeUndefined()
    expect(argumentTypes([{ type: 'function', function: { name: 'f' } }], 'f', 'key')).toBeUndefined()
  })

  it('end where a schema nests without end', () => {
    let schema: unknown = { type: 'number' }
    for (let i = 0; i < 8; i++) schema = { anyOf: [schema] }
    expect(of(schema)).toEqual(['number'])
    expect(of({ anyOf: [schema] })).toBeUndefined()
  })
})

describe('a call as JSON', () => {
  it('keeps the text of its arguments', () => {
    expect(jsonCall(' {"name": "f", "arguments": {"a":  1.50, "b": "}\\"{"}, "id": "x"} ')).toEqual({
      name: 'f',
      args: '{"a":  1.50, "b": "}\\"{"}',
      id: 'x',
    })
  })

  it.each([
    ['arguments under the other name', '{"name": "f", "parameters": {"a": 1}}', '{"a": 1}'],
    ['both names', '{"name": "f", "parameters": {"a": 1}, "arguments": {"b": 2}}', '{"b": 2}'],
    ['arguments as a string', '{"name": "f", "arguments": "{\\"a\\": 1}"}', '{"a": 1}'],
    ['no arguments', '{"name": "f"}', '{}'],
    ['an empty string', '{"name": "f", "arguments": ""}', '{}'],
  ])('%s', (_, text, args) => {
    expect(jsonCall(text)).toEqual({ name: 'f', args, id: undefined })
  })

  it.each([
    '{"name": ""}',
    '{"name": 3}',
    '{}',
    '[]',
    '"f"',
    '',
    '{"name": "f", "arguments": [1]}',
    '{"name": "f", "arguments": 3}',
    '{"name": "f", "arguments": "x"}',
    '{"name": "f"',
  ])('none is %s', (text) => {
    expect(jsonCall(text)).toBeUndefined()
  })

  it('members are found at the first level alone', () => {
    const text = '{"a": {"b": 1, "a": 2}, "c": [1, {"d": ","}], "e": "x,\\"y", "f": null }'
    expect([...jsonMembers(text)!]).toEqual([
      ['a', '{"b": 1, "a": 2}'],
      ['c', '[1, {"d": ","}]'],
      ['e', '"x,\\"y"'],
      ['f', 'null'],
    ])
    expect([...jsonMembers('{}')!]).toEqual([])
    expect(jsonMembers('[1]')).toBeUndefined()
  })

  it('an object is trimmed, and none at all is an empty one', () => {
    expect(jsonObject(' {"a": 1}\n')).toBe('{"a": 1}')
    expect(jsonObject(' ')).toBe('{}')
    for (const text of ['null', '[]', '1', '{"a"}']) expect(jsonObject(text)).toBeUndefined()
  })
})
