/**
 * Expressions as tokenizer.json has them: Oniguruma's Ruby syntax, as far as it decides what matches. No groups are
 * remembered, so there are no references back. Source: Oniguruma, doc/RE.
 */

export type Node =
  /** One character of a set. */
  | { readonly kind: 'set'; readonly set: string }
  | { readonly kind: 'sequence'; readonly parts: readonly Node[] }
  | { readonly kind: 'choice'; readonly options: readonly Node[] }
  | Repeat
  /** What follows or lies before, without taking it. */
  | { readonly kind: 'look'; readonly body: Node; readonly behind: boolean; readonly negated: boolean }
  /** The first way to match is the only one that is tried. */
  | { readonly kind: 'atomic'; readonly body: Node }
  | { readonly kind: 'place'; readonly place: Place }

export interface Repeat {
  readonly kind: 'repeat'
  readonly body: Node
  readonly least: number
  readonly most: number
  readonly lazy: boolean
}

export type Place = 'textStart' | 'textEnd' | 'lastLineEnd' | 'lineStart' | 'lineEnd' | 'wordEdge' | 'noWordEdge'

/** Sets in the syntax of JavaScript's flag v. What is a space, a digit or a letter says Unicode, not JavaScript. */
export const SPACE = '\\p{White_Space}'
export const WORD = '\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}'
/** \w by itself has Latin numbers that \w inside of a set has not: so it is in Oniguruma. */
export const WORD_ALONE = `${WORD}\\xb2\\xb3\\xb9\\xbc-\\xbe`
const HEX = '0-9A-Fa-f'

const ESCAPED_SETS: Readonly<Record<string, string>> = {
  ...{ s: `[${SPACE}]`, S: `[^${SPACE}]`, d: '[\\p{Nd}]', D: '[^\\p{Nd}]', w: `[${WORD}]`, W: `[^${WORD}]` },
  ...{ h: `[${HEX}]`, H: `[^${HEX}]`, N: '[^\\n]', O: '[^]' },
}

const ESCAPED_PLACES: Readonly<Record<string, Place>> = {
  ...{ A: 'textStart', z: 'textEnd', Z: 'lastLineEnd', b: 'wordEdge', B: 'noWordEdge' },
}

const ESCAPED_CHARACTERS: Readonly<Record<string, number>> = { n: 10, t: 9, r: 13, f: 12, v: 11, a: 7, e: 27 }

const POSIX: Readonly<Record<string, string>> = {
  ...{ alpha: '\\p{Alphabetic}', alnum: '\\p{Alphabetic}\\p{Nd}', digit: '\\p{Nd}', lower: '\\p{Lowercase}' },
  ...{ upper: '\\p{Uppercase}', space: SPACE, blank: '\\t\\p{Zs}', punct: '\\p{P}\\p{S}', cntrl: '\\p{Cc}' },
  ...{ word: WORD, xdigit: HEX, ascii: '\\x00-\\x7f' },
}

/** Repetitions are written out, and expressions of files are short: the longest published one has 400 characters. */
const LONGEST = 20_000
const MOST_REPEATS = 1000
const DEEPEST = 100

/** @throws SyntaxError for what is no expression, or one of a kind that is not read. */
export function parseExpression(source: string): Node {
  if (source.length > LONGEST) throw new SyntaxError(`expected at most ${LONGEST} characters, found ${source.length}`)
  const parser = new Parser(source)
  const node = parser.choice()
  if (!parser.atEnd()) throw parser.error('a ) without its (')
  return node
}

class Parser {
  private at = 0
  private depth = 0
  private foldCase = false

  constructor(private readonly source: string) {}

  atEnd(): boolean {
    return this.at >= this.source.length
  }

  error(what: string): SyntaxError {
    return new SyntaxError(`${what} at character ${this.at + 1}`)
  }

  choice(): Node {
    if (++this.depth > DEEPEST) throw this.error(`more than ${DEEPEST} levels`)
    const outer = this.foldCase
    const options = [this.sequence()]
    while (this.take('|')) options.push(this.sequence())
    this.foldCase = outer
    this.depth--
    return options.length === 1 ? options[0]! : { kind: 'choice', options }
  }

  private sequence(): Node {
    const parts: Node[] = []
    while (!this.atEnd() && !this.ahead('|') && !this.ahead(')')) {
      const atom = this.atom()
      if (atom) parts.push(this.quantified(atom))
    }
    return parts.length === 1 ? parts[0]! : { kind: 'sequence', parts }
  }

  private quantified(body: Node): Node {
    let node = body
    for (;;) {
      const range = this.range()
      if (!range) return node
      const { least, most, braces } = range
      if (node.kind === 'place' || node.kind === 'look') throw this.error('a repeated place')
      const lazy = this.take('?')
      node = { kind: 'repeat', body: node, least, most, lazy }
      // In Ruby's syntax {n,m}+ repeats the repetition, the others become possessive.
      if (!lazy && !braces && this.take('+')) node = { kind: 'atomic', body: node }
    }
  }

  private range(): { least: number; most: number; braces: boolean } | undefined {
    if (this.take('*')) return { least: 0, most: Infinity, braces: false }
    if (this.take('+')) return { least: 1, most: Infinity, braces: false }
    if (this.take('?')) return { least: 0, most: 1, braces: false }
    const found = this.pattern(/\{(\d*)(,?)(\d*)\}/y)
    if (!found) return undefined
    const [whole, from = '', comma = '', to = ''] = found
    if (from === '' && to === '') {
      // Not a range, so the text itself.
      this.at -= whole.length
      return undefined
    }
    const least = Number(from || 0)
    const most = comma === '' ? least : to === '' ? Infinity : Number(to)
    if (least > MOST_REPEATS || (most !== Infinity && most > MOST_REPEATS) || most < least)
      throw this.error(`the repetition ${whole}`)
    return { least, most, braces: true }
  }

  /** Undefined for what only sets options. */
  private atom(): Node | undefined {
    if (this.ahead('(')) return this.group()
    if (this.ahead('[')) return this.set(this.bracket())
    if (this.take('.')) return this.set('[^\\n]')
    if (this.take('^')) return { kind: 'place', place: 'lineStart' }
    if (this.take('$')) return { kind: 'place', place: 'lineEnd' }
    if (this.ahead('*') || this.ahead('+') || this.ahead('?')) throw this.error('a repetition of nothing')
    if (this.ahead('\\')) return this.escape()
    return this.set(literal(this.character()))
  }

  private group(): Node | undefined {
    const [opening] = this.pattern(/\((\?(:|=|!|>|<=|<!|#[^)]*\)|<[A-Za-z_]\w*>|[imx]*(-[imx]*)?[:)]))?/y)!
    if (opening.startsWith('(?#')) return undefined
    const options = /^\(\?([imx]*)(?:-([imx]*))?([:)])$/.exec(opening)
    if (opening === '(' && this.ahead('?')) throw this.error('a group of an unknown kind')
    const outer = this.foldCase
    if (options) {
      const [, on = '', off = ''] = options
      if (/[mx]/.test(on + off)) throw this.error(`the options ${opening}`)
      this.foldCase = on.includes('i') || (outer && !off.includes('i'))
      // (?i) holds up to the end of the group around it, further options of a choice included.
      if (opening.endsWith(')')) return undefined
    }
    const body = this.choice()
    if (!this.take(')')) throw this.error('a ( without its )')
    this.foldCase = outer
    const look = /^\(\?(<?)([=!])$/.exec(opening)
    if (look) return { kind: 'look', body, behind: look[1] === '<', negated: look[2] === '!' }
    return opening === '(?>' ? { kind: 'atomic', body } : body
  }

  private escape(): Node {
    const name = this.source[this.at + 1]
    const place = name === undefined ? undefined : ESCAPED_PLACES[name]
    if (place) {
      this.at += 2
      return { kind: 'place', place }
    }
    if (name === 'G' || name === 'K' || name === 'X' || name === 'R' || (name !== undefined && /[1-9kg]/.test(name)))
      throw this.error(`the escape \\${name}`)
    if (name === 'w' || name === 'W') {
      this.at += 2
      return this.set(`[${name === 'W' ? '^' : ''}${WORD_ALONE}]`)
    }
    return this.set(this.escapedSet())
  }

  /** An escape as a set: a class, a property or one character. */
  private escapedSet(): string {
    const property = this.pattern(/\\([pP])\{(\^?)([^}]*)\}/y)
    if (property) return this.property(property)
    const name = this.source[this.at + 1]
    if (name !== undefined && ESCAPED_SETS[name] && /[sSdDwWhHNO]/.test(name)) {
      this.at += 2
      return ESCAPED_SETS[name]
    }
    return literal(this.escapedCharacter())
  }

  private escapedCharacter(): number {
    const code = this.pattern(/\\(?:x\{([0-9A-Fa-f]{1,8})\}|x([0-9A-Fa-f]{1,2})|u([0-9A-Fa-f]{4})|(0[0-7]{0,2}))/y)
    if (code) {
      const value = code[4] === undefined ? parseInt(code[1] ?? code[2] ?? code[3]!, 16) : parseInt(code[4], 8)
      if (value > 0x10ffff) throw this.error('a character beyond Unicode')
      return value
    }
    this.at++
    if (this.atEnd()) throw this.error('a \\ at the end')
    const name = this.source[this.at]!
    const known = ESCAPED_CHARACTERS[name]
    if (known === undefined && /[A-Za-z0-9]/.test(name)) throw this.error(`the escape \\${name}`)
    return known === undefined ? this.character() : (this.at++, known)
  }

  private property([, letter, hat, name = '']: RegExpExecArray): string {
    const negated = (letter === 'P') !== (hat === '^')
    const set = propertySet(name)
    if (set === undefined) throw this.error(`the property ${JSON.stringify(name)}`)
    return `[${negated ? '^' : ''}${set}]`
  }

  /** `[...]`, with ranges, nested sets, POSIX classes and intersections. */
  private bracket(): string {
    if (++this.depth > DEEPEST) throw this.error(`more than ${DEEPEST} levels`)
    this.at++
    const negated = this.take('^')
    const operands: string[] = []
    let members = ''
    // A ] at the beginning stands for itself.
    for (let first = true; first || !this.ahead(']'); first = false) {
      if (this.atEnd()) throw this.error('a [ without its ]')
      if (this.take('&&')) {
        operands.push(members)
        members = ''
      } else members += this.member()
    }
    this.at++
    this.depth--
    if (operands.push(members) === 1 && members === '') throw this.error('an empty set')
    const inner = operands.length === 1 ? members : operands.map((operand) => `[${operand}]`).join('&&')
    return `[${negated ? '^' : ''}${inner}]`
  }

  private member(): string {
    const posix = this.pattern(/\[:(\^?)(\w+):\]/y)
    if (posix) {
      const set = POSIX[posix[2]!]
      if (set === undefined) throw this.error(`the class ${posix[0]}`)
      return `[${posix[1]}${set}]`
    }
    if (this.ahead('[')) return this.bracket()
    const escape = this.source[this.at + 1] ?? ''
    if (this.ahead('\\') && /[pPsSdDwWhH]/.test(escape)) return this.escapedSet()
    const from = this.ahead('\\') ? this.memberEscape() : this.character()
    const after = this.source[this.at + 1]
    if (!this.ahead('-') || after === ']' || after === undefined) return literalIn(from)
    const start = this.at++
    if (this.ahead('[') || (this.ahead('\\') && /[pPsSdDwWhH]/.test(this.source[this.at + 1] ?? ''))) {
      this.at = start + 1
      return `${literalIn(from)}\\-`
    }
    const to = this.ahead('\\') ? this.memberEscape() : this.character()
    if (to < from) throw this.error('a range that ends before it begins')
    return `${literalIn(from)}-${literalIn(to)}`
  }

  private memberEscape(): number {
    if (this.source[this.at + 1] !== 'b') return this.escapedCharacter()
    this.at += 2
    return 8
  }

  private set(set: string): Node {
    return { kind: 'set', set: this.foldCase ? withBothCases(set) : set }
  }

  private character(): number {
    const code = this.source.codePointAt(this.at)!
    this.at += code > 0xffff ? 2 : 1
    return code
  }

  private ahead(text: string): boolean {
    return this.source.startsWith(text, this.at)
  }

  private take(text: string): boolean {
    if (!this.ahead(text)) return false
    this.at += text.length
    return true
  }

  private pattern(sticky: RegExp): RegExpExecArray | null {
    sticky.lastIndex = this.at
    const found = sticky.exec(this.source)
    if (found) this.at += found[0].length
    return found
  }
}

/** A property by one of the names that Oniguruma knows it by: categories, scripts, POSIX classes, binary properties. */
function propertySet(name: string): string | undefined {
  const plain = name.replace(/[\s_-]/g, '').toLowerCase()
  const posix = Object.hasOwn(POSIX, plain) ? POSIX[plain] : undefined
  if (posix !== undefined) return posix
  const words = name.replace(/^Is_?/, '')
  for (const body of [words, `Script=${words}`]) {
    try {
      new RegExp(`\\p{${body}}`, 'v')
      return `\\p{${body}}`
    } catch {
      // another kind of name
    }
  }
  return undefined
}

function literal(code: number): string {
  return `[${literalIn(code)}]`
}

function literalIn(code: number): string {
  return `\\u{${code.toString(16)}}`
}

/** Characters up to the letterlike symbols that have another case. */
let cased: string[] | undefined

/** The set with the other cases of its members: `s` has S and the long s. */
function withBothCases(set: string): string {
  cased ??= Array.from({ length: 0x2500 }, (_, code) => String.fromCharCode(code)).filter(
    (char) => char.toLowerCase() !== char || char.toUpperCase() !== char,
  )
  const folding = new RegExp(set, 'vi')
  const members = cased.filter((char) => folding.test(char)).map((char) => literalIn(char.charCodeAt(0)))
  return members.length === 0 ? set : `[${set}${members.join('')}]`
}
