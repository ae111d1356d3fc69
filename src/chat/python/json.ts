import { spend, spendText } from './limits.js'
import { floatText, integer } from './numbers.js'
import { repr } from './text.js'
import { Dict, Float, PythonError, Tuple, typeName, type Value } from './values.js'

/** Deeper than any argument of a call, and far from the end of the stack. */
const MAX_DEPTH = 500

/**
 * JSON text as Python's json.loads reads it: keys in the order of the text, integers of any size, and 1.0 apart from 1.
 * Undefined for what is no JSON.
 * @example
 * repr(parseJson('{"10": 1, "9": 1.0}')!) // {'10': 1, '9': 1.0}
 */
export function parseJson(text: string): Value | undefined {
  try {
    return new Reader(text).document()
  } catch (error) {
    if (error instanceof NotJson) return undefined
    throw error
  }
}

class NotJson extends Error {}

class Reader {
  private at = 0

  constructor(private readonly text: string) {}

  document(): Value {
    const value = this.value(0)
    this.space()
    if (this.at < this.text.length) throw new NotJson()
    return value
  }

  private value(depth: number): Value {
    if (depth > MAX_DEPTH) throw new NotJson()
    this.space()
    const c = this.text[this.at]
    if (c === '"') return this.string()
    if (c === '{') return this.object(depth)
    if (c === '[') return this.list(']', () => this.value(depth + 1))
    const word = this.match(/-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?|-?Infinity|NaN|true|false|null/y)
    if (word in WORDS) return WORDS[word]!
    return /[.eE]/.test(word) ? new Float(Number(word)) : wholeNumber(word)
  }

  private object(depth: number): Dict {
    return Dict.of(
      this.list('}', (): [string, Value] => {
        this.space()
        const key = this.string()
        this.space()
        if (this.text[this.at++] !== ':') throw new NotJson()
        return [key, this.value(depth + 1)]
      }),
    )
  }

  private list<T>(end: string, item: () => T): T[] {
    const items: T[] = []
    this.at++
    this.space()
    if (this.text[this.at] === end) {
      this.at++
      return items
    }
    for (;;) {
      items.push(item())
      this.space()
      const c = this.text[this.at++]
      if (c === end) return items
      if (c !== ',') throw new NotJson()
    }
  }

  private string(): string {
    const quoted = this.match(/"[^"\\]*(?:\\[^][^"\\]*)*"/y)
    try {
      return JSON.parse(quoted) as string
    } catch {
      throw new NotJson()
    }
  }

  private match(pattern: RegExp): string {
    pattern.lastIndex = this.at
    const found = pattern.exec(this.text)?.[0]
    if (found === undefined) throw new NotJson()
    this.at += found.length
    return found
  }

  private space(): void {
    while (' \t\n\r'.includes(this.text[this.at] ?? 'x')) this.at++
  }
}

const WORDS: Readonly<Record<string, Value>> = {
  true: true,
  false: false,
  null: null,
  NaN: new Float(NaN),
  Infinity: new Float(Infinity),
  '-Infinity': new Float(-Infinity),
}

/** Python reads at most 4,300 digits. */
function wholeNumber(digits: string): number | bigint {
  if (digits.length <= 15) return Number(digits) + 0
  if (digits.length > 4300) throw new NotJson()
  return integer(BigInt(digits))
}

export interface JsonOptions {
  readonly ensureAscii?: boolean
  /** What each level of nesting begins its lines with. */
  readonly indent?: string | undefined
  readonly separators?: readonly [item: string, key: string] | undefined
  readonly sortKeys?: boolean
}

/**
 * JSON as Python's json.dumps writes it, by default with ensure_ascii=False: what labs put into prompts.
 * @throws PythonError for what JSON has no form for.
 */
export function jsonText(value: Value, options: JsonOptions = {}): string {
  const { indent, ensureAscii = false, sortKeys = false } = options
  const [item, key] = options.separators ?? [indent === undefined ? ', ' : ',', ': ']
  const write = (value: Value, line: string): string => {
    spend(1)
    if (typeof value === 'string') return stringText(value, ensureAscii)
    if (Array.isArray(value))
      return block(
        '[]',
        value.map((v) => write(v, line + (indent ?? ''))),
        line,
      )
    if (value instanceof Tuple) return write([...value.values], line)
    if (!(value instanceof Dict)) return scalarText(value)
    const entries = value.entries().map(([k, v]): [string, Value] => [keyText(k), v])
    if (sortKeys) entries.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
    const inner = line + (indent ?? '')
    return block(
      '{}',
      entries.map(([k, v]) => stringText(k, ensureAscii) + key + write(v, inner)),
      line,
    )
  }
  const block = (brackets: string, parts: string[], line: string): string => {
    const [begin, end] = brackets as unknown as [string, string]
    if (parts.length === 0) return brackets
    const around = indent === undefined ? '' : `\n${line}`
    const text =
      indent === undefined ? parts.join(item) : `${around}${indent}${parts.join(`${item}${around}${indent}`)}${around}`
    spendText(text.length)
    return begin + text + end
  }
  return write(value, '')
}

function scalarText(value: Value): string {
  if (value === null) return 'null'
  if (typeof value !== 'object') return String(value)
  if (value instanceof Float) return jsonFloat(value.value)
  throw new PythonError(`Object of type ${typeName(value)} is not JSON serializable`)
}

function jsonFloat(value: number): string {
  if (Number.isFinite(value)) return floatText(value)
  return Number.isNaN(value) ? 'NaN' : value > 0 ? 'Infinity' : '-Infinity'
}

function keyText(key: Value): string {
  if (typeof key === 'string') return key
  if (key === null || typeof key === 'boolean') return String(key)
  if (typeof key !== 'object' || key instanceof Float) return key instanceof Float ? jsonFloat(key.value) : String(key)
  throw new PythonError(`keys must be str, int, float, bool or None, not ${typeName(key)}`)
}

function stringText(text: string, ensureAscii: boolean): string {
  spendText(text.length)
  const json = JSON.stringify(text)
  if (ensureAscii) {
    return json.replace(/[^ -~]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)
  }
  return json
}

/** A value of JavaScript, such as a request's JSON, as a value of Python; what is undefined is left out, and lists are frozen. */
export function fromJavaScript(value: unknown): Value {
  if (value === null || typeof value === 'string' || typeof value === 'boolean' || typeof value === 'bigint')
    return value
  if (typeof value === 'number') return Number.isInteger(value) ? integerOf(value) : new Float(value)
  if (Array.isArray(value)) {
    const items = value.map((item: unknown) => fromJavaScript(item ?? null))
    return Object.freeze(items) as Value[]
  }
  if (value instanceof Dict || value instanceof Float || value instanceof Tuple) return value
  if (typeof value !== 'object') throw new PythonError(`a template cannot be given a ${typeof value}`)
  const entries = Object.entries(value).filter(([, item]) => item !== undefined)
  return Dict.of(entries.map(([key, item]): [string, Value] => [key, fromJavaScript(item)]))
}

/** A number that JSON.parse has rounded, such as 1e300, keeps the value that it has now. */
function integerOf(value: number): number | bigint | Float {
  if (Number.isSafeInteger(value)) return value + 0
  return Math.abs(value) < 1e21 ? BigInt(value) : new Float(value)
}

/** Text for messages: never fails, and never longer than a line. */
export function shown(value: Value): string {
  const text = repr(value)
  return text.length > 80 ? `${text.slice(0, 80)}...` : text
}
