import { objectText } from './object-text.js'

/** Deeper than any argument, and far from the end of the stack. */
const MAX_DEPTH = 64

/**
 * A list of calls as Python writes them, `[f(a=1), g(b="x")]`, with literals for arguments; undefined for anything else.
 * `unescaped`: a quote ends a string only where a value may end, since those inside of it were not escaped.
 */
export function pythonCalls(text: string, unescaped = false): { name: string; args: string }[] | undefined {
  return orUndefined(() => new PythonParser(text, unescaped).calls())
}

/** JSON text of a literal as Python prints it; undefined for anything else. */
export function pythonValue(text: string): string | undefined {
  // Most texts are none, and need no error to tell so.
  if (!/^(?:[[{(]|True$|False$|None$)/.test(text)) return undefined
  return orUndefined(() => new PythonParser(text, false).whole())
}

function orUndefined<T>(parse: () => T): T | undefined {
  try {
    return parse()
  } catch (error) {
    if (error instanceof NotPython) return undefined
    throw error
  }
}

class NotPython extends Error {}

class PythonParser {
  private at = 0

  constructor(
    private readonly text: string,
    private readonly unescaped: boolean,
  ) {}

  calls(): { name: string; args: string }[] {
    this.expect('[')
    const calls = this.list(']', () => this.call())
    this.space()
    if (this.at < this.text.length || calls.length === 0) throw new NotPython()
    return calls
  }

  whole(): string {
    const value = this.value(0)
    this.space()
    if (this.at < this.text.length) throw new NotPython()
    return value
  }

  private call(): { name: string; args: string } {
    const name = this.match(/[A-Za-z_][\w.-]*/y)
    this.expect('(')
    const entries = this.list(')', (): [string, string] => {
      const key = this.match(/[A-Za-z_][\w.-]*/y)
      this.expect('=')
      return [key, this.value(0)]
    })
    return { name, args: objectText(entries) }
  }

  /** JSON text of a literal. */
  private value(depth: number): string {
    if (depth > MAX_DEPTH) throw new NotPython()
    this.space()
    const c = this.text[this.at]
    if (c === '"' || c === "'") return JSON.stringify(this.string())
    if (c === '[' || c === '(') {
      this.at++
      return `[${this.list(c === '[' ? ']' : ')', () => this.value(depth + 1)).join(', ')}]`
    }
    if (c === '{') {
      this.at++
      return objectText(this.list('}', (): [string, string] => this.pair(depth)))
    }
    const word = this.match(/[A-Za-z]+|[-+]?(?:\d[\d_]*\.?\d*|\.\d+)(?:[eE][-+]?\d+)?/y)
    const literal = LITERALS[word]
    if (literal !== undefined) return literal
    const number = Number(word.replaceAll('_', ''))
    if (!Number.isFinite(number) || /^[A-Za-z]/.test(word)) throw new NotPython()
    // A number that JSON writes alike stays as it is, with all its digits.
    return /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?$/.test(word) ? word : String(number)
  }

  private pair(depth: number): [string, string] {
    const key = this.string()
    this.expect(':')
    return [key, this.value(depth + 1)]
  }

  private string(): string {
    this.space()
    const quote = this.text[this.at]
    if (quote !== '"' && quote !== "'") throw new NotPython()
    let value = ''
    for (this.at++; !this.closes(quote); this.at++) {
      const c = this.text[this.at]
      if (c === undefined) throw new NotPython()
      value += c === '\\' ? this.escape() : c
    }
    this.at++
    return value
  }

  private closes(quote: string): boolean {
    if (this.text[this.at] !== quote) return false
    return !this.unescaped || /^\s*(?:[,:\])}]|$)/.test(this.text.slice(this.at + 1, this.at + 40))
  }

  /** At the backslash; leaves the position on the escape's last character. */
  private escape(): string {
    const c = this.text[++this.at]
    const digits = c === 'x' ? 2 : c === 'u' ? 4 : c === 'U' ? 8 : 0
    if (digits > 0) {
      const code = parseInt(this.text.slice(this.at + 1, this.at + 1 + digits), 16)
      if (!(code <= 0x10ffff)) throw new NotPython()
      this.at += digits
      return String.fromCodePoint(code)
    }
    if (c === undefined) throw new NotPython()
    return ESCAPES[c] ?? `\\${c}`
  }

  private list<T>(end: string, item: () => T): T[] {
    const items: T[] = []
    for (;;) {
      this.space()
      if (this.text[this.at] === end) break
      items.push(item())
      this.space()
      if (this.text[this.at] === ',') this.at++
      else if (this.text[this.at] !== end) throw new NotPython()
    }
    this.at++
    return items
  }

  private expect(character: string): void {
    this.space()
    if (this.text[this.at++] !== character) throw new NotPython()
  }

  private match(pattern: RegExp): string {
    this.space()
    pattern.lastIndex = this.at
    const found = pattern.exec(this.text)?.[0]
    if (found === undefined) throw new NotPython()
    this.at += found.length
    return found
  }

  private space(): void {
    while (/\s/.test(this.text[this.at] ?? '')) this.at++
  }
}

const LITERALS: Readonly<Record<string, string | undefined>> = {
  True: 'true',
  False: 'false',
  None: 'null',
  true: 'true',
  false: 'false',
  null: 'null',
}

const ESCAPES: Readonly<Record<string, string | undefined>> = {
  n: '\n',
  t: '\t',
  r: '\r',
  b: '\b',
  f: '\f',
  0: '\0',
  '\\': '\\',
  "'": "'",
  '"': '"',
  '\n': '',
}
