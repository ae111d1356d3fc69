import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { THINK, promptOpens, think } from '../../src/chat/dialects/think.js'
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

  it.each([
    '{% for a in range(90000) %}{% for b in range(90000) %}{% endfor %}{% endfor %}',
    '{% for a in range(90000) %}{% for b in range(90000) %}x{% endfor %}{% endfor %}',
    '{% for a in range(1000000000) %}{% endfor %}',
    "{{ raise_exception('no') }}",
    '{% for',
  ])('that fail or do not end are a UserError: %s', (source) => {
    expect(() => render(source)).toThrow(
      expect.objectContaining({ name: 'UserError', code: 'invalid_template' }) as Error,
    )
  })
})
