import { Ajv2020 } from 'ajv/dist/2020.js'
import { describe, expect, it } from 'vitest'
import { CALL_ID, type Dialect, type Part } from '../../src/chat/dialects/dialect.js'
import { hermes, minimax, qwenXml } from '../../src/chat/dialects/families.js'
import { kimiK3 } from '../../src/chat/dialects/kimi-k3.js'
import { llama3, llama4Pythonic } from '../../src/chat/dialects/llama.js'
import { gemma4 } from '../../src/chat/dialects/gemma.js'
import type { ToolDefinition } from '../../src/chat/message.js'
import { seededRandom } from '../../src/engine/sample/random.js'
import type { AnswerGrammar } from '../../src/grammar/answer-grammar.js'
import { automatonOf } from '../../src/grammar/build.js'
import { compileGrammar } from '../../src/grammar/compile.js'
import type { ToolCallsSpec } from '../../src/grammar/spec.js'
import { DIALECTS, promptEnd } from '../chat/all-dialects.js'
import { byteGrammars, bytes, randomAnswer } from '../grammar/vocabulary.js'

const tool = (name: string, properties: object, required: string[] = []): ToolDefinition => ({
  type: 'function',
  function: { name, parameters: { type: 'object', properties, required, additionalProperties: false } },
})
const weather = tool(
  'get_weather',
  {
    city: { type: 'string', minLength: 2, maxLength: 12 },
    unit: { enum: ['celsius', 'fahrenheit'] },
    days: { type: 'integer', minimum: 1, maximum: 14 },
    note: { anyOf: [{ type: 'string', pattern: '^[a-z]{3}$' }, { type: 'null' }] },
  },
  ['city', 'days'],
)
const add = tool(
  'add',
  {
    numbers: { type: 'array', items: { type: 'number' }, maxItems: 3 },
    exact: { type: 'boolean' },
    text: { type: 'string', maxLength: 9 },
  },
  ['numbers', 'exact'],
)
const nested = tool('nested', {
  point: { type: 'object', properties: { x: { type: 'integer' }, name: { type: 'string', maxLength: 5 } }, required: ['x'], additionalProperties: false }, // prettier-ignore
})
const tools = [weather, add, nested]
const ajv = new Ajv2020()
const validators = new Map(tools.map(({ function: f }) => [f.name, ajv.compile(f.parameters!)]))

const CALLING = DIALECTS.filter((dialect) => dialect.toolSyntax !== undefined)
const named = CALLING.map((dialect) => [dialect.name, dialect] as const)

function parse(dialect: Dialect, text: string): Part[] {
  const parser = dialect.parser({ prompt: promptEnd(dialect), tools, newId: () => 'id' })
  return [...parser.push(text), ...parser.flush()]
}

/** All calls of an answer, which validate. */
function validCalls(dialect: Dialect, text: string): string[] {
  return parse(dialect, text).flatMap((part) => {
    if (part.kind !== 'tool-call') return []
    const { name, arguments: args } = part.call
    const validate = validators.get(name)!
    expect(validate(JSON.parse(args)), `${text}: ${args}: ${JSON.stringify(validate.errors)}`).toBe(true)
    return [name]
  })
}

function beginning(dialect: Dialect): string {
  const syntax = dialect.toolSyntax!(tools)!
  const id = new RegExp(`^${syntax.ids}$`).test('123456789') ? '123456789' : 'a1b2c3d4e5'
  return syntax.before + syntax.begin('add', 0).replace(CALL_ID, id)
}

/** What an answer's text begins with, where every answer is a message with a mark. */
function textBeginning(dialect: Dialect): string {
  const { messages, text } = dialect.toolSyntax!(tools)!
  return messages ? text!.begin : ''
}

/** Begins an answer with `text`, which must be allowed. */
function begun(form: AnswerGrammar, text: string): string {
  for (const id of bytes.encode(text)) {
    expect(form.follow([id]), `${bytes.decode([id])} of ${text}`).toBe(1)
    form.accept(id)
  }
  return text
}

const said = (dialect: Dialect, text: string): string =>
  parse(dialect, text)
    .map((part) => part.text)
    .join('')
    .trim()

describe('a required call, chosen at random, is read back by the dialect and validates', () => {
  it.each(named)('%s', async (_, dialect) => {
    const grammars = byteGrammars(dialect)
    const random = seededRandom(11)
    for (const parallel of [false, true])
      for (let i = 0; i < 6; i++) {
        const form = await grammars.constraint({ kind: 'tool-calls', tools, must: true, parallel })
        const text =
          begun(form, textBeginning(dialect) === '' ? '' : beginning(dialect)) + randomAnswer(form, random, 8000)
        const calls = validCalls(dialect, text)
        expect(calls.length, text).toBeGreaterThanOrEqual(1)
        if (!parallel) expect(calls.length, text).toBe(1)
        expect(said(dialect, text), text).toBe('')
      }
  })
})

describe('calls that may come', () => {
  it.each(named)('%s: text of any kind, and calls that validate after it', async (_, dialect) => {
    const grammars = byteGrammars(dialect)
    const random = seededRandom(5)
    const spec: ToolCallsSpec = { kind: 'tool-calls', tools, must: false, parallel: true }
    let calls = 0
    for (let i = 0; i < 6; i++) {
      const form = await grammars.constraint(spec)
      // The second half begins as a call does.
      const begin = i >= 3 ? beginning(dialect) : textBeginning(dialect)
      const text = begun(form, begin) + randomAnswer(form, random, 20_000)
      calls += validCalls(dialect, text).length
    }
    expect(calls).toBeGreaterThanOrEqual(3)
  })

  it('is text alone where nothing begins like a call', async () => {
    const may = { kind: 'tool-calls', tools, must: false, parallel: true } as const
    for (const dialect of CALLING) {
      const grammar = await compileGrammar(may, { dialect })
      const text = `${textBeginning(dialect)}It is 5 < 6, "so" <b>there</b>.`
      expect(grammar.accepts(text), dialect.name).toBe(true)
    }
    for (const [dialect, text] of [
      [hermes, 'So: <tool_call>\n{"name": "add", "arguments": {}}\n</tool_call>'],
      [hermes, '<tool_call>{"name": "other", "arguments": {}}</tool_call>'],
      [qwenXml, '<function=add>\n</function>'],
      [llama3, '{"name": "add", "parameters": {}}'],
      [llama4Pythonic, '[add(numbers=1)]'],
      [gemma4, 'text <|tool_call>call:add{}<tool_call|>'],
    ] as const)
      expect((await compileGrammar(may, { dialect })).accepts(text), text).toBe(false)
  })
})

describe('a call, or JSON of a schema', () => {
  const orJson = {
    type: 'object',
    properties: { ok: { type: 'boolean' } },
    required: ['ok'],
    additionalProperties: false,
  }

  it.each(named)('%s', async (_, dialect) => {
    const spec: ToolCallsSpec = { kind: 'tool-calls', tools, must: false, parallel: false, orJson }
    const grammar = await compileGrammar(spec, { dialect })
    const json = `${textBeginning(dialect)}{"ok":true}`
    expect(grammar.accepts(json)).toBe(true)
    expect(JSON.parse(said(dialect, json))).toEqual({ ok: true })
    expect(grammar.accepts('It is so.')).toBe(false)
    const random = seededRandom(2)
    const form = await byteGrammars(dialect).constraint({ ...spec, must: true, orJson: undefined })
    const call = begun(form, beginning(dialect)) + randomAnswer(form, random, 8000)
    expect(grammar.accepts(call), call).toBe(true)
  })

  it('stands in its section', async () => {
    const grammar = await compileGrammar(
      { kind: 'tool-calls', tools, must: false, parallel: false, orJson },
      { dialect: kimiK3 },
    )
    expect(grammar.accepts('<|open|>response<|sep|>{"ok":true}<|close|>response<|sep|>')).toBe(true)
  })
})

describe('texts between tags', () => {
  const ask = async (dialect: Dialect, schema: object) =>
    compileGrammar(
      { kind: 'tool-calls', tools: [tool('f', { a: schema }, ['a'])], must: true, parallel: false },
      { dialect },
    )
  const call = (value: string): string =>
    `\n<minimax:tool_call>\n<invoke name="f">\n<parameter name="a">${value}</parameter>\n</invoke>\n</minimax:tool_call>`

  it.each<[object, string[], string[]]>([
    [{ type: 'string' }, ['', 'x', '<b> </parameter', 'a\nb'], []],
    [{ type: 'string', maxLength: 3 }, ['', 'äöü', '<<<'], ['abcd']],
    [{ type: 'string', minLength: 2 }, ['ab', '你好'], ['a', '']],
    [{ type: 'string', pattern: 'b+' }, ['abc', 'b'], ['ac']],
    [{ type: 'string', pattern: '^b', maxLength: 2 }, ['b', 'bc'], ['bcd', 'ab']],
    [{ enum: ['a', 'b c'] }, ['a', 'b c'], ['c']],
    [{ const: 'a' }, ['a'], ['b']],
    [{ type: ['string', 'null'] }, ['a', 'null'], []],
    [{ type: ['string', 'integer'], maximum: 12, minimum: 10 }, ['a', '11'], ['13', '-1', '1']],
    [{ anyOf: [{ type: 'string', maxLength: 1 }, { type: 'boolean' }] }, ['a', 'true'], ['ab', 'maybe']],
    [{}, ['a', '5', '{"b": 1}'], []],
    [{ type: 'integer', minimum: 1, maximum: 3 }, ['2'], ['4', 'a']],
  ])('%j', async (schema, yes, no) => {
    const grammar = await ask(minimax, schema)
    for (const value of yes) expect(grammar.accepts(call(value)), value).toBe(true)
    for (const value of no) expect(grammar.accepts(call(value)), value).toBe(false)
  })

  it('are refused with the tool, the argument and the keyword', async () => {
    const wrong = [weather, tool('f', { a: { type: 'string', not: { const: 'x' } } })]
    const spec = { kind: 'tool-calls', tools: wrong, must: true, parallel: false } as const
    await expect(compileGrammar(spec, { dialect: minimax })).rejects.toMatchObject({
      code: 'invalid_grammar',
      path: 'tools[1].function.parameters',
      message: expect.stringMatching(/^tools\[1\]\.function\.parameters: .*#\/properties\/a\/not: /) as string,
    })
    await expect(compileGrammar(spec)).rejects.toThrow(/no format for calls/)
  })
})

describe('markers', () => {
  /** The bytes, and the markers of the dialect as special tokens. */
  const withMarkers = (dialect: Dialect) => {
    const names = dialect.markers
    return (name: string) => names.includes(name)
  }

  it.each(named)('%s: special tokens, which no text can spell', async (_, dialect) => {
    const isSpecial = withMarkers(dialect)
    for (const must of [true, false]) {
      const spec: ToolCallsSpec = { kind: 'tool-calls', tools, must, parallel: true }
      const automaton = await automatonOf(spec, { dialect, isSpecial })
      let state = automaton.initial
      for (const piece of pieces(beginning(dialect), dialect.markers)) {
        state = dialect.markers.includes(piece)
          ? automaton.goSpecial(state, piece)
          : [...new TextEncoder().encode(piece)].reduce((at, byte) => automaton.go(at, byte), state)
        expect(state, `${piece} of ${dialect.name}`).not.toBe(0)
      }
    }
  })

  const pieces = (text: string, names: readonly string[]): string[] => {
    const escaped = [...names].sort((a, b) => b.length - a.length).map((name) => name.replace(/[^\w]/g, '\\$&'))
    return text.split(new RegExp(`(${escaped.join('|')})`)).filter((piece) => piece !== '')
  }
})
