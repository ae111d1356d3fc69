/** Regular expressions (the regular part of ECMAScript's) to EBNF. */
import {
  charClass,
  complement,
  includesCode,
  invalidGrammar,
  literal,
  normalized,
  oneOf,
  repeated,
  type CodeRanges,
} from './ebnf.js'

/** How a character stands in the text: as it is, or inside of a JSON string. */
export type Quoting = 'plain' | 'json'

const DIGIT: CodeRanges = [[48, 57]]
const WORD: CodeRanges = [[48, 57], [65, 90], [95, 95], [97, 122]] // prettier-ignore
const SPACE: CodeRanges = [[9, 13], [32, 32], [0xa0, 0xa0], [0x1680, 0x1680], [0x2000, 0x200a], [0x2028, 0x2029], [0x202f, 0x202f], [0x205f, 0x205f], [0x3000, 0x3000], [0xfeff, 0xfeff]] // prettier-ignore
const LINE_ENDS: CodeRanges = [[10, 10], [13, 13], [0x2028, 0x2029]] // prettier-ignore
const CONTROL: Readonly<Record<string, number>> = { t: 9, n: 10, v: 11, f: 12, r: 13, '0': 0 }
/** Characters that JSON writes with a backslash in front; other control characters are left out. */
const JSON_ESCAPES: readonly (readonly [number, string])[] = [
  [34, '\\"'],
  [92, '\\\\'],
  [10, '\\n'],
  [13, '\\r'],
  [9, '\\t'],
  [8, '\\b'],
  [12, '\\f'],
]
const NOT_RAW_IN_JSON: CodeRanges = [[0, 31], [34, 34], [92, 92]] // prettier-ignore
const MAX_REPEAT = 10_000
const MAX_DEPTH = 100

/** One character of `ranges`. */
export function oneChar(ranges: CodeRanges, quoting: Quoting): string {
  if (quoting === 'plain') return charClass(ranges)
  const raw = complement([...complement(ranges), ...NOT_RAW_IN_JSON])
  const escapes = JSON_ESCAPES.filter(([code]) => includesCode(ranges, code)).map(([, text]) => literal(text))
  const choices = [...(raw.length > 0 ? [charClass(raw)] : []), ...escapes]
  if (choices.length === 0) throw invalidGrammar('a character class is empty')
  return oneOf(choices)
}

/** Any character of a text. */
export function anyChar(quoting: Quoting): string {
  return oneChar([[0, 0x10ffff]], quoting)
}

/**
 * What `pattern` matches, as an expression. `whole: false` is a search, as JSON Schema's `pattern` is: without `^` or `$`
 * anything may stand before or behind. White-space, word and digit classes are ECMAScript's.
 * @throws UserError invalid_grammar for what is not regular or not known: look-around, back references, \b, \p.
 */
export function regexToEbnf(pattern: string, quoting: Quoting, whole: boolean): string {
  const parser = new RegexParser(pattern, quoting)
  const rest = whole ? '' : repeated(anyChar(quoting), 0, Infinity)
  return parser.alternatives(
    (body, start, end) => [start ? '' : rest, body, end ? '' : rest].filter(Boolean).join(' ') || '""',
  )
}

class RegexParser {
  private readonly chars: string[]
  private at = 0
  private depth = 0

  constructor(
    private readonly pattern: string,
    private readonly quoting: Quoting,
  ) {
    this.chars = Array.from(pattern)
  }

  /** The whole pattern; `frame` is told of each alternative whether it is anchored. */
  alternatives(frame: (body: string, start: boolean, end: boolean) => string): string {
    const all: string[] = []
    do {
      const start = this.take('^')
      const body = this.sequence()
      const end = this.take('$')
      all.push(frame(body, start, end))
    } while (this.take('|'))
    if (this.at < this.chars.length) this.fail(`unexpected ${this.chars[this.at]!}`)
    return oneOf(all)
  }

  private sequence(): string {
    const parts: string[] = []
    for (;;) {
      const char = this.chars[this.at]
      if (char === undefined || char === '|' || char === ')' || char === '$') break
      if (char === '^') this.fail('^ is only known at the beginning')
      parts.push(this.quantified(this.atom()))
    }
    return parts.join(' ')
  }

  private quantified(atom: string): string {
    let least: number
    let most: number
    const counted = /^\{(\d+)(,(\d*))?\}/.exec(this.chars.slice(this.at, this.at + 20).join(''))
    if (this.take('*')) [least, most] = [0, Infinity]
    else if (this.take('+')) [least, most] = [1, Infinity]
    else if (this.take('?')) [least, most] = [0, 1]
    else if (counted) {
      this.at += counted[0].length
      least = Number(counted[1])
      most = counted[2] === undefined ? least : counted[3] === '' ? Infinity : Number(counted[3])
      if (least > most || least > MAX_REPEAT || (most !== Infinity && most > MAX_REPEAT))
        this.fail(`${counted[0]}: expected rising numbers up to ${MAX_REPEAT}`)
    } else return atom
    this.take('?') // lazy: the same texts
    return repeated(atom, least, most)
  }

  private atom(): string {
    const char = this.chars[this.at++]!
    if (char === '(') return this.group()
    if (char === '[') return oneChar(this.bracket(), this.quoting)
    if (char === '.') return oneChar(complement(LINE_ENDS), this.quoting)
    if (char === '\\') return oneChar(this.escape(false), this.quoting)
    if ('*+?{'.includes(char)) this.fail(`${char} has nothing to repeat`)
    const code = char.codePointAt(0)!
    return oneChar([[code, code]], this.quoting)
  }

  private group(): string {
    if (++this.depth > MAX_DEPTH) this.fail('brackets are nested too deeply')
    if (this.take('?')) {
      if (this.take('<')) {
        const name = /^[A-Za-z_$][\w$]*>/.exec(this.chars.slice(this.at, this.at + 100).join(''))
        if (!name) this.fail('look-behind is not known')
        this.at += name[0].length
      } else if (!this.take(':')) this.fail('look-around and flags are not known')
    }
    const all: string[] = []
    do all.push(this.sequence() || '""')
    while (this.take('|'))
    if (!this.take(')'))
      this.fail(this.chars[this.at] === '$' ? '$ is only known at the end' : 'a bracket is not closed')
    this.depth--
    return `(${all.join(' | ')})`
  }

  private bracket(): CodeRanges {
    const negated = this.take('^')
    const ranges: (readonly [number, number])[] = []
    while (!this.take(']')) {
      const from = this.classItem()
      const single = from.length === 1 && from[0]![0] === from[0]![1]
      if (single && this.chars[this.at] === '-' && this.chars[this.at + 1] !== ']') {
        this.at++
        const to = this.classItem()
        if (to.length !== 1 || to[0]![0] !== to[0]![1] || to[0]![0] < from[0]![0]) this.fail('a range does not rise')
        ranges.push([from[0]![0], to[0]![0]])
      } else ranges.push(...from)
    }
    return negated ? complement(ranges) : normalized(ranges)
  }

  private classItem(): CodeRanges {
    const char = this.chars[this.at++]
    if (char === undefined) this.fail('a character class is not closed')
    if (char === '\\') return this.escape(true)
    const code = char.codePointAt(0)!
    return [[code, code]]
  }

  private escape(inClass: boolean): CodeRanges {
    const char = this.chars[this.at++]
    if (char === undefined) this.fail('it ends with a backslash')
    const named = ({ d: DIGIT, w: WORD, s: SPACE } as Partial<Record<string, CodeRanges>>)[char.toLowerCase()]
    if (named) return char === char.toLowerCase() ? named : complement(named)
    if (inClass && char === 'b') return [[8, 8]]
    const control = CONTROL[char]
    if (control !== undefined) return [[control, control]]
    if (char === 'x' || char === 'u') {
      const hex = (char === 'x' ? /^[\da-f]{2}/i : /^(\{[\da-f]{1,6}\}|[\da-f]{4})/i).exec(
        this.chars.slice(this.at, this.at + 8).join(''),
      )
      if (!hex) this.fail(`\\${char} without its digits`)
      this.at += hex[0].length
      const code = parseInt(hex[0].replace(/[{}]/g, ''), 16)
      return [[code, code]]
    }
    if (/[A-Za-z0-9]/.test(char)) this.fail(`\\${char} is not known`)
    const code = char.codePointAt(0)!
    return [[code, code]]
  }

  private take(char: string): boolean {
    if (this.chars[this.at] !== char) return false
    this.at++
    return true
  }

  private fail(what: string): never {
    throw invalidGrammar(
      `regular expression ${JSON.stringify(this.pattern.slice(0, 80))}, character ${this.at}: ${what}`,
    )
  }
}
