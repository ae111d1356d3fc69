import { Ajv2020 } from 'ajv/dist/2020.js'
import { beforeAll, describe, expect, it } from 'vitest'
import { deepseekV3, deepseekV31 } from '../../src/chat/dialects/deepseek.js'
import type { Dialect, Part } from '../../src/chat/dialects/dialect.js'
import { dsmlV32, dsmlV4 } from '../../src/chat/dialects/dsml.js'
import { harmony } from '../../src/chat/dialects/harmony.js'
import { hermes } from '../../src/chat/dialects/hermes.js'
import { kimiK2 } from '../../src/chat/dialects/kimi-k2.js'
import { kimiK3 } from '../../src/chat/dialects/kimi-k3.js'
import { mistral, mistralList } from '../../src/chat/dialects/mistral.js'
import { qwenXml } from '../../src/chat/dialects/qwen-xml.js'
import type { ToolDefinition } from '../../src/chat/message.js'
import { seededRandom } from '../../src/engine/sample/random.js'
import { Grammars } from '../../src/grammar/constraint.js'
import { END, bytes, randomAnswer } from './vocabulary.js'

const tools: ToolDefinition[] = [
  {
    type: 'function',
    function: {
      name: 'get_weather',
      parameters: {
        type: 'object',
        properties: {
          city: { type: 'string' },
          unit: { enum: ['celsius', 'fahrenheit'] },
          days: { type: 'integer', minimum: 1, maximum: 14 },
        },
        required: ['city'],
        additionalProperties: false,
      },
    },
  },
  {
    type: 'function',
    function: {
      name: 'add',
      parameters: {
        type: 'object',
        properties: { numbers: { type: 'array', items: { type: 'number' }, maxItems: 3 }, exact: { type: 'boolean' } },
        required: ['numbers', 'exact'],
        additionalProperties: false,
      },
    },
  },
]
const ajv = new Ajv2020()
const validators = new Map(tools.map(({ function: f }) => [f.name, ajv.compile(f.parameters!)]))

let grammars: Grammars
beforeAll(async () => {
  grammars = await Grammars.of(bytes, END + 1, new Set([END]))
})

function parse(dialect: Dialect, text: string): Part[] {
  const parser = dialect.parser({ prompt: '', tools, newId: () => 'id' })
  return [...parser.push(text), ...parser.flush()]
}

function expectCalls(dialect: Dialect, text: string, least: number): void {
  const calls = parse(dialect, text).flatMap((part) => (part.kind === 'tool-call' ? [part.call] : []))
  expect(calls.length, text).toBeGreaterThanOrEqual(least)
  for (const { name, arguments: args } of calls) {
    const validate = validators.get(name)!
    expect(validate(JSON.parse(args)), `${text}: ${args}: ${JSON.stringify(validate.errors)}`).toBe(true)
  }
}

const DIALECTS = [
  deepseekV3,
  deepseekV31,
  dsmlV32,
  dsmlV4,
  harmony,
  hermes,
  kimiK2,
  kimiK3,
  mistral,
  mistralList,
  qwenXml,
]

describe('a required call, chosen at random, is read back by the dialect and validates', () => {
  it.each(DIALECTS.map((dialect) => [dialect.name, dialect] as const))('%s', async (_, dialect) => {
    const random = seededRandom(11)
    for (const parallel of [false, true])
      for (let i = 0; i < 6; i++) {
        const constraint = await grammars.constraint({ kind: 'tool-calls', tools, must: true, parallel }, dialect)
        const text = await randomAnswer(constraint, random, 6000)
        expectCalls(dialect, text, 1)
        const said = parse(dialect, text).filter((part) => part.kind === 'text' && part.text.trim() !== '')
        expect(said, text).toEqual([])
      }
  })
})

describe('calls that may come', () => {
  it('leave text free, and validate when they come', async () => {
    const said = 'I shall look. <tool_call>\n{"name": "'
    const constraint = await grammars.constraint({ kind: 'tool-calls', tools, must: false, parallel: true }, hermes)
    const ids = bytes.encode(said)
    for (const id of ids) {
      await constraint.prepare()
      expect(constraint.mask(new Float32Array(END + 1))[id], said).toBe(0)
      constraint.accept(id)
    }
    const rest = await randomAnswer(constraint, seededRandom(3), 6000)
    expectCalls(hermes, said + rest, 1)
  })

  it('are refused where nothing marks them', async () => {
    const spec = { kind: 'tool-calls', tools, must: false, parallel: true } as const
    await expect(grammars.constraint(spec, mistral)).rejects.toThrow(/no fixed beginning and end/)
  })
})
