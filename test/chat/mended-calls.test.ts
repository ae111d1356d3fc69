// Calls whose writing is somewhat broken, read whole and in pieces.
import { describe, expect, it } from 'vitest'
import type { Dialect } from '../../src/chat/dialects/dialect.js'
import { dsmlV32, glm45, glm47, hermes, kimiK2, minimax, qwenXml } from '../../src/chat/dialects/families.js'
import { harmony } from '../../src/chat/dialects/harmony.js'
import { llama3 } from '../../src/chat/dialects/llama.js'
import { repaired } from '../../src/chat/json-repair.js'
import { TOOLS } from './answers.js'

/** Texts and calls, the same however the answer is cut; the pieces of a call together are its arguments. */
function read(dialect: Dialect, text: string): string[] {
  const of = (size: number, pieces: boolean): string[] => {
    const parser = dialect.parser({ prompt: 'Q', tools: TOOLS, pieces, nearMisses: true, newId: () => 'id' })
    const cut = text.match(new RegExp(`[^]{1,${size}}`, 'gu')) ?? []
    const told = new Map<number, string>()
    const said: [kind: string, text: string][] = []
    for (const part of [...cut.flatMap((piece) => parser.push(piece)), ...parser.flush()]) {
      const last = said.at(-1)
      if (part.kind === 'tool-input') told.set(part.index, (told.get(part.index) ?? '') + part.text)
      else if (part.kind === 'tool-call') {
        const { index, name, arguments: args } = part.call
        expect(told.get(index) ?? args).toBe(args)
        said.push(['call', `${name} ${args}`])
      } else if (last?.[0] === part.kind) last[1] += part.text
      else said.push([part.kind, part.text])
    }
    expect(parser.partial).toBeUndefined()
    return said.map((one) => one.join(': '))
  }
  const whole = of(text.length, false)
  for (const size of [1, 3, text.length]) expect(of(size, true)).toEqual(whole)
  return whole
}

const hermesCall = (args: string): string => `<tool_call>\n{"name": "weather", "arguments": ${args}}\n</tool_call>`

describe('JSON that is mended', () => {
  const mended: [string, string, string][] = [
    ['line breaks and tabs in strings', '{"city": "a\n\tb\u0001"}', '{"city": "a\\n\\tb\\u0001"}'],
    ['backslashes of no escape', '{"city": "C:\\Users\\x \\u12"}', '{"city": "C:\\\\Users\\\\x \\\\u12"}'],
    ['a comma at the end', '{"days": [1, 2, ], "city": "a,]",\n}', '{"days": [1, 2 ], "city": "a,]"\n}'],
  ]

  it.each(mended)('has %s', (_, written, json) => {
    expect(repaired(written)).toBe(json)
    expect(JSON.parse(json)).toBeTypeOf('object')
    const call = [`call: weather ${json}`]
    expect(read(hermes, hermesCall(written))).toEqual(call)
    expect(read(llama3, `{"name": "weather", "parameters": ${written}}`)).toEqual(call)
    expect(read(harmony, `<|channel|>commentary to=functions.weather<|message|>${written}<|call|>`)).toEqual(call)
    const kimi = `<|tool_call_begin|>functions.weather:0<|tool_call_argument_begin|>${written}<|tool_call_end|>`
    expect(read(kimiK2, `<|tool_calls_section_begin|>${kimi}<|tool_calls_section_end|>`)).toEqual(call)
  })

  it('stays as it is where it is whole', () => {
    const json = '{"a": "x\\u00e9\\n\\\\ \\"", "b" : [1 , {"c":"\\/"}] ,"d":{}}'
    expect(repaired(json)).toBe(json)
  })

  it('is text where it stays unreadable', () => {
    const bad = hermesCall('{"city": "a" "b"}')
    expect(read(hermes, bad)).toEqual([`text: ${bad}`])
    expect(read(hermes, `Hm. ${bad} So.`)).toEqual([`text: Hm. ${bad} So.`])
    expect(read(llama3, '{"name": "weather", "parameters": {"city": a}}')).toEqual([
      'text: {"name": "weather", "parameters": {"city": a}}',
    ])
    const message = '<|channel|>commentary to=functions.weather<|message|>{"city": a}<|call|>'
    expect(read(harmony, message)).toEqual([`text: ${message}`])
  })
})

describe('arguments without their closing tag', () => {
  const qwen = (inner: string): string => `<tool_call>\n<function=weather>\n${inner}\n</function>\n</tool_call>`
  const invoked = (inner: string): string =>
    `<minimax:tool_call>\n<invoke name="weather">\n${inner}\n</invoke>\n</minimax:tool_call>`
  const both = ['call: weather {"city": "a.py", "days": 5}']

  it.each([
    ['Qwen', qwenXml, qwen('<parameter=city>\na.py\n<parameter=days>\n5\n</parameter>')],
    ['Qwen at the end', qwenXml, qwen('<parameter=city>\na.py\n</parameter>\n<parameter=days>\n5')],
    ['Qwen everywhere', qwenXml, qwen('<parameter=city>\na.py\n<parameter=days>\n5')],
    ['MiniMax', minimax, invoked('<parameter name="city">a.py\n<parameter name="days">5')],
    [
      'DSML',
      dsmlV32,
      '<｜DSML｜function_calls>\n<｜DSML｜invoke name="weather">\n<｜DSML｜parameter name="city" string="true">a.py\n<｜DSML｜parameter name="days" string="false">5\n</｜DSML｜invoke>\n</｜DSML｜function_calls>',
    ],
    [
      'GLM 4.5',
      glm45,
      '<tool_call>weather\n<arg_key>city</arg_key>\n<arg_value>a.py<arg_key>days</arg_key>\n<arg_value>5\n</tool_call>',
    ],
    [
      'GLM 4.7',
      glm47,
      '<tool_call>weather<arg_key>city</arg_key><arg_value>a.py<arg_key>days</arg_key><arg_value>5</arg_value></tool_call>',
    ],
  ] as const)('of %s end where the next one or the end of the call is', (_, dialect, text) => {
    expect(read(dialect, text)).toEqual(both)
    expect(read(dialect, `${text}\n${text}`)).toEqual([...both, ...both])
  })

  it('keep line ends of their own', () => {
    expect(read(qwenXml, qwen('<parameter=city>\n\na\n\n<parameter=days>\n5'))).toEqual([
      'call: weather {"city": "\\na\\n", "days": 5}',
    ])
  })

  it.each([
    ['a key that the tool has not', 'a\n<parameter=other>\nb'],
    ['its own key', 'a\n<parameter=city>\nb'],
    ['a key in the middle of a line', 'a <parameter=days>\nb'],
    ['an end that is no end of the call', 'a\n</function>\nb\n</tool_call>'],
  ])('are told from a text with %s', (_, value) => {
    expect(read(qwenXml, qwen(`<parameter=city>\n${value}\n</parameter>`))).toEqual([
      `call: weather {"city": ${JSON.stringify(value)}}`,
    ])
  })
})

describe('a call after a broken one', () => {
  const good = '<tool_call>\n{"name": "add", "arguments": {}}\n</tool_call>'

  it.each([
    ['brackets that are open', hermesCall('{"city": {"a": 1, "b"}')],
    ['arguments that are none', hermesCall('{"city": a}')],
    ['arguments twice', hermesCall('{"city": "a"}, "arguments": {"city": b}')],
    ['no end', '<tool_call>\n{"name": "weather", "arguments": {"city": a'],
  ])('is a call (%s)', (_, bad) => {
    expect(read(hermes, `${bad}\n${good}`)).toEqual([`text: ${bad}`, 'call: add {}'])
    expect(read(hermes, `${good}\n${bad}\n${good}`)).toEqual(['call: add {}', `text: ${bad}`, 'call: add {}'])
  })

  it('is one in a section of Kimi too', () => {
    const call = (name: string, args: string): string =>
      `<|tool_call_begin|>functions.${name}:0<|tool_call_argument_begin|>${args}<|tool_call_end|>`
    const section = (calls: string): string => `<|tool_calls_section_begin|>${calls}<|tool_calls_section_end|>`
    const [bad, add] = [call('weather', '{"city": {"a" }'), call('add', '{}')]
    expect(read(kimiK2, section(bad + add))).toEqual([`text: <|tool_calls_section_begin|>${bad}`, 'call: add {}'])
    expect(read(kimiK2, section(add + bad + add))).toEqual(['call: add {}', `text: ${bad}`, 'call: add {}'])
  })

  it('has its first arguments where there are several', () => {
    const twice =
      '<tool_call>\n{"name": "weather", "arguments": {"city": "a"}, "arguments": {"city": "b"}}\n</tool_call>'
    expect(read(hermes, twice)).toEqual(['call: weather {"city": "a"}'])
  })
})

describe('brackets that are missing before the end of a call', () => {
  it.each([
    ['of the call', '{"city": "a"}'],
    ['of the arguments', '{"city": "a"'],
    ['of a value', '{"list": [{"a": 1'],
  ])('are added (%s)', (_, args) => {
    const json = args.endsWith('}') ? args : args + (args.includes('[') ? '\n}]}' : '\n}')
    const called = [`call: weather ${json}`]
    const text = `<tool_call>\n{"name": "weather", "arguments": ${args}\n</tool_call>`
    expect(read(hermes, text)).toEqual(called)
    expect(read(hermes, `${text}\n${text}`)).toEqual([...called, ...called])
    const kimi = `<|tool_call_begin|>functions.weather:0<|tool_call_argument_begin|>${args}\n<|tool_call_end|>`
    expect(read(kimiK2, kimi)).toEqual(called)
  })

  it.each(['{"city": "a', '{"city": "a",', '{"city": ', '{"list": [1}'])(
    'are not where more is missing (%s)',
    (args) => {
      const text = `<tool_call>\n{"name": "weather", "arguments": ${args}\n</tool_call>`
      expect(read(hermes, text)).toEqual([`text: ${text}`])
    },
  )

  it('are not without the end of the call', () => {
    const text = '<tool_call>\n{"name": "weather", "arguments": {"city": "a"'
    expect(read(hermes, text)).toEqual([`text: ${text}`])
  })
})

describe('calls of Llama that are not the whole answer', () => {
  const object = '{"name": "weather", "parameters": {"city": "a"}}'
  const called = 'call: weather {"city": "a"}'

  it.each([
    ['after a text', `I will call it: ${object}`, ['text: I will call it:', called]],
    ['between texts', `So:\n\n${object}\nDone.`, ['text: So:', called, 'text: Done.']],
    ['in a list', `[${object}]`, [called]],
    ['in a list after a text', `So: [${object}, ${object}]`, ['text: So:', called, called]],
    ['several', `So: ${object}; ${object}`, ['text: So:', called, called]],
    ['on lines', `So: {\n  "name": "weather",\n  "parameters": {"city": "a"}\n}`, ['text: So:', called]],
  ])('are read %s', (_, text, parts) => {
    expect(read(llama3, text)).toEqual(parts)
  })

  it.each([
    ['another tool', object.replace('weather', 'other')],
    ['no arguments', '{"name": "weather"}'],
    ['quotes', `\`${object}\``],
    ['code', `\`\`\`python\ncall(${object})\n\`\`\``],
    ['no end', object.slice(0, -2)],
  ])('are text with %s', (_, text) => {
    expect(read(llama3, `As ${text} is.`)).toEqual([`text: As ${text} is.`])
  })

  it('are text where a grammar says what is a call', () => {
    const setup = { prompt: 'Q', tools: TOOLS, newId: () => 'id' }
    const parser = llama3.parser(setup)
    const parts = [...parser.push(`As ${object}`), ...parser.flush()]
    expect(parts.map(({ text }) => text).join('')).toBe(`As ${object}`)
  })
})
