/**
 * Grammars as text, in the EBNF that xgrammar reads: `name ::= "literal" [a-z]{2,4} (other | "")`.
 * Expressions are strings; what is made here needs no brackets around it.
 */
import { UserError } from '../errors.js'

/** Rules of one grammar; a grammar of more is refused. */
const MAX_RULES = 20_000

/** Collects named rules. */
export class Rules {
  private readonly bodies = new Map<string, string>()

  /** Adds a rule and returns its name, which begins with `hint`. */
  add(hint: string, body: string): string {
    const name = this.reserve(hint)
    this.bodies.set(name, body)
    return name
  }

  /** A name whose rule comes later, for rules that refer to themselves. */
  reserve(hint: string): string {
    if (this.bodies.size >= MAX_RULES) throw invalidGrammar(`it needs more than ${MAX_RULES} rules; simplify it`)
    const stem = hint.replace(/\W/g, '_').slice(0, 40)
    const name = `${/^[A-Za-z]/.test(stem) ? stem : `r_${stem}`}_${this.bodies.size}`
    this.bodies.set(name, '""')
    return name
  }

  set(name: string, body: string): void {
    this.bodies.set(name, body)
  }

  /** The grammar's text, with `root` as what it matches. */
  text(root: string): string {
    return [`root ::= ${root}`, ...[...this.bodies].map(([name, body]) => `${name} ::= ${body}`)].join('\n') + '\n'
  }
}

/** Exactly `text`. */
export function literal(text: string): string {
  return `"${Array.from(text, (char) => escaped(char, '"\\')).join('')}"`
}

/** One of several; `""` where there are none to choose from would match nothing, so that is the caller's bug. */
export function oneOf(alternatives: readonly string[]): string {
  return alternatives.length === 1 ? alternatives[0]! : `(${alternatives.join(' | ')})`
}

/** `body` between `least` and `most` times; `most` may be Infinity. */
export function repeated(body: string, least: number, most: number): string {
  if (most === 0) return '""'
  const group = /^(\[[^\]]*\]|\w+)$/.test(body) ? body : `(${body})`
  if (least === 1 && most === 1) return group
  if (most === Infinity) return least === 0 ? `${group}*` : least === 1 ? `${group}+` : `${group}{${least},}`
  return least === 0 && most === 1 ? `${group}?` : `${group}{${least},${most}}`
}

/** Ranges of code points, both ends included, rising and apart. */
export type CodeRanges = readonly (readonly [number, number])[]

const LAST = 0x10ffff
const SURROGATES = [0xd800, 0xdfff] as const

/** The same code points in order, without overlaps. */
export function normalized(ranges: CodeRanges): CodeRanges {
  const result: [number, number][] = []
  for (const [from, to] of [...ranges].sort((a, b) => a[0] - b[0])) {
    const last = result.at(-1)
    if (last && from <= last[1] + 1) last[1] = Math.max(last[1], to)
    else result.push([from, to])
  }
  return result
}

/** All characters but those of `ranges`; surrogates are no characters. */
export function complement(ranges: CodeRanges): CodeRanges {
  const result: [number, number][] = []
  let next = 0
  for (const [from, to] of normalized([...ranges, SURROGATES])) {
    if (from > next) result.push([next, from - 1])
    next = to + 1
  }
  if (next <= LAST) result.push([next, LAST])
  return result
}

export function includesCode(ranges: CodeRanges, code: number): boolean {
  return ranges.some(([from, to]) => code >= from && code <= to)
}

/** Characters beyond ASCII that are written one by one. */
const MOST_LITERALS = 256
/** So few may be missing from the characters beyond ASCII. */
const MOST_MISSING = 64

/**
 * One character of `ranges`. xgrammar's classes tell ASCII characters apart, and all others only from those: beyond ASCII a
 * set is a few characters, or all. Where a few are missing (the line separators of `.`, the wide spaces of `\S`), it is all.
 * @throws UserError invalid_grammar for other sets.
 */
export function charClass(ranges: CodeRanges): string {
  const ascii = clipped(ranges, 0, 127)
  const beyond = clipped(ranges, 128, LAST)
  const excluded = complement(ranges)
  if (countOf(clipped(excluded, 128, LAST)) <= MOST_MISSING) {
    const not = clipped(excluded, 0, 127)
    // An empty negated class cannot be written; a text has no use for U+0000.
    return `[^${classText(not.length > 0 ? not : [[0, 0]])}]`
  }
  if (countOf(beyond) > MOST_LITERALS)
    throw invalidGrammar(
      `a class of ${countOf(beyond)} characters beyond ASCII; at most ${MOST_LITERALS} are supported, or all`,
    )
  const literals = beyond.flatMap(([from, to]) =>
    Array.from({ length: to - from + 1 }, (_, i) => literal(String.fromCodePoint(from + i))),
  )
  return oneOf([...(ascii.length > 0 ? [`[${classText(ascii)}]`] : []), ...literals])
}

function clipped(ranges: CodeRanges, least: number, most: number): CodeRanges {
  return normalized(ranges)
    .map(([from, to]) => [Math.max(from, least), Math.min(to, most)] as const)
    .filter(([from, to]) => from <= to)
}

function countOf(ranges: CodeRanges): number {
  return ranges.reduce((sum, [from, to]) => sum + to - from + 1, 0)
}

function classText(ranges: CodeRanges): string {
  return ranges.map(([from, to]) => (from === to ? classChar(from) : `${classChar(from)}-${classChar(to)}`)).join('')
}

function classChar(code: number): string {
  return escaped(String.fromCodePoint(code), ']\\^-')
}

/** Printable ASCII as it is, the rest as \uXXXX or \UXXXXXXXX. */
function escaped(char: string, special: string): string {
  const code = char.codePointAt(0)!
  if (special.includes(char)) return `\\${char}`
  if (code >= 32 && code < 127) return char
  const hex = code.toString(16)
  return code < 0x10000 ? `\\u${hex.padStart(4, '0')}` : `\\U${hex.padStart(8, '0')}`
}

export function invalidGrammar(what: string): UserError {
  return new UserError(`the grammar cannot be used: ${what}`, 'invalid_grammar')
}
