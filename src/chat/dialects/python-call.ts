import { all, attempt, closings } from './atoms.js'
import { objectText, ToldArguments } from './object-text.js'
import type { AnswerReader, Reading } from './reader.js'
import { atomsOf, type CallForm } from './written.js'

/** Deeper than any argument, and far from the end of the stack. */
const MAX_DEPTH = 64

/**
 * A list of calls as Python writes them, `[f(a=1), g(b="x")]`, with literals for arguments; undefined for anything else.
 * `unescaped`: a quote ends a string only where a value may end, since those inside of it were not escaped.
 */
export function pythonCalls(text: string, unescaped = false): { name: string; args: string }[] | undefined {
  return orUndefined(() => new PythonParser(text, unescaped).calls())
}

/** JSON text of a literal; undefined for anything else. */
export function pythonLiteral(text: string): string | undefined {
  return orUndefined(() => new PythonParser(text, false).whole())
}

/** JSON text of a literal as Python prints it; undefined for anything else. */
export function pythonValue(text: string): string | undefined {
  // Most texts are none, and need no error to tell so.
  return /^(?:[[{(]|True$|False$|None$)/.test(text) ? pythonLiteral(text) : undefined
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

/** A name as Python has it, in any script, and with the points and hyphens of tools. */
const NAME = /[\p{L}_][\p{L}\p{N}\p{M}_.-]*/uy

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
    const name = this.match(NAME)
    this.expect('(')
    const entries = this.list(')', (): [string, string] => {
      const key = this.match(NAME)
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

/** Reads `begin [f(a=1), g(b="x")] end`, where the brackets are in begin and end. */
export function pythonList({ begin = '', end = '' }: CallForm): (reader: AnswerReader) => Reading<boolean> {
  const [opening, closing] = [atomsOf(begin.trim().slice(0, -1)), atomsOf(end.trim().slice(1))]
  return function* (reader) {
    if (!(yield* all(reader, opening))) return false
    yield* reader.space()
    if (reader.setup.pieces && (yield* attempt(reader, toldList(closing)))) return true
    return !reader.hasBegun && (yield* wholeList(reader, closing))
  }
}

/** The calls of a list that is read to its end first. */
function* wholeList(reader: AnswerReader, closing: readonly string[]): Reading<boolean> {
  const start = reader.mark()
  let calls = pythonCalls(yield* reader.python())
  if (!calls && closing.length > 0) {
    // A quote in a text was not escaped: only the mark shows where the list ends.
    reader.rewind(start)
    const { text, marker } = yield* reader.until(closing.slice(0, 1))
    calls = marker === undefined ? undefined : pythonCalls(text, true)
  } else yield* closings(reader, closing)
  reader.release()
  for (const { name, args } of calls ?? []) reader.call(name, args)
  return calls !== undefined
}

/** Call after call, each told while it is read. What is none after the first does not undo those before it. */
function toldList(closing: readonly string[]): (reader: AnswerReader) => Reading<boolean> {
  return function* (reader) {
    if ((yield* reader.take(['['])) === undefined) return false
    let next: string | undefined
    for (let count = 0; next !== ']'; count++) {
      yield* reader.space()
      if (!(yield* attempt(reader, toldCall))) return count > 0 && !reader.hasBegun
      yield* reader.space()
      next = yield* reader.take([',', ']'])
      if (next === undefined) return true
    }
    yield* closings(reader, closing)
    return true
  }
}

const isWord = (c: string): boolean => /[\p{L}\p{N}\p{M}_.-]/u.test(c)

function* toldCall(reader: AnswerReader): Reading<boolean> {
  const name = yield* reader.characters(isWord)
  if (!/^[\p{L}_]/u.test(name) || !(yield* all(reader, ['(']))) return false
  const args = new ToldArguments((text) => reader.input(name, text))
  yield* reader.space()
  let next = yield* reader.take([')'])
  while (next !== ')') {
    yield* reader.space()
    const key = yield* reader.characters(isWord)
    if (key === '' || !(yield* all(reader, ['=']))) return false
    yield* reader.space()
    const json = yield* toldValue(reader, key, args)
    if (json === undefined) return false
    args.add(key, json)
    yield* reader.space()
    next = yield* reader.take([',', ')'])
    if (next === undefined) return false
  }
  reader.call(name, args.end())
  return true
}

/** JSON text of a literal; a string is told while it is read. A quote ends it only where a value may end: models do not escape all of them. */
function* toldValue(reader: AnswerReader, key: string, args: ToldArguments): Reading<string | undefined> {
  const quote = yield* reader.take(['"', "'"])
  if (quote === undefined) return pythonLiteral(yield* reader.characters(untilEnd()))
  const tell = args.string(key, false)
  let value = ''
  const take = (text: string): void => {
    value += text
    tell(text)
  }
  for (;;) {
    const { marker } = yield* reader.until([quote, '\\'], take)
    if (marker === undefined) return undefined
    if (marker === '\\') take(yield* escaped(reader))
    else {
      const space = yield* reader.space()
      const next = yield* reader.take([',', ')'])
      if (next !== undefined) {
        reader.unread(next)
        return JSON.stringify(value)
      }
      take(quote + space)
    }
  }
}

/** What an escape stands for, after its backslash. */
function* escaped(reader: AnswerReader): Reading<string> {
  const some = (count: number): Reading<string> => {
    let left = count
    return reader.characters(() => left-- > 0)
  }
  const kind = yield* some(1)
  const digits = yield* some({ x: 2, u: 4, U: 8 }[kind] ?? 0)
  const written = `\\${kind}${digits}`
  const json = pythonLiteral(`"${written}"`)
  return json === undefined ? written : (JSON.parse(json) as string)
}

/** Wants the characters of one literal that stands among arguments. */
function untilEnd(): (character: string) => boolean {
  let depth = 0
  let quote: string | undefined
  let isEscaped = false
  return (c) => {
    if (quote !== undefined) {
      if (isEscaped) isEscaped = false
      else if (c === '\\') isEscaped = true
      else if (c === quote) quote = undefined
    } else if (depth === 0 && ',)'.includes(c)) return false
    else if ('"\''.includes(c)) quote = c
    else if ('{[('.includes(c)) depth++
    else if ('}])'.includes(c)) depth--
    return true
  }
}
