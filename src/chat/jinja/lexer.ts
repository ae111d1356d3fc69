import { SPACE } from '../python/text.js'

/** A template that is no Jinja. */
export class SyntaxFault extends Error {
  constructor(message: string, line: number) {
    super(`line ${line}: ${message}`)
  }
}

export type Token =
  | { readonly type: 'data'; readonly text: string; readonly line: number }
  | { readonly type: 'begin' | 'end'; readonly of: 'variable' | 'block'; readonly text: string; readonly line: number }
  | {
      readonly type: 'name' | 'string' | 'integer' | 'float' | 'operator' | 'eof'
      readonly text: string
      readonly line: number
    }

const BEGINS = /\{(?:\{|%|#)/g
const RAW = new RegExp(`\\{%[-+]?[${SPACE}]*raw[${SPACE}]*-?%\\}`, 'y')
const RAW_END = new RegExp(`\\{%([-+]?)[${SPACE}]*endraw[${SPACE}]*([-+]?)%\\}`, 'g')
const SPACES = new RegExp(`[${SPACE}]*`, 'y')
const ONLY_SPACES = new RegExp(`^[${SPACE}]+$`)
const TRAILING = new RegExp(`[${SPACE}]+$`)

const FLOAT = /(?<!\.)(?:\d+_)*\d+(?:(?:\.(?:\d+_)*\d+)?e[+-]?(?:\d+_)*\d+|\.(?:\d+_)*\d+)/iy
const INTEGER = /0b(?:_?[01])+|0o(?:_?[0-7])+|0x(?:_?[\da-f])+|[1-9](?:_?\d)*|0(?:_?0)*/iy
/** Nearly all names; the classes of the other pattern take milliseconds to make. */
const PLAIN_NAME = /[a-z_]\w*(?![\w\x80-\uffff])/iy
const NAME = /[\p{L}\p{N}_\p{Mn}\p{Mc}]+/uy
const STRING = /'[^'\\]*(?:\\[^][^'\\]*)*'|"[^"\\]*(?:\\[^][^"\\]*)*"/y
const OPERATOR = /\/\/|\*\*|==|!=|>=|<=|[-+/*%~[\](){}><=.:|,;]/y

/**
 * The tokens of a template as Jinja splits it with trim_blocks and lstrip_blocks: a block takes the white space before it on its
 * line and the line end after it; `-` takes all white space on its side, and `+` none.
 * @throws SyntaxFault for what Jinja refuses.
 */
export function tokenize(source: string): Token[] {
  return new Lexer(source.replace(/\r\n|\r/g, '\n').replace(/\n$/, '')).tokens()
}

class Lexer {
  private readonly found: Token[] = []
  private at = 0
  /** Whether what was read ends with a line end, so that the next block stands at the beginning of a line. */
  private startsLine = true
  private line = 1
  private counted = 0

  constructor(private readonly source: string) {}

  tokens(): Token[] {
    while (this.at < this.source.length) this.next()
    this.found.push({ type: 'eof', text: '', line: this.lineAt(this.source.length) })
    return this.found
  }

  private next(): void {
    BEGINS.lastIndex = this.at
    const found = BEGINS.exec(this.source)
    if (!found) {
      this.data(this.source.slice(this.at))
      this.at = this.source.length
      return
    }
    const kind = found[0]
    const sign = this.source[found.index + 2]
    this.data(this.trimmed(this.source.slice(this.at, found.index), sign, kind))
    this.at = found.index
    if (kind === '{#') return this.comment()
    RAW.lastIndex = this.at
    const raw = RAW.exec(this.source)
    if (raw) return this.raw(raw[0])
    this.at += sign === '-' || sign === '+' ? 3 : 2
    this.tag(kind === '{{' ? 'variable' : 'block')
  }

  /** Text before a tag, without what the tag takes of it. */
  private trimmed(text: string, sign: string | undefined, kind: string): string {
    if (sign === '-') return text.replace(TRAILING, '')
    if (sign === '+' || kind === '{{') return text
    const begin = text.lastIndexOf('\n') + 1
    const isLineStart = begin > 0 || this.startsLine
    return isLineStart && ONLY_SPACES.test(text.slice(begin)) ? text.slice(0, begin) : text
  }

  private data(text: string): void {
    if (text !== '') this.found.push({ type: 'data', text, line: this.lineAt(this.at) })
  }

  private comment(): void {
    const begin = this.at + ('-+'.includes(this.source[this.at + 2] ?? ' ') ? 3 : 2)
    const end = this.source.indexOf('#}', begin)
    if (end < 0) throw this.fault('a comment that does not end')
    const sign = end > begin ? this.source[end - 1] : undefined
    this.at = end + 2
    this.afterBlock(sign)
  }

  private raw(begin: string): void {
    this.at += begin.length
    if (begin.endsWith('-%}')) this.skipSpace()
    this.startsLine = this.source[this.at - 1] === '\n'
    RAW_END.lastIndex = this.at
    const end = RAW_END.exec(this.source)
    if (!end) throw this.fault('a raw block without endraw')
    this.data(this.trimmed(this.source.slice(this.at, end.index), end[1], '{%'))
    this.at = end.index + end[0].length
    this.afterBlock(end[2])
  }

  /** Past the white space that the end of a block or comment takes. */
  private afterBlock(sign: string | undefined): void {
    if (sign === '-') this.skipSpace()
    else if (sign !== '+' && this.source[this.at] === '\n') this.at++
    this.startsLine = this.source[this.at - 1] === '\n'
  }

  private skipSpace(): void {
    SPACES.lastIndex = this.at
    this.at += SPACES.exec(this.source)![0].length
  }

  /** The tokens between `{{` or `{%` and its end, which inside of brackets is none. */
  private tag(of: 'variable' | 'block'): void {
    this.found.push({ type: 'begin', of, text: '', line: this.lineAt(this.at) })
    const end = of === 'variable' ? /-?\}\}/y : /[-+]?%\}/y
    const open: string[] = []
    for (;;) {
      this.skipSpace()
      if (this.at >= this.source.length) throw this.fault(`a ${of} tag that does not end`)
      end.lastIndex = this.at
      const found = open.length === 0 ? end.exec(this.source) : null
      if (found) {
        this.found.push({ type: 'end', of, text: '', line: this.lineAt(this.at) })
        this.at += found[0].length
        if (of === 'block') return this.afterBlock(found[0].length > 2 ? found[0][0] : undefined)
        if (found[0].startsWith('-')) this.skipSpace()
        this.startsLine = this.source[this.at - 1] === '\n'
        return
      }
      this.word(open)
    }
  }

  private word(open: string[]): void {
    for (const [type, pattern] of WORDS) {
      pattern.lastIndex = this.at
      const text = pattern.exec(this.source)?.[0]
      if (text === undefined) continue
      if (type === 'operator') this.balance(text, open)
      if (pattern === NAME && /^[\p{N}\p{M}]/u.test(text)) throw this.fault(`${text} is no name`)
      this.found.push({ type, text, line: this.lineAt(this.at) })
      this.at += text.length
      return
    }
    throw this.fault(`unexpected ${JSON.stringify(this.source[this.at])}`)
  }

  private balance(bracket: string, open: string[]): void {
    const closed = PAIRS[bracket]
    if (closed !== undefined) open.push(closed)
    else if (')]}'.includes(bracket) && open.pop() !== bracket) throw this.fault(`unexpected '${bracket}'`)
  }

  private lineAt(place: number): number {
    for (; this.counted < place; this.counted++) if (this.source[this.counted] === '\n') this.line++
    return this.line
  }

  private fault(message: string): SyntaxFault {
    return new SyntaxFault(message, this.lineAt(this.at))
  }
}

const WORDS = [
  ['float', FLOAT],
  ['integer', INTEGER],
  ['name', PLAIN_NAME],
  ['string', STRING],
  ['operator', OPERATOR],
  ['name', NAME],
] as const

const PAIRS: Readonly<Record<string, string | undefined>> = { '(': ')', '[': ']', '{': '}' }
