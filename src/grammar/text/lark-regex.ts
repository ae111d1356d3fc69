/** Regular expressions as Lark has them (Python's and Rust's are alike) to ECMAScript's. */

/** The POSIX classes of `[[:name:]]`. */
const POSIX: ReadonlyMap<string, string> = new Map(
  Object.entries({
    alnum: '0-9A-Za-z',
    alpha: 'A-Za-z',
    ascii: '\\x00-\\x7f',
    blank: '\\x20\\t',
    cntrl: '\\x00-\\x1f\\x7f',
    digit: '0-9',
    graph: '\\x21-\\x7e',
    lower: 'a-z',
    print: '\\x20-\\x7e',
    punct: '\\x21-\\x2f\\x3a-\\x40\\x5b-\\x60\\x7b-\\x7e',
    space: '\\t-\\r\\x20',
    upper: 'A-Z',
    word: '\\w',
    xdigit: '0-9A-Fa-f',
  }),
)
const ESCAPE = /\\(?:x\{([\da-fA-F]+)\}|U([\da-fA-F]{8})|([pP])([A-Za-z])|([pPuk][{<][^}>]*[}>])|([^]))/uy
/** Classes in classes; deeper ones are left for the parser of expressions to refuse. */
const MAX_DEPTH = 250
const ANCHORS: Partial<Record<string, string>> = { A: '^', z: '$', Z: '$', a: '\\x07' }
const SYNTAX = '^$\\.*+?()[]{}|/'
const COUNTS = /\{(\d*)(,?)(\d*)\}/y
const LEADING_FLAGS = /^\(\?([a-zA-Z]+)\)/
const NAMED_CLASS = /\[:(\w+):\]/y

export interface EcmaScriptPattern {
  readonly pattern: string
  /** u, or v where a class has operators; and those of `(?i)` at the beginning. */
  readonly flags: string
}

/** What `pattern` is in ECMAScript. What is malformed stays so, for ECMAScript's parser to say. */
export function toEcmaScript(pattern: string): EcmaScriptPattern {
  const leading = LEADING_FLAGS.exec(pattern)
  const reader = new PatternReader(pattern, leading?.[0].length ?? 0)
  const made = reader.read()
  return { pattern: made, flags: (reader.operators ? 'v' : 'u') + (leading?.[1] ?? '') }
}

class PatternReader {
  /** Whether a class has classes or operators inside, which need the flag v. */
  operators = false
  private depth = 0

  constructor(
    private readonly pattern: string,
    private at: number,
  ) {}

  read(): string {
    let made = ''
    while (this.at < this.pattern.length) made += this.outside()
    return made
  }

  private outside(): string {
    const char = this.pattern[this.at]!
    if (char === '\\') return this.escape()
    if (char === '[') return this.class()
    if (this.takes('(?P<')) return '(?<'
    if (char === '{') return this.counts()
    this.at++
    return char === '}' || char === ']' ? `\\${char}` : char
  }

  /** A quantifier, or a brace by itself. */
  private counts(): string {
    const found = this.match(COUNTS)
    if (found && (found[1] !== '' || found[3] !== '')) return `{${found[1] || '0'}${found[2]}${found[3]}}`
    if (found) this.at -= found[0].length
    this.at++
    return '\\{'
  }

  /** A class. What stands around an operator gets brackets, as ECMAScript wants it. */
  private class(): string {
    this.at++
    if (++this.depth > 1) this.operators = true
    const begin = this.takes('^') ? '[^' : '['
    let left = ''
    // What stands first is not the end, and no range.
    let items = this.takes(']') ? '\\]' : this.takes('-') ? '\\-' : ''
    while (this.at < this.pattern.length) {
      if (this.takes(']')) {
        this.depth--
        return `${begin}${left === '' ? items : `${left}[${items}]`}]`
      }
      const operator = ['&&', '--'].find((sign) => this.takes(sign))
      if (operator !== undefined) {
        this.operators = true
        left = (left === '' ? `[${items}]` : `[${left}[${items}]]`) + operator
        items = ''
      } else items += this.classItem()
    }
    return begin + left + items
  }

  private classItem(): string {
    const char = this.pattern[this.at]!
    if (char === '\\') return this.escape()
    const named = this.match(NAMED_CLASS)
    if (named) return POSIX.get(named[1]!) ?? hex('[') + named[0].slice(1)
    if (char === '[' && this.depth < MAX_DEPTH) return this.class()
    this.at++
    if (char === '-') return this.pattern[this.at] === ']' ? '\\-' : '-'
    return char !== '[' && /[!-/:-@\]-`{-~]/.test(char) ? hex(char) : char
  }

  private escape(): string {
    const found = this.match(ESCAPE)
    if (!found) {
      this.at++
      return '\\'
    }
    const [whole, code, wide, property, name, copied, char] = found
    if (code !== undefined || wide !== undefined) return `\\u{${code ?? wide}}`
    if (property !== undefined) return `\\${property}{${name}}`
    if (copied !== undefined) return whole
    const anchor = this.depth > 0 && char !== 'a' ? undefined : ANCHORS[char!]
    if (anchor !== undefined) return anchor
    return SYNTAX.includes(char!) || /[\w-]/.test(char!) ? this.kept(whole, char!) : literally(char!)
  }

  /** `\-` is known inside of classes only. */
  private kept(whole: string, char: string): string {
    return (char === '-' && this.depth === 0) || char === '_' ? char : whole
  }

  private takes(expected: string): boolean {
    if (!this.pattern.startsWith(expected, this.at)) return false
    this.at += expected.length
    return true
  }

  private match(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.at
    const found = pattern.exec(this.pattern)
    if (!found) return undefined
    this.at += found[0].length
    return found
  }
}

function literally(char: string): string {
  return char.charCodeAt(0) < 128 ? hex(char) : char
}

function hex(char: string): string {
  return `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`
}
