import { describe, expect, it } from 'vitest'
import type { AnswerParser, AnswerSetup, Dialect } from '../../src/chat/dialects/dialect.js'
import { functionaryV32, hermes, lfm2, think } from '../../src/chat/dialects/families.js'
import { gemma4 } from '../../src/chat/dialects/gemma.js'
import { harmony } from '../../src/chat/dialects/harmony.js'
import { llama3, llama4Pythonic } from '../../src/chat/dialects/llama.js'
import { minimaxM3 } from '../../src/chat/dialects/minimax-m3.js'
import { TOOLS } from './answers.js'

/** The parts of an answer, neighbours of one kind joined, which are the same however it is cut. */
function parts(dialect: Dialect, text: string, setup: Partial<AnswerSetup> = {}): string[] {
  const cut = (size: number): string[] => {
    const parser = dialect.parser({ prompt: 'Q', tools: TOOLS, nearMisses: true, newId: () => 'new', ...setup })
    const pieces = text.match(new RegExp(`[^]{1,${size}}`, 'gu')) ?? []
    return read(parser, pieces)
  }
  const whole = cut(text.length)
  for (const size of [1, 3]) expect(cut(size)).toEqual(whole)
  return whole
}

function read(parser: AnswerParser, pieces: readonly string[]): string[] {
  const found: [kind: string, text: string][] = []
  for (const part of [...pieces.flatMap((piece) => parser.push(piece)), ...parser.flush()]) {
    const last = found.at(-1)
    if (part.kind === 'tool-call') found.push(['call', `${part.call.id} ${part.call.name} ${part.call.arguments}`])
    else if (last?.[0] === part.kind) last[1] += part.text
    else found.push([part.kind, part.text])
  }
  return found.map((one) => one.join(': '))
}

const ADD = '{"name": "add", "arguments": {"a": 1}}'
const CALLED = 'call: new add {"a": 1}'

describe("calls in a family's own tags, somewhat off", () => {
  it.each([
    ['in a list', `<tool_call>\n[${ADD}]\n</tool_call>`],
    ['in a fence', `<tool_call>\n\`\`\`json\n${ADD}\n\`\`\`\n</tool_call>`],
    ['as in the API', `<tool_call>\n{"type": "function", "function": ${ADD}}\n</tool_call>`],
    ['with a bracket too many', `<tool_call>\n${ADD}}\n</tool_call>`],
  ])('%s are calls', (_, text) => {
    expect(parts(hermes, text)).toEqual([CALLED])
    expect(parts(hermes, `Hm.\n${text}\nDone.`)).toEqual(['text: Hm.', CALLED, 'text: Done.'])
  })

  it('in a list keep their numbers', () => {
    const args = '{"a": 12345678901234567890, "b": 1.0, "2": 0, "1": 0}'
    expect(parts(think, `\`\`\`json\n[{"name": "add", "arguments": ${args}}]\n\`\`\``)).toEqual([
      `call: new add ${args}`,
    ])
  })

  it('of a tool that nobody offered are text', () => {
    const text = '<tool_call>\n[{"name": "other", "arguments": {}}]\n</tool_call>'
    expect(parts(hermes, text)).toEqual([`text: ${text}`])
  })

  it('may have null for no arguments, and no id where it is empty', () => {
    expect(parts(hermes, '<tool_call>\n{"name": "add", "arguments": null, "id": ""}\n</tool_call>')).toEqual([
      'call: new add {}',
    ])
  })
})

it.each([
  ['fences', think, '```json\n{"a": '],
  ['tags', hermes, '<tool_call>{"name": '],
])('many beginnings of near misses are text with bounded work (%s)', (_, dialect, begin) => {
  const text = begin.repeat(4000)
  const began = performance.now()
  expect(parts(dialect, text).join('')).toBe(`text: ${text}`)
  expect(performance.now() - began).toBeLessThan(4000)
})

describe('an answer of Llama in JSON', () => {
  it('is a call only with arguments, or by the name of a tool', () => {
    expect(parts(llama3, '{"name": "Bob", "age": 5}')).toEqual(['text: {"name": "Bob", "age": 5}'])
    expect(parts(llama3, '{"name": "add"}')).toEqual(['call: new add {}'])
    expect(parts(llama3, '{"name": "add", "parameters": null}')).toEqual(['call: new add {}'])
    expect(parts(llama3, '{"name": "other", "parameters": {}}')).toEqual(['call: new other {}'])
  })

  it('may stand in a fence, after a text', () => {
    const fence = `\`\`\`json\n${ADD}\n\`\`\``
    expect(parts(llama3, `I will add.\n${fence}\nDone.`)).toEqual(['text: I will add.', CALLED, 'text: Done.'])
    expect(parts(llama4Pythonic, fence)).toEqual([CALLED])
    expect(parts(llama3, fence.replace('add', 'other'))).toEqual([`text: ${fence.replace('add', 'other')}`])
    expect(parts(llama3, fence, { nearMisses: false })).toEqual([`text: ${fence}`])
  })
})

describe('messages of harmony', () => {
  it('begin without the end of the one before', () => {
    expect(parts(harmony, '<|channel|>analysis<|message|>Hm.<|channel|>final<|message|>Two.')).toEqual([
      'reasoning: Hm.',
      'text: Two.',
    ])
  })

  it('for the user stay apart', () => {
    const first = '<|channel|>commentary<|message|>Let me see.<|end|>'
    expect(parts(harmony, `${first}<|start|>assistant<|channel|>final<|message|>Two.`)).toEqual([
      'text: Let me see.\nTwo.',
    ])
    expect(parts(harmony, first)).toEqual(['text: Let me see.'])
  })
})

describe('a text of functionary 3.2', () => {
  it("may hold Python's prompts", () => {
    const text = '```python\n>>> x = 1\n>>> print(x)\n1\n```'
    const setup = { prompt: 'Q>>>' }
    expect(parts(functionaryV32, `all\n${text}`, setup)).toEqual([`text: ${text}`])
    expect(parts(functionaryV32, `all\n${text}`, { ...setup, calls: false })).toEqual([`text: ${text}`])
    expect(parts(functionaryV32, 'all\n>>> 1>>>add\n{"a": 1}', setup)).toEqual(['text: >>> 1', CALLED])
    expect(parts(functionaryV32, 'Hello', setup)).toEqual(['text: Hello'])
  })
})

describe('names of arguments', () => {
  it('are in any script', () => {
    expect(parts(lfm2, "<|tool_call_start|>[add(größe=1, день='x')]<|tool_call_end|>")).toEqual([
      'call: new add {"größe": 1, "день": "x"}',
    ])
    expect(parts(lfm2, '<|tool_call_start|>[add(день=1)]<|tool_call_end|>', { pieces: true }).at(-1)).toBe(
      'call: new add {"день": 1}',
    )
    expect(parts(llama4Pythonic, '[add(день=1)]')).toEqual(['call: new add {"день": 1}'])
  })

  it('of Gemma may stand in quotes of JSON', () => {
    expect(parts(gemma4, '<|tool_call>call:add{"a":1,b:{"c d":<|"|>x<|"|>}}<tool_call|>')).toEqual([
      'call: new add {"a": 1, "b": {"c d": "x"}}',
    ])
  })

  it('of M3 may hold spaces', () => {
    const mark = ']<]minimax[>['
    const inner = `${mark}<meta>${mark}<a b>1${mark}</a b>${mark}</meta>`
    const call = `${mark}<invoke name="add">${inner}${mark}</invoke>`
    expect(parts(minimaxM3, `${mark}<tool_call>\n${call}\n${mark}</tool_call>`)).toEqual([
      'call: new add {"meta": {"a b": 1}}',
    ])
  })
})

it('LFM2 writes JSON where it is told to', () => {
  expect(parts(lfm2, `Sure.<|tool_call_start|>[${ADD}, ${ADD}]<|tool_call_end|>`)).toEqual([
    'text: Sure.',
    CALLED,
    CALLED,
  ])
})
