import { expect, it } from 'vitest'
import { fromJavaScript, parseJson } from '../../src/chat/python/json.js'
import type { CallLanguage } from '../../src/eval/bfcl/matcher.js'
import { toolOf } from '../../src/eval/bfcl/tools.js'

const parametersOf = (language: CallLanguage, properties: string): unknown => {
  const described = parseJson(
    `{"name": "a.b.c", "description": "Does.", "parameters": {"type": "dict", "properties": ${properties}, "required": []}}`,
  )
  return toolOf(described!, language).function.parameters['properties']
}

// What bfcl-eval 2026.3.23 makes of them, in which all 2,701 entries of nine categories were equal.
it('makes tools of functions: names without dots, a hint of the language, types of JSON Schema', () => {
  const described = {
    name: 'a.b.c',
    description: 'Does.',
    parameters: { type: 'dict', properties: {}, required: ['x'] },
  }
  expect(toolOf(fromJavaScript(described), 'java')).toEqual({
    type: 'function',
    function: {
      name: 'a_b_c',
      description: 'Does. Note that the provided function is in Java 8 SDK syntax.',
      parameters: { type: 'object', properties: {}, required: ['x'] },
    },
  })
  expect(
    parametersOf(
      'python',
      `{"f": {"type": "float", "description": "F."}, "t": {"type": "tuple", "items": {"type": "float"}}, "o": {"description": "None."},
        "d": {"type": "dict", "properties": {"i": {"type": "any"}}}, "l": {"type": "array", "items": {"type": "array", "items": {"type": "dict"}}}}`,
    ),
  ).toEqual({
    f: { type: 'number', format: 'float', description: 'F. This is a float type value.' },
    t: { type: 'array', items: { type: 'number' } },
    o: { type: 'string', description: 'None.' },
    d: { type: 'object', properties: { i: { type: 'string' } } },
    l: { type: 'array', items: { type: 'array', items: { type: 'object' } } },
  })
})

it('asks for values of Java and JavaScript as text', () => {
  expect(
    parametersOf(
      'java',
      '{"a": {"type": "any", "description": "A."}, "l": {"type": "ArrayList", "description": "L.", "items": {"type": "String"}}}',
    ),
  ).toEqual({
    a: { type: 'string', description: 'A. This parameter can be of any type of Java object in string representation.' },
    l: {
      type: 'string',
      description:
        'L. This is Java ArrayList type parameter in string representation. The list elements are of type String; they are not in string representation.',
    },
  })
  expect(
    parametersOf(
      'javascript',
      '{"d": {"type": "dict", "description": "D.", "properties": {"é": {"type": "integer", "default": 1.0, "b": [true, null]}}}}',
    ),
  ).toEqual({
    d: {
      type: 'string',
      description:
        'D. This is JavaScript dict type parameter in string representation. The dictionary entries have the following schema; they are not in string representation. {"\\u00e9": {"type": "integer", "default": 1.0, "b": [true, null]}}',
    },
  })
})

it('refuses what is no function', () => {
  expect(() => toolOf(fromJavaScript({ name: 'a' }), 'python')).toThrow(/expected a name, a description and parameters/)
})
