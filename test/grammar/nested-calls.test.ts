// Arguments of calls that hold objects and lists, in families that write them otherwise than as JSON, and calls after a text.
import { describe, expect, it } from 'vitest'
import type { Dialect } from '../../src/chat/dialects/dialect.js'
import { functionaryV32, glm45, lfm2 } from '../../src/chat/dialects/families.js'
import { gemma4 } from '../../src/chat/dialects/gemma.js'
import { minimaxM3 } from '../../src/chat/dialects/minimax-m3.js'
import type { ToolDefinition } from '../../src/chat/message.js'
import type { JsonObject } from '../../src/json.js'
import { compileGrammar } from '../../src/grammar/compile.js'

const toolOf = (parameters: JsonObject): ToolDefinition => ({ type: 'function', function: { name: 'f', parameters } })
const required = (dialect: Dialect, a: object, definitions: object = {}) => {
  const parameters = { type: 'object', properties: { a }, required: ['a'], ...definitions }
  return compileGrammar({ kind: 'tool-calls', tools: [toolOf(parameters)], must: true, parallel: false }, { dialect })
}
/** What the dialect reads of a call with this text as its arguments. */
function argumentsIn(dialect: Dialect, text: string, parameters: JsonObject): unknown {
  const parser = dialect.parser({ prompt: '', tools: [toolOf(parameters)], newId: () => 'id' })
  const parts = [...parser.push(text), ...parser.flush()]
  return parts.flatMap((part) => (part.kind === 'tool-call' ? [JSON.parse(part.call.arguments) as unknown] : []))[0]
}

describe('MiniMax M3: objects and lists in elements', () => {
  const M = ']<]minimax[>['
  /** `<k>` and `</k>` get their mark. */
  const marked = (text: string): string => text.replace(/<(?=\/?[a-z]+>)/g, `${M}<`)
  const call = (value: string): string =>
    `${M}<tool_call>\n${M}<invoke name="f">${marked(`<a>${value}</a>`)}${M}</invoke>\n${M}</tool_call>`
  const string = { type: 'string' }
  const point = { type: 'object', properties: { x: { type: 'number' }, name: string }, required: ['x'] }
  const tree = { $ref: '#/$defs/tree' }
  const $defs = {
    tree: { type: 'object', properties: { v: string, kids: { type: 'array', items: tree } }, required: ['v'] },
  }

  it.each<[object, [string, unknown][], string[]]>([
    [point, [['<x>1</x><name>"q" {z}</name>', { x: 1, name: '"q" {z}' }], ['<x>1</x>', { x: 1 }]], ['<name>b</name>', '{"x": 1}', '<x>b</x>', '<y>1</y>']],
    [{ type: 'array', items: string, minItems: 1, maxItems: 2 }, [['<item>a\n b</item>', ['a\n b']], ['<item>1</item><item></item>', ['1', '']]], ['', 'a', '["a"]', '<item>a</item><item>a</item><item>a</item>', '<x>a</x>']],
    [{ type: 'array', items: { type: 'array', items: point } }, [['<item><item><x>2</x></item></item><item></item>', [[{ x: 2 }], []]]], ['<item><x>2</x></item>']],
    [{ anyOf: [point, { type: 'null' }], description: 'A place' }, [['<x>1</x>', { x: 1 }], ['null', null]], ['{"x": 1}', 'nil']],
    [{ allOf: [{ $ref: '#/$defs/tree' }] }, [['<v>r</v><kids><item><v>s</v></item></kids>', { v: 'r', kids: [{ v: 's' }] }]], ['<kids></kids>']],
    [{ type: 'object', properties: { item: string, o: { type: 'object', properties: { item: string } } } }, [['<item>a</item>', { item: 'a' }], ['<o><item>a</item></o>', { o: { item: 'a' } }]], []],
    // What elements cannot say is JSON in one.
    [{ type: 'object', additionalProperties: { type: 'number' } }, [['{"k": 1}', { k: 1 }]], ['{"k": "s"}', '<k>1</k>']],
    [{ type: 'array', items: { enum: ['a', 'b'] }, uniqueItems: true }, [['["a"]', ['a']]], ['<item>a</item>', '["a","a"]']],
    [{ type: 'object', properties: { p: { not: string }, q: point }, required: ['q'] }, [['{"q": {"x": 1}}', { q: { x: 1 } }]], ['<q><x>1</x></q>']],
  ])('%j', async (schema, yes, no) => {
    const grammar = await required(minimaxM3, schema, { $defs })
    const parameters = { type: 'object', properties: { a: schema }, $defs }
    for (const [text, a] of yes) {
      expect(grammar.accepts(call(text)), text).toBe(true)
      expect(argumentsIn(minimaxM3, call(text), parameters)).toEqual({ a })
    }
    for (const text of no) expect(grammar.accepts(call(text)), text).toBe(false)
  }) // prettier-ignore
})

describe('schemas that refer to themselves, or to one another many times', () => {
  it("are held as deeply as the model writes, in Gemma's notation", async () => {
    const $defs = { n: { type: 'object', properties: { l: { $ref: '#/$defs/n' }, r: { $ref: '#/$defs/n' } } } }
    const grammar = await required(gemma4, { $ref: '#/$defs/n' }, { $defs })
    const call = (value: string): string => `<|tool_call>call:f{a:${value}}<tool_call|>`
    expect(grammar.accepts(call('{l:{r:{l:{}}},r:{}}'))).toBe(true)
    expect(grammar.accepts(call('{l:{m:{}}}'))).toBe(false)
  })

  it.each([gemma4, minimaxM3])('cost no more than their text: $name', async (dialect) => {
    const links = Array.from({ length: 20 }, (_, i) => {
      const next = i === 19 ? { type: 'number' } : { $ref: `#/$defs/d${i + 1}` }
      return [`d${i}`, { type: 'object', properties: { l: next, r: next }, required: ['l', 'r'] }]
    })
    // A million and more ways lead from the first to the last.
    await required(dialect, { $ref: '#/$defs/d0' }, { $defs: Object.fromEntries(links) as object })
  })
})

describe('functionary 3.2: a call may stand after a text, and holds its schema there too', () => {
  const tools = [toolOf({ type: 'object', properties: { n: { type: 'integer' } }, required: ['n'] })]
  const may = compileGrammar({ kind: 'tool-calls', tools, must: false, parallel: true }, { dialect: functionaryV32 })

  it.each([
    'all\nIt is > 5, >> or so.',
    'all\nLet me look.>>>f\n{"n": 1}',
    'all\na>>>f\n{"n":1}>>>f\n{"n":2}',
    'f\n{"n": 1}',
  ])('takes %j', async (text) => expect((await may).accepts(text)).toBe(true))
  it.each(['all\nLet me look.>>>f\n{"n": "1"}', 'all\na>>>g\n{"n": 1}', 'f\n{}', 'all\na>>>f\n{"n": 1}>>>f\n{}'])(
    'refuses %j',
    async (text) => expect((await may).accepts(text)).toBe(false),
  )
})

describe('references in the schemas of arguments', () => {
  const holding = (dialect: Dialect, parameters: JsonObject) =>
    compileGrammar({ kind: 'tool-calls', tools: [toolOf(parameters)], must: true, parallel: false }, { dialect })
  const glm = (...members: [string, string][]): string =>
    `<tool_call>f\n${members.map(([key, value]) => `<arg_key>${key}</arg_key>\n<arg_value>${value}</arg_value>\n`).join('')}</tool_call>`
  const point = { type: 'object', properties: { x: { type: 'integer' } }, required: ['x'], additionalProperties: false }

  it('lead to other arguments, as generators write what occurs twice', async () => {
    const parameters = { type: 'object', properties: { a: point, b: { $ref: '#/properties/a' } }, required: ['a', 'b'] }
    const tagged = await holding(glm45, parameters)
    expect(tagged.accepts(glm(['a', '{"x": 1}'], ['b', '{"x": 2}']))).toBe(true)
    expect(tagged.accepts(glm(['a', '{"x": 1}'], ['b', '{"x": "s"}']))).toBe(false)
    const python = await holding(lfm2, parameters)
    expect(python.accepts('<|tool_call_start|>[f(a={"x": 1}, b={"x": 2})]<|tool_call_end|>')).toBe(true)
    expect(python.accepts('<|tool_call_start|>[f(a={"x": 1}, b={})]<|tool_call_end|>')).toBe(false)
  })

  it('lead to the arguments as a whole', async () => {
    const kids = { type: 'array', items: { $ref: '#' } }
    const grammar = await holding(glm45, {
      type: 'object',
      properties: { v: { type: 'integer' }, kids },
      required: ['v'],
    })
    expect(grammar.accepts(glm(['v', '1'], ['kids', '[{"v": 2, "kids": [{"v": 3}]}]']))).toBe(true)
    for (const value of ['[[]]', '[{}]']) expect(grammar.accepts(glm(['v', '1'], ['kids', value])), value).toBe(false)
  })

  it.each<[object, string[], string[]]>([
    [{ allOf: [{ $ref: '#/$defs/colour' }], default: 'red' }, ['red', 'blue'], ['green']],
    [{ $ref: '#/$defs/name', maxLength: 2 }, ['ab'], ['a', 'abc']],
    [{ $ref: '#/$defs/the%20letter', description: 'q' }, ['q'], ['r']],
  ])('of texts: %j', async (c, yes, no) => {
    const $defs = {
      colour: { type: 'string', enum: ['red', 'blue'] },
      name: { type: 'string', minLength: 2 },
      'the letter': { const: 'q' },
    }
    const grammar = await holding(glm45, { type: 'object', $defs, properties: { c }, required: ['c'] })
    for (const text of yes) expect(grammar.accepts(glm(['c', text])), text).toBe(true)
    for (const text of no) expect(grammar.accepts(glm(['c', text])), text).toBe(false)
  })

  it.each<JsonObject>([
    { $ref: '#/$defs/point', $defs: { point } },
    { allOf: [{ $ref: '#/$defs/point' }], $defs: { point } },
  ])('are the arguments: %j', async (parameters) => {
    const grammar = await holding(glm45, parameters)
    expect(grammar.accepts(glm(['x', '1']))).toBe(true)
    for (const text of [glm(), glm(['x', 'a'])]) expect(grammar.accepts(text), text).toBe(false)
  })

  it('to themselves are refused', async () => {
    const $defs = { a: { anyOf: [{ type: 'string', maxLength: 3 }, { $ref: '#/$defs/a' }] } }
    const parameters = { type: 'object', $defs, properties: { c: { $ref: '#/$defs/a' } } }
    await expect(holding(glm45, parameters)).rejects.toThrow(/#\/properties\/c.* one to itself/)
  })
})

describe('what is said of all arguments together is refused where each is written by itself', () => {
  const a = { type: 'string' }
  it.each<[JsonObject, RegExp]>([
    [{ properties: { a }, required: ['a', 'b'] }, /#\/required: "b" is not among the properties/],
    [{ properties: { a, b: a }, anyOf: [{ required: ['a'] }, { required: ['b'] }] }, /#\/anyOf: .*all arguments/],
    [{ properties: { a, b: a }, dependentRequired: { a: ['b'] } }, /#\/dependentRequired: .*all arguments/],
    [{ properties: { a, b: a }, minProperties: 1 }, /#\/minProperties: .*all arguments/],
    [{ type: 'array' }, /#\/type: expected object/],
  ])('%j', async (parameters, message) => {
    const tools = [toolOf(parameters)]
    for (const dialect of [glm45, lfm2, gemma4])
      await expect(
        compileGrammar({ kind: 'tool-calls', tools, must: true, parallel: false }, { dialect }),
      ).rejects.toThrow(message)
  })
})
