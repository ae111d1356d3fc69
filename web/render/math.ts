import type { MarkdownIt } from 'markdown-it'

const BACKSLASH = 0x5c
const DOLLAR = 0x24
const BLANK = /\s/
/** A formula's end is looked for so far: thousands of open ones must not each look through the whole text. */
const LONGEST = 2000

/** `\(…\)`, `$…$` by Pandoc's rule, and `\[…\]` and `$$…$$` as blocks, as tokens whose content is the formula. */
export function math(md: MarkdownIt): void {
  md.inline.ruler.before('escape', 'math', (state, silent) => {
    const found = inlineFormula(state.src, state.pos)
    if (!found) return false
    if (!silent) {
      const token = state.push('math', 'math', 0)
      token.content = found.formula
      token.markup = found.display ? '$$' : '$'
    }
    state.pos = found.end
    return true
  })
  md.block.ruler.before(
    'fence',
    'math_block',
    (state, line, last, silent) => {
      const lineAt = (i: number): string => state.src.slice(state.bMarks[i]! + state.tShift[i]!, state.eMarks[i])
      if (state.sCount[line]! - state.blkIndent >= 4) return false
      const first = lineAt(line)
      const open = first.startsWith('$$') ? '$$' : first.startsWith('\\[') ? '\\[' : undefined
      if (open === undefined) return false
      const close = open === '$$' ? '$$' : '\\]'
      const lines = [first.slice(2)]
      // A formula has no empty line, so that it ends where a paragraph would end.
      for (let i = line; i < last && !state.isEmpty(i) && state.sCount[i]! >= state.blkIndent; i++) {
        const text = i === line ? first.slice(2) : lineAt(i)
        if (i > line) lines.push(text)
        if (!text.trimEnd().endsWith(close)) continue
        if (!silent) {
          const token = state.push('math_block', 'math', 0)
          token.content = lines.join('\n').trimEnd().slice(0, -2).trim()
          token.map = [line, i + 1]
          state.line = i + 1
        }
        return true
      }
      return false
    },
    { alt: ['paragraph', 'reference', 'blockquote', 'list'] },
  )
}

interface Formula {
  readonly formula: string
  readonly end: number
  readonly display: boolean
}

function inlineFormula(text: string, at: number): Formula | undefined {
  const code = text.charCodeAt(at)
  if (code === BACKSLASH) {
    const open = text[at + 1]
    if (open !== '(' && open !== '[') return undefined
    const near = text.slice(at + 2, at + LONGEST)
    const close = near.indexOf(open === '(' ? '\\)' : '\\]')
    return close < 0 ? undefined : { formula: near.slice(0, close), end: at + close + 4, display: open === '[' }
  }
  return code === DOLLAR ? dollarFormula(text, at) : undefined
}

/** No blank inside the marks and no digit after the closing one: prices stay prices. */
function dollarFormula(text: string, at: number): Formula | undefined {
  if (text[at + 1] === '$') {
    const near = text.slice(at + 2, at + LONGEST)
    const end = near.indexOf('$$')
    return end <= 0 ? undefined : { formula: near.slice(0, end).trim(), end: at + end + 4, display: true }
  }
  if (BLANK.test(text[at + 1] ?? ' ')) return undefined
  for (let end = at + 1; end < Math.min(text.length, at + LONGEST) && text[end] !== '\n'; end++) {
    if (text[end] === '\\') end++
    else if (text[end] === '$') {
      if (BLANK.test(text[end - 1]!) || /\d/.test(text[end + 1] ?? '')) return undefined
      return { formula: text.slice(at + 1, end), end: end + 1, display: false }
    }
  }
  return undefined
}
