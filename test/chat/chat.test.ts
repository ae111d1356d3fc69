import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { promptOpens } from '../../src/chat/dialects/answer.js'
import { think } from '../../src/chat/dialects/families.js'
import { THINK } from '../../src/chat/dialects/written.js'
import type { ChatMessage } from '../../src/chat/message.js'
import { jinjaTemplate } from '../../src/chat/template.js'

function split(pieces: string[], opened: boolean): { kind: string; text: string }[] {
  const splitter = think.parser({ prompt: opened ? 'question<think>\n' : 'question', tools: [], newId: () => 'id' })
  const parts = [...pieces.flatMap((piece) => splitter.push(piece)), ...splitter.flush()]
  return (['reasoning', 'text'] as const).map((kind) => ({
    kind,
    text: parts
      .filter((part) => part.kind === kind)
      .map((part) => part.text)
      .join(''),
  }))
}

describe('reasoning', () => {
  it('is parted from the answer, whoever opened it', () => {
    const expected = [
      { kind: 'reasoning', text: 'a < b' },
      { kind: 'text', text: 'yes' },
    ]
    expect(split(['<think>\na < b\n</think>\n\nyes'], false)).toEqual(expected)
    expect(split(['a < b</think>yes'], true)).toEqual(expected)
    expect(split(['no tags <think> here'], false)[1]!.text).toBe('no tags <think> here')
    expect(promptOpens('<|Assistant|><think>\n', THINK)).toBe(true)
    expect(promptOpens('<|Assistant|>', THINK)).toBe(false)
  })

  it('does not depend on where the stream is cut', () => {
    const token = fc.constantFrom('<think>', '</think>', '<', 'think>', ' ', '\n', 'a', '</')
    fc.assert(
      fc.property(fc.array(token, { maxLength: 12 }), fc.boolean(), (tokens, opened) => {
        const text = tokens.join('')
        expect(split(Array.from(text), opened)).toEqual(split([text], opened))
      }),
    )
  })
})

describe('templates', () => {
  const render = (source: string): string =>
    jinjaTemplate(source, { bos_token: '<s>' }, 'test').render([{ role: 'user', content: 'hi' }])

  it('see messages and special tokens', () => {
    expect(render('{{ bos_token }}{% for m in messages %}[{{ m.role }}] {{ m.content }}{% endfor %}')).toBe(
      '<s>[user] hi',
    )
  })

  it('get messages as transformers gives them', () => {
    const render = (source: string, message: ChatMessage, extra = {}): string =>
      jinjaTemplate(source, {}, 'test').render([message], { extra })
    const call = { id: 'i', function: { name: 'f', arguments: '{"a": 1}' } }
    const calling: ChatMessage = { role: 'assistant', content: null, tool_calls: [call], reasoning_content: 'hm' }
    const message = 'messages[0]'
    expect(render(`{{ ${message}.tool_calls[0].function.arguments.a + 1 }}`, calling)).toBe('2')
    expect(render(`{{ ${message}.tool_calls[0].function | tojson }}`, calling)).toBe(
      '{"name": "f", "arguments": {"a": 1}}',
    )
    expect(render(`{{ ${message}.reasoning_content }}`, calling)).toBe('hm')
    // null is printed as such by templates that do not ask for it
    expect(render(`[{{ ${message}.content }}]`, calling)).toBe('[]')
    expect(render(`{{ ${message}['content'] is none }}`, calling)).toBe('True')
    expect(render(`{% set message = ${message} %}{{ message.thinking }}`, calling)).toBe('hm')
    expect(render(`{{ ${message}.role }}`, { role: 'developer', content: 'x' })).toBe('system')
    expect(render('{{ thinking }}', calling, { enable_thinking: false })).toBe('False')
    expect(render('{{ enable_thinking }}', calling, { thinking: true })).toBe('True')
  })
})
