import { describe, expect, it } from 'vitest'
import type { Dialect, Part } from '../../src/chat/dialects/dialect.js'
import { apertus, lfm2, think } from '../../src/chat/dialects/families.js'
import { gemma4 } from '../../src/chat/dialects/gemma.js'
import { kimiK3 } from '../../src/chat/dialects/kimi-k3.js'
import { minimaxM3 } from '../../src/chat/dialects/minimax-m3.js'
import { ANSWERS, TOOLS } from './answers.js'

interface Read {
  readonly text: string
  readonly calls: string[]
  /** Of each call, what came before it. */
  readonly pieces: Record<number, string[]>
  readonly partial: string | undefined
}

function read(
  dialect: Dialect,
  texts: readonly string[],
  { cut = false, calls = true, nearMisses = false, pieces = true } = {},
): Read {
  const setup = { prompt: 'Q', tools: TOOLS, calls, nearMisses, pieces }
  const parser = dialect.parser({ ...setup, newId: () => 'id' })
  const parts: Part[] = [...texts.flatMap((text) => parser.push(text)), ...parser.flush(cut)]
  const told: Record<number, string[]> = {}
  for (const part of parts) if (part.kind === 'tool-input') (told[part.index] ??= []).push(part.text)
  const { partial } = parser
  return {
    text: parts.map((part) => (part.kind === 'text' ? part.text : '')).join(''),
    calls: parts.flatMap((part) => (part.kind === 'tool-call' ? [`${part.call.name} ${part.call.arguments}`] : [])),
    pieces: told,
    partial: partial && `${partial.name} ${partial.arguments}`,
  }
}

const all = ANSWERS.map(([dialect, text]) => [dialect.name, dialect, text] as const)

describe('calls in pieces', () => {
  it.each(all)('of %s are those that come whole, and their pieces together are the arguments', (_, dialect, text) => {
    const whole = read(dialect, [text], { pieces: false })
    const told = read(dialect, Array.from(text))
    expect([told.calls.length, told.text]).toEqual([whole.calls.length, whole.text])
    told.calls.forEach((call, i) => {
      const [name, ...rest] = call.split(' ')
      expect(JSON.parse(rest.join(' '))).toEqual(JSON.parse(whole.calls[i]!.slice(name!.length + 1)))
      if (told.pieces[i]) expect(told.pieces[i].join('')).toBe(rest.join(' '))
    })
  })

  it('come while they are written, in most families', () => {
    const early = all.filter(([, dialect, text]) => {
      const parser = dialect.parser({ prompt: 'Q', tools: TOOLS, pieces: true, newId: () => 'id' })
      const at = Array.from(text).findIndex((c) => parser.push(c).some(({ kind }) => kind === 'tool-input'))
      return at >= 0 && at < text.indexOf('Paris') + 3
    })
    expect(early.length).toBeGreaterThan(all.length / 2)
  })

  const code = 'it\'s "a" \\ b\nend'
  it.each([
    ['Gemma', gemma4, `<|tool_call>call:weather{city:<|"|>${code}<|"|>,days:3,list:[{a:<|"|>},<|"|>}]}<tool_call|>`],
    [
      'Kimi K3',
      kimiK3,
      `<|open|>tools<|sep|><|open|>call tool="weather" index="1"<|sep|><|open|>argument key="city" type="string"<|sep|>${code}<|close|>argument<|sep|><|open|>argument key="days" type="number"<|sep|>3<|close|>argument<|sep|><|open|>argument key="list" type="array"<|sep|>[{"a": "},"}]<|close|>argument<|sep|><|close|>call<|sep|><|close|>tools<|sep|>`,
    ],
    [
      'MiniMax M3',
      minimaxM3,
      [
        '<tool_call>',
        '<invoke name="weather">',
        `<city>${code}`,
        '</city>',
        '<days>3',
        '</days>',
        '<list>',
        '<item>',
        '<a>},',
      ]
        .concat(['</a>', '</item>', '</list>', '</invoke>', '</tool_call>'])
        .map((tag) => `]<]minimax[>[${tag}`)
        .join(''),
    ],
    [
      'Apertus',
      apertus,
      `<|tools_prefix|>[{"weather": {"city": ${JSON.stringify(code)}, "days": 3, "list": [{"a": "},"}]}}]<|tools_suffix|>`,
    ],
    [
      'Python',
      lfm2,
      `<|tool_call_start|>[weather(city='it\\'s "a" \\\\ b\\nend', days=3, list=[{'a': '},'}])]<|tool_call_end|>`,
    ],
  ] as const)('of %s tell a long text while it is written', (_, dialect, text) => {
    const told = read(dialect, Array.from(text))
    expect(told.calls).toEqual([`weather {"city": ${JSON.stringify(code)}, "days": 3, "list": [{"a": "},"}]}`])
    expect(told.calls).toEqual(read(dialect, [text], { pieces: false }).calls)
    const { pieces } = read(dialect, Array.from(text.slice(0, text.indexOf('end'))), { cut: true })
    expect(pieces[0]!.join('')).toMatch(/^\{"city": "it's \\"a\\" \\\\ b(?:\\n)?$/)
    expect(pieces[0]!.length).toBeGreaterThan(8)
  })

  it('of a Python list that are broken leave those before them', () => {
    const { calls, partial, text } = read(
      lfm2,
      Array.from('<|tool_call_start|>[weather(city="a"), weather(city=*b)]<|tool_call_end|>'),
    )
    expect(calls).toEqual(['weather {"city": "a"}'])
    expect([partial, text]).toEqual([undefined, 'weather(city=*b)]<|tool_call_end|>'])
  })

  it.each(all)('of %s that are cut off anywhere leave no marks in the text', (_, dialect, text) => {
    const { text: said } = read(dialect, [text], { pieces: false })
    const begin = text.indexOf('Paris')
    for (let end = begin; end < begin + 12; end++) {
      const cut = read(dialect, [text.slice(0, end)], { cut: true })
      expect(said.startsWith(cut.text)).toBe(true)
      if (cut.partial !== undefined) expect(cut.partial.startsWith('weather {')).toBe(true)
    }
  })
})

describe('calls that nobody asked for', () => {
  it.each(all)('of %s are text', (_, dialect, text) => {
    const { calls, text: said } = read(dialect, [text], { calls: false })
    expect(calls).toEqual([])
    expect(said).toContain('Let me look.')
  })
})

describe('near misses', () => {
  const call = '{"name": "weather", "arguments": {"city": "Paris"}}'
  const near = (text: string): Read => read(think, Array.from(text), { nearMisses: true })
  it.each([
    ['in a fence', `Let me see.\n\`\`\`json\n${call}\n\`\`\`\n`],
    ['in a fence without a language', `\`\`\`\n${call}\n\`\`\``],
    ['by itself', call],
    ['between the tags of others', `<tool_call>\n${call}\n</tool_call>`],
    ['in a list', `\`\`\`json\n[${call}]\n\`\`\``],
    ['without the end', `<tools>${call}`],
  ])('%s are calls', (_, text) => {
    const { calls, text: said } = near(text)
    expect(calls.map((one) => one.replaceAll(' ', ''))).toEqual(['weather{"city":"Paris"}'])
    expect(said.trim()).toBe(text.startsWith('Let') ? 'Let me see.' : '')
  })

  it.each([
    ['another name', call.replace('weather', 'other')],
    ['no arguments', '{"name": "weather"}'],
    ['code', '```python\nprint({"name": "weather"})\n```\nDone.'],
    ['no JSON', '```json\n{"name": "weather", "arguments": {city}}\n```'],
    ['text', 'It says {"name": 1} there.'],
    ['a fence that does not end', `\`\`\`json\n${call}\nand more`],
  ])('%s is text as it was written', (_, text) => {
    expect(near(text)).toEqual({ text, calls: [], pieces: {}, partial: undefined })
  })
})
