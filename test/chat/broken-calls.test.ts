// Answers that end early or hold what is no call: what is not understood is text, as it was written.
import { describe, expect, it } from 'vitest'
import type { Dialect } from '../../src/chat/dialects/dialect.js'
import { glm45, hermes } from '../../src/chat/dialects/families.js'
import { gemma4 } from '../../src/chat/dialects/gemma.js'
import { kimiK3 } from '../../src/chat/dialects/kimi-k3.js'
import { llama3, llama4Pythonic } from '../../src/chat/dialects/llama.js'
import { ANSWERS } from './answers.js'

const TOOLS = ['weather', 'add', 'f'].map((name) => ({ type: 'function' as const, function: { name } }))

function parts(dialect: Dialect, text: string): string[] {
  const parser = dialect.parser({ prompt: 'Q', tools: TOOLS, newId: () => 'id' })
  const joined: string[] = []
  for (const part of [...parser.push(text), ...parser.flush()]) {
    if (part.kind === 'tool-call') joined.push(`call:${part.call.name} ${part.call.arguments}`)
    else if (joined.at(-1)?.startsWith(`${part.kind}:`)) joined.push(joined.pop()! + part.text)
    else joined.push(`${part.kind}:${part.text}`)
  }
  return joined
}

/** Where in the text its first call is reported. */
function firstCallEnd(dialect: Dialect, text: string): number {
  const parser = dialect.parser({ prompt: 'Q', tools: TOOLS, newId: () => 'id' })
  const at = Array.from(text, (_, i) => text.charAt(i)).findIndex((character) =>
    parser.push(character).some(({ kind }) => kind === 'tool-call'),
  )
  return at < 0 ? text.length : at + 1
}

describe('an answer that ends early', () => {
  it.each(ANSWERS.map(([dialect, text]) => [dialect.name, dialect, text] as const))(
    'of %s keeps its first call, and shows the rest as it was written',
    (_, dialect, text) => {
      for (let end = firstCallEnd(dialect, text); end <= text.length; end++) {
        const [reasoning, said, first, ...rest] = parts(dialect, text.slice(0, end))
        expect([reasoning, said]).toEqual(['reasoning:Hm.', 'text:Let me look.'])
        expect(first).toMatch(/^call:weather \{"city": "Paris", "days": "?2"?\}$/)
        const second = rest.filter((part) => part.startsWith('call:'))
        // A name that was cut off is none.
        expect(['', 'call:add {}']).toContain(second.join())
        const shown = rest
          .filter((part) => part.startsWith('text:'))
          .join('')
          .replace('text:', '')
        expect(text.slice(0, end).endsWith(shown)).toBe(true)
      }
    },
  )
})

describe('what is no call is text', () => {
  it.each([
    ['a key without a value', glm45, '<tool_call>f\n<arg_key>a</arg_key>\n</tool_call>'],
    ['a value without its end', glm45, '<tool_call>f\n<arg_key>a</arg_key>\n<arg_value>1</tool_call>'],
    ['a name with brackets', glm45, '<tool_call>f{}</tool_call>'],
    ['JSON that is none', hermes, '<tool_call>\n{"name": "f", \n</tool_call>'],
    ['a list', hermes, '<tool_call>\n[1]\n</tool_call>'],
    ['a call without a name', gemma4, '<|tool_call>call:{a:1}<tool_call|>'],
    ['a member without a value', gemma4, '<|tool_call>call:f{a}<tool_call|>'],
    ['a list without its end', gemma4, '<|tool_call>call:f{a:[1}<tool_call|>'],
    ['text after a quote', gemma4, '<|tool_call>call:f{a:<|"|>x}<tool_call|>'],
    ['arguments without names', llama4Pythonic, '[f(1)]'],
    ['a call that is not closed', llama4Pythonic, '[f(a=1]'],
    ['an object without a name', llama3, '{"parameters": {}}'],
    ['a name that is none', llama3, '<function=f g>{}</function>'],
  ])('%s (%s)', (_, dialect, text) => {
    expect(parts(dialect, text)).toEqual([`text:${text}`])
    expect(parts(dialect, `${text} and more`)).toEqual([`text:${text} and more`])
  })

  it('after a call that is one', () => {
    const good = '<tool_call>\n{"name": "f", "arguments": {}}\n</tool_call>'
    const bad = '<tool_call>\n{"name": }\n</tool_call>'
    expect(parts(hermes, `${good}\n${bad}`)).toEqual(['call:f {}', `text:${bad}`])
    expect(parts(hermes, `${bad}\n${good}`)).toEqual([`text:${bad}`, 'call:f {}'])
  })
})

describe('many beginnings of calls that are none', () => {
  it.each([
    ['hermes', hermes, '<tool_call>\n{"name": "f", "arguments": '],
    ['glm-4.5', glm45, '<tool_call>f\n<arg_key>a</arg_key>\n<arg_value>'],
    ['gemma-4', gemma4, '<|tool_call>call:f{'],
  ])('are text, all of it, with bounded work (%s)', (_, dialect, begin) => {
    const text = begin.repeat(3000)
    expect(parts(dialect, text)).toEqual([`text:${text}`])
  })
})

describe('values of Gemma and of Python', () => {
  it.each([
    ['{a:1}', '{"a": 1}'],
    ['{a:-1.5e3,b:true,c:null}', '{"a": -1.5e3, "b": true, "c": null}'],
    ['{a:<|"|>x,}]<|"|>}', '{"a": "x,}]"}'],
    ['{<|"|>a:b<|"|>:1}', '{"a:b": 1}'],
    ['{a:[1,<|"|>x<|"|>,{b:[]}]}', '{"a": [1, "x", {"b": []}]}'],
    ['{a:word,b:"quoted"}', '{"a": "word", "b": "quoted"}'],
    ['{ a : 1 , b : { } }', '{"a": 1, "b": {}}'],
    ['{}', '{}'],
  ])('%s', (written, json) => {
    expect(parts(gemma4, `<|tool_call>call:f${written}<tool_call|>`)).toEqual([`call:f ${json}`])
  })

  it.each([
    ['a=1', '{"a": 1}'],
    ['a=\'x\', b="y"', '{"a": "x", "b": "y"}'],
    ['a=True, b=None, c=false', '{"a": true, "b": null, "c": false}'],
    ['a=[1, {"b": 2}], c={}', '{"a": [1, {"b": 2}], "c": {}}'],
    ['a=-1.5e3', '{"a": -1.5e3}'],
    ["a='it\\'s\\n\\t\\\\'", JSON.stringify({ a: "it's\n\t\\" }).replace(':', ': ')],
    ["a='\\x41\\u00e9'", '{"a": "Aé"}'],
    ['', '{}'],
  ])('f(%s)', (written, json) => {
    expect(parts(llama4Pythonic, `[f(${written})]`)).toEqual([`call:f ${json}`])
  })
})

describe('calls of Kimi K3', () => {
  const tag = (name: string): string => `<|open|>${name}<|sep|>`
  const end = (name: string): string => `<|close|>${name}<|sep|>`

  it('have types in their arguments, and a text between two of them is text', () => {
    const argument = (key: string, type: string, value: string): string =>
      `${tag(`argument key="${key}" type="${type}"`)}${value}${end('argument')}`
    const call = (body: string): string => `${tag('call tool="f" index="1"')}${body}${end('call')}`
    const all = [argument('a', 'string', '1'), argument('b', 'number', '1'), argument('c', 'object', '{"d": null}')]
    expect(parts(kimiK3, `${tag('tools')}${call(all.join(''))}${end('tools')}`)).toEqual([
      'call:f {"a": "1", "b": 1, "c": {"d": null}}',
    ])
    expect(parts(kimiK3, `${tag('tools')}${call('')}${call('')}${end('tools')}`)).toEqual(['call:f {}', 'call:f {}'])
  })
})
