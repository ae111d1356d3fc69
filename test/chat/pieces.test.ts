import { describe, expect, it } from 'vitest'
import type { Dialect, Part } from '../../src/chat/dialects/dialect.js'
import { think } from '../../src/chat/dialects/families.js'
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
