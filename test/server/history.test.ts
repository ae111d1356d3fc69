import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { argumentsText } from '../../src/server/apis/history.js'
import { serve } from './requests.js'
import { scriptedEngine } from './scripted.js'

describe('arguments of calls', () => {
  it.each([
    ['{', '{}'],
    ['{{', '{}'],
    ['{"a": 1}{"b": 2}', '{"a": 1}'],
    ['{"a": 1, "b": {"c": 2}}}', '{"a": 1, "b": {"c": 2}}'],
    ['{"a": 1, "b', '{"a": 1}'],
    ['{"a": 1, "b": [1, {"c": "Os', '{"a": 1, "b": [1, {"c": "Os"}]}'],
    ['{"a": [1, 2], "b":', '{"a": [1, 2]}'],
    ['{"a": "x\\', '{"a": "x"}'],
    ['{"a": "x\\u00e', '{"a": "x"}'],
    ['{"a": "x\\"', '{"a": "x\\""}'],
    ['{"a": 1, "b": "x\\q"}', '{"a": 1}'],
    ['{"a": 1, "b": "x\ny"}', '{"a": 1}'],
    ['{"a": 12', '{"a": 12}'],
    ['{"a": 1, "b": 12.', '{"a": 1}'],
    ['{"a": 1, "b": tru', '{"a": 1}'],
    ['{"a": [1}', '{"a": [1]}'],
    ['{"a" 1}', '{}'],
  ])('of %j are %j', (given, expected) => {
    expect(argumentsText(given)).toBe(expected)
  })

  it('are an object, whatever comes after its first bracket', () => {
    const piece = fc.constantFrom(...'{}[],:"\\ \n01-.eu'.split(''), '"a"', '"a":', 'true', 'nul', 'x', '😀')
    const text = fc.oneof(
      fc.array(piece, { maxLength: 30 }).map((all) => all.join('')),
      fc.string(),
    )
    fc.assert(
      fc.property(text, (rest) => {
        expect(JSON.parse(argumentsText(`{${rest}`))).toBeTypeOf('object')
      }),
      { numRuns: 2000 },
    )
  })

  it('are the object, of which the first part is there', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.nat(), (object, cut) => {
        const text = JSON.stringify(object)
        const part = text.slice(0, 1 + (cut % text.length))
        const closed = argumentsText(part)
        const keys = Object.keys(JSON.parse(closed) as object)
        expect(Object.keys(JSON.parse(text) as object).slice(0, keys.length)).toEqual(keys)
        if (part === text) expect(closed).toBe(text)
      }),
    )
  })

  it.each([
    ['brackets', '{'.repeat(200_000)],
    ['lists', `{"a": ${'['.repeat(200_000)}`],
    ['commas', `{"a": [${'1,'.repeat(100_000)}`],
    ['objects', '{"a": 1}'.repeat(25_000)],
    ['a string', `{"a": "${'x'.repeat(200_000)}`],
    ['a string with brackets and a raw line break', `{"a": "${'{,'.repeat(100_000)}\n"}`],
  ])('that are long are read in one pass: %s', (_, text) => {
    const times = Array.from({ length: 5 }, () => {
      const start = performance.now()
      expect(JSON.parse(argumentsText(text))).toBeTypeOf('object')
      return performance.now() - start
    })
    // The best of some, for other programs take their turns.
    expect(Math.min(...times)).toBeLessThan(100)
  })
})

describe('requests with arguments that go wrong', async () => {
  const server = await serve(scriptedEngine(() => 'hi'))
  const call = { id: 'c1', type: 'function', function: { name: 'f', arguments: '{"a": 1}{"b": 2}' } }
  it.each([
    [
      '/v1/chat/completions',
      {
        messages: [
          { role: 'user', content: 'x' },
          { role: 'assistant', content: null, tool_calls: [call] },
          { role: 'tool', tool_call_id: 'c1', content: 'y' },
        ],
      },
    ],
    [
      '/v1/responses',
      {
        input: [
          { role: 'user', content: 'x' },
          { type: 'function_call', call_id: 'c1', name: 'f', arguments: '{{' },
          { type: 'function_call_output', call_id: 'c1', output: 'y' },
        ],
      },
    ],
  ])('are answered by %s', async (path, body) => {
    const headers = { 'content-type': 'application/json' }
    const text = JSON.stringify({ model: 'scripted', ...body })
    const response = await fetch(server.url + path, { method: 'POST', headers, body: text })
    expect(response.status).toBe(200)
    await response.text()
  })
})
