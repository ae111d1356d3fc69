// How answers are shown on a terminal.
import { describe, expect, it } from 'vitest'
import { printable } from '../../src/cli/print/control.js'
import { MarkdownText } from '../../src/cli/print/markdown.js'
import { PromptStatus, duration } from '../../src/cli/print/status-line.js'
import { wrapped } from '../../src/cli/print/wrap.js'

const bold = (text: string): string => `<b>${text}</b>`
const code = (text: string): string => `<c>${text}</c>`

/** What is shown of a text that comes in pieces of `size` characters. */
function shown(text: string, size: number): string {
  let out = ''
  const markdown = new MarkdownText(
    {
      text: (piece, format = (same) => same) => (out += piece === '\n' ? piece : format(piece)),
      code: (piece) => (out += `[${piece}]`),
      fence: (piece) => (out += `{${piece}}`),
    },
    { bold, code },
  )
  for (let i = 0; i < text.length; i += size) markdown.write(text.slice(i, i + size))
  markdown.end()
  return out.replaceAll('][', '').replaceAll('</b><b>', '')
}

describe('Markdown on a terminal', () => {
  it.each([
    ['plain text', 'plain text'],
    ['a **bold** word', 'a <b>bold</b> word'],
    ['say `code` and `more`', 'say <c>`code`</c> and <c>`more`</c>'],
    ['# Title\ntext', '<b># Title</b>\ntext'],
    ['#hashtag', '#hashtag'],
    ['```js\nlet a = **b**\n```\nafter', '{```js\n}[let a = **b**\n]{```\n}after'],
    ['```\nopen', '{```\n}[open]'],
    ['2**3 and 4**5', '2**3 and 4**5'],
    ['an open ** mark', 'an open ** mark'],
    ['an **open mark\nnext', 'an **open mark\nnext'],
    ['an `open mark\nnext', 'an `open mark\nnext'],
    ['ends with **', 'ends with **'],
    ['***', '***'],
    ['````\n```\n````\n', '{````\n}[```\n]{````\n}'],
    ['~~~\nx\n~~~', '{~~~\n}[x\n]{~~~}'],
    ['* item\n* **item** two', '* item\n* <b>item</b> two'],
  ])('shows %j whole and in pieces', (text, expected) => {
    for (const size of [text.length, 1, 2, 7]) expect(shown(text, size), `in pieces of ${size}`).toBe(expected)
  })
})

describe('wrapped text', () => {
  it('breaks between words, and Chinese anywhere', () => {
    expect(wrapped('one two three four five six seven', 20)).toBe('one two three four\nfive six seven')
    expect(wrapped('开源模型开源模型开源模型', 20)).toBe('开源模型开源模型开\n源模型')
    expect(wrapped('a line\nof its own', 20)).toBe('a line\nof its own')
  })

  it('leaves long words and narrow terminals alone', () => {
    const word = 'x'.repeat(50)
    expect(wrapped(`a ${word} b`, 20)).toBe(`a\n${word} b`)
    expect(wrapped('one two three four five', 10)).toBe('one two three four five')
    expect(wrapped('one two three four five six', 0)).toBe('one two three four five six')
  })
})

describe('printable', () => {
  it('takes every control character but tab and line feed away', () => {
    const all = Array.from({ length: 0x100 }, (_, code) => String.fromCharCode(code)).join('')
    expect(printable(all)).toHaveLength(0x100 - 65 + 2)
    expect(printable('\u001b]0;title\u0007\u009b2Jé开\t\n')).toBe(']0;title2Jé开\t\n')
  })
})

describe('the status of a prompt', () => {
  it('tells how far it is, and the time left by its speed', () => {
    const status = new PromptStatus()
    const at = (readTokens: number, now: number): string =>
      status.describe({ promptTokens: 9930, cachedTokens: 0, readTokens }, now)
    expect(at(0, 0)).toBe('reading 0 of 9,930 tokens')
    expect(at(4096, 14_700)).toBe('reading 4,096 of 9,930 tokens | 21 s left')
    expect(duration(200_001)).toBe('3 min 21 s')
  })
})
