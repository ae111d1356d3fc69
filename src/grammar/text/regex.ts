/** Regular expressions, the regular part of ECMAScript's, to nodes. https://tc39.es/ecma262/#sec-patterns */
import { RegExpParser, type AST } from '@eslint-community/regexpp'
import { atOnce, type Steps } from '../pauses.js'
import type { Node } from '../syntax/nodes.js'
import { grammarTooComplex, invalidGrammar } from '../syntax/refuse.js'
import type { Quoting } from './quoting.js'
import type { Dialect } from './regex-classes.js'
import { translate } from './regex-assert.js'
import type { RegexMode } from './regex-plain.js'

export interface RegexOptions {
  /** `json`: the characters as JSON.stringify writes them inside of a string. */
  readonly quoting: Quoting
  /** Whether the expression matches the whole text, or, as a search does, any part of it. */
  readonly whole: boolean
  /** Flags of ECMAScript. Without u and v the expression is read with u, and without it where only that is valid. */
  readonly flags?: string
  /** Whose `\d`, `\w`, `\s` and `.` are meant; without it ECMAScript's. */
  readonly dialect?: Dialect
  /** Where the expression stands, for messages: `line 2, column 7`. */
  readonly where?: string
}

/** Longer expressions are refused. */
const MAX_LENGTH = 256 * 1024
const MAX_DEPTH = 200
/**
 * What means something else without the flag u, so that it is never read without: there `\A`, `\Z` and the other letters that
 * are escapes in Python and Perl stand for themselves.
 */
const NEEDS_UNICODE = /(?<!\\)(?:\\\\)*\\(?:u\{|(?![bBcdDfnrsStuvwWx])[a-zA-Z])/

/**
 * What `pattern` matches. Look-ahead, `^`, `$`, `\b` and short look-behind are held by intersection and difference;
 * quantifiers that are lazy match the same texts. The expression itself is never run.
 * @throws UserError invalid_grammar with the character for what is malformed or not regular, grammar_too_complex for what is too long or
 *   nested too deeply.
 * @example
 * regexNode('^[a-z]+$', { quoting: 'plain', whole: false })
 */
export function regexNode(pattern: string, options: RegexOptions): Node {
  return atOnce(regexSteps(pattern, options))
}

/** As {@link regexNode}, in steps between which others may run. */
export function* regexSteps(pattern: string, options: RegexOptions): Steps<Node> {
  const { quoting, whole, flags = '', dialect = 'ecmascript' } = options
  const name = named(pattern, options.where)
  const fail = (at: number, what: string, cause?: unknown): never => {
    throw invalidGrammar(`${name}, character ${at + 1}: ${what}`, cause)
  }
  checkSize(pattern, name, flags.includes('v'))
  const given = flagsOf(flags)
  const { parsed, unicode } = parse(pattern, given, fail)
  yield
  const mode: RegexMode = {
    unicode,
    ignoreCase: given.has('i'),
    multiline: given.has('m'),
    dotAll: given.has('s'),
    quoting,
    dialect,
  }
  return yield* translate(parsed.alternatives, mode, whole, {
    invalid: (node, what) => fail(node.start, `${what} (${cut(node.raw, 40)})`),
    complex: (what) => {
      throw grammarTooComplex(`${name}: ${what}`)
    },
  })
}

function named(pattern: string, where: string | undefined): string {
  return `${where === undefined ? '' : `${where}: `}regular expression ${JSON.stringify(cut(pattern, 80))}`
}

function cut(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length)}…` : text
}

function flagsOf(flags: string): ReadonlySet<string> {
  const given = new Set(flags)
  const unknown = [...given].find((flag) => !'dgimsuvy'.includes(flag))
  if (unknown !== undefined || given.size < flags.length || (given.has('u') && given.has('v')))
    throw invalidGrammar(`expected flags of a regular expression (i, m, s, u or v), found ${JSON.stringify(flags)}`)
  return given
}

type Reader = (at: number, what: string, cause?: unknown) => never

function parse(
  pattern: string,
  given: ReadonlySet<string>,
  fail: Reader,
): { parsed: AST.Pattern; unicode: RegexMode['unicode'] } {
  const read = (unicode: RegexMode['unicode']) => {
    const flags = { unicode: unicode === 'u', unicodeSets: unicode === 'v' }
    return { parsed: new RegExpParser().parsePattern(pattern, 0, pattern.length, flags), unicode }
  }
  try {
    return read(given.has('v') ? 'v' : 'u')
  } catch (error) {
    if (!given.has('u') && !given.has('v') && !NEEDS_UNICODE.test(pattern)) {
      try {
        return read('none')
      } catch {
        // What is wrong with the flag u is said below.
      }
    }
    if (!(error instanceof SyntaxError)) throw error
    return fail('index' in error ? Number(error.index) : 0, reason(error.message), error)
  }
}

/** `Invalid regular expression: /(/u: Unterminated group` as `unterminated group`. */
function reason(message: string): string {
  const said = message.slice(message.lastIndexOf(': ') + 2)
  return said.charAt(0).toLowerCase() + said.slice(1)
}

/** Counts brackets before the parser, which is recursive, sees them. */
function checkSize(pattern: string, name: string, nestedClasses: boolean): void {
  if (pattern.length > MAX_LENGTH)
    throw grammarTooComplex(`a regular expression of ${pattern.length} characters; at most ${MAX_LENGTH} are allowed`)
  let depth = 0
  let inClass = 0
  for (let at = 0; at < pattern.length; at++) {
    const char = pattern[at]
    if (char === '\\') at++
    else if (char === '[' && (inClass === 0 || nestedClasses)) inClass++
    else if (char === ']' && inClass > 0) inClass--
    else if (char === '(' && inClass === 0) depth++
    else if (char === ')' && inClass === 0) depth--
    if (depth + inClass > MAX_DEPTH)
      throw grammarTooComplex(
        `${name}, character ${at + 1}: brackets are nested more than ${MAX_DEPTH} deep; simplify it`,
      )
  }
}
