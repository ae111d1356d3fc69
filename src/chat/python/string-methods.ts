import { spendItems, spendText } from './limits.js'
import { isSpace, splitWords, strip } from './text.js'
import type { Arguments } from './values.js'
import { Dict, PythonError, Tuple, codePointCount, iterate, toIndex, typeName, type Value } from './values.js'

type Method = (text: string, args: Arguments) => Value

/** A text that a parameter needs. */
function textOf(value: Value | undefined, method: string): string {
  if (typeof value === 'string') return value
  throw new PythonError(`${method}() argument must be str, not ${value === undefined ? 'missing' : typeName(value)}`)
}

const optionalText = (value: Value | undefined, method: string): string | undefined =>
  value === undefined || value === null ? undefined : textOf(value, method)

/** A method without parameters. */
const plain =
  (run: (text: string) => Value): Method =>
  (text, args) => {
    args.take('method', [])
    spendText(text.length)
    return run(text)
  }

const stripped =
  (name: string, side: 'both' | 'left' | 'right'): Method =>
  (text, args) =>
    strip(text, side, optionalText(args.take(name, ['chars'])[0], name))

/** Part of a text between two places that count code points, and how many come before it. */
function between(text: string, start: Value | undefined, end: Value | undefined): { part: string; before: number } {
  if ((start ?? null) === null && (end ?? null) === null) return { part: text, before: 0 }
  spendItems(text.length)
  const units = Array.from(text)
  const place = (given: Value | undefined, missing: number): number => {
    if (given === undefined || given === null) return missing
    const index = toIndex(given)
    return index < 0 ? Math.max(0, index + units.length) : index
  }
  const before = place(start, 0)
  const to = place(end, units.length)
  return { part: before > units.length ? '\0none' : units.slice(before, to).join(''), before }
}

function finder(name: string, fromRight: boolean): Method {
  return (text, args) => {
    const [sub, start, end] = args.take(name, ['sub', 'start', 'end'], 1)
    const { part, before } = between(text, start, end)
    const wanted = textOf(sub, name)
    const at = part === '\0none' ? -1 : fromRight ? part.lastIndexOf(wanted) : part.indexOf(wanted)
    if (at < 0 && name.endsWith('index')) throw new PythonError('substring not found')
    return at < 0 ? -1 : before + codePointCount(part.slice(0, at))
  }
}

function edge(name: 'startswith' | 'endswith'): Method {
  return (text, args) => {
    const [affix, start, end] = args.take(name, ['affix', 'start', 'end'], 1)
    const { part } = between(text, start, end)
    const options = affix instanceof Tuple ? affix.values : [affix]
    return options.some((option) => {
      const wanted = textOf(option, name)
      return part !== '\0none' && (name === 'startswith' ? part.startsWith(wanted) : part.endsWith(wanted))
    })
  }
}

function splitter(name: 'split' | 'rsplit'): Method {
  return (text, args) => {
    const [separator, count] = args.take(name, ['sep', 'maxsplit'])
    const limit = count === undefined ? -1 : toIndex(count)
    spendText(text.length)
    const fromRight = name === 'rsplit'
    const parts =
      separator === undefined || separator === null
        ? splitWords(text, limit, fromRight)
        : splitAt(text, textOf(separator, name), limit, fromRight)
    spendItems(parts.length)
    return parts
  }
}

function splitAt(text: string, separator: string, limit: number, fromRight: boolean): string[] {
  if (separator === '') throw new PythonError('empty separator')
  const parts = text.split(separator)
  if (limit < 0 || parts.length <= limit + 1) return parts
  if (fromRight) {
    const kept = parts.length - limit
    return [parts.slice(0, kept).join(separator), ...parts.slice(kept)]
  }
  return [...parts.slice(0, limit), parts.slice(limit).join(separator)]
}

function partition(name: 'partition' | 'rpartition'): Method {
  return (text, args) => {
    const separator = textOf(args.take(name, ['sep'], 1)[0], name)
    if (separator === '') throw new PythonError('empty separator')
    const at = name === 'partition' ? text.indexOf(separator) : text.lastIndexOf(separator)
    if (at < 0) return new Tuple(name === 'partition' ? [text, '', ''] : ['', '', text])
    return new Tuple([text.slice(0, at), separator, text.slice(at + separator.length)])
  }
}

/** @throws PythonError LimitError before a text is made that is too long. */
export function replaceText(text: string, from: string, to: string, limit = -1): string {
  if (limit === 0) return text
  const pieces = from === '' ? ['', ...Array.from(text), ''] : text.split(from)
  const count = limit < 0 ? pieces.length - 1 : Math.min(limit, pieces.length - 1)
  spendItems(pieces.length)
  spendText(text.length + count * to.length)
  if (count === pieces.length - 1) return pieces.join(to)
  return pieces.slice(0, count + 1).join(to) + from + pieces.slice(count + 1).join(from)
}

/** `width` code points: the text with as much to its left and right as `place` says. */
export function padded(text: string, width: number, place: 'left' | 'right' | 'center', fill = ' '): string {
  const missing = width - codePointCount(text)
  if (missing <= 0) return text
  spendText(width)
  // Of an odd number the larger half goes to the left where the width is odd: CPython's str.center.
  const left = place === 'right' ? missing : place === 'left' ? 0 : Math.floor(missing / 2) + (missing & width & 1)
  return fill.repeat(left) + text + fill.repeat(missing - left)
}

function padder(name: string, place: 'left' | 'right' | 'center'): Method {
  return (text, args) => {
    const [width, fill] = args.take(name, ['width', 'fillchar'], 1)
    const character = optionalText(fill, name) ?? ' '
    if (codePointCount(character) !== 1) throw new PythonError('The fill character must be exactly one character long')
    return padded(text, toIndex(width!), place, character)
  }
}

/** First letters of words large, the others small. */
function titled(text: string): string {
  return text.replace(
    /(\p{L}\p{M}*)((?:\p{L}|\p{M})*)/gu,
    (_, first: string, rest: string) => largeFirst(first) + rest.toLowerCase(),
  )
}

function largeFirst(letter: string): string {
  const large = letter.toUpperCase()
  return large.length > letter.length ? large.charAt(0) + large.slice(1).toLowerCase() : large
}

/** str.capitalize(). */
export function capitalized(text: string): string {
  const [first = ''] = text
  return largeFirst(first) + text.slice(first.length).toLowerCase()
}

function swapped(text: string): string {
  return Array.from(text, (c) => (c === c.toLowerCase() ? c.toUpperCase() : c.toLowerCase())).join('')
}

/** Whether there are letters with a case, and all of them have this one. */
export function hasCase(text: string, wanted: 'lower' | 'upper'): boolean {
  const other = wanted === 'lower' ? /[\p{Lu}\p{Lt}]/u : /[\p{Ll}\p{Lt}]/u
  return !other.test(text) && (wanted === 'lower' ? /\p{Lowercase}/u : /\p{Uppercase}/u).test(text)
}

function isTitle(text: string): boolean {
  return /\p{L}/u.test(text) && /[\p{Lu}\p{Ll}\p{Lt}]/u.test(text) && titled(text) === text
}

/** The lines of a text, with their ends where `keep` says so. */
export function lines(text: string, keep = false): string[] {
  const found = text.match(LINE) ?? []
  spendItems(found.length)
  return keep ? found : found.map((line) => line.replace(LINE_END, ''))
}

const ENDS = '\\n\\v\\f\\r\\x1c-\\x1e\\x85\\u2028\\u2029'
const LINE = new RegExp(`[^${ENDS}]*(?:\\r\\n|[${ENDS}])|[^${ENDS}]+`, 'g')
const LINE_END = new RegExp(`(?:\\r\\n|[${ENDS}])$`)

function expandTabs(text: string, size: number): string {
  let column = 0
  return Array.from(text, (c) => {
    if (c !== '\t') {
      column = c === '\n' || c === '\r' ? 0 : column + 1
      return c
    }
    const width = size <= 0 ? 0 : size - (column % size)
    column += width
    spendText(width)
    return ' '.repeat(width)
  }).join('')
}

function translated(text: string, table: Value | undefined): string {
  if (!(table instanceof Dict)) throw new PythonError('translate() argument must be a dict')
  return Array.from(text, (c) => {
    const to = table.get(c.codePointAt(0)!)
    if (to === undefined) return c
    if (to === null) return ''
    return typeof to === 'string' ? to : String.fromCodePoint(toIndex(to))
  }).join('')
}

function makeTranslation(args: Arguments): Value {
  const [from, to, drop] = args.take('maketrans', ['x', 'y', 'z'], 1)
  const code = (key: Value): Value => (typeof key === 'string' ? key.codePointAt(0)! : key)
  if (from instanceof Dict) return Dict.of(from.entries().map(([key, value]) => [code(key), value]))
  const target = Array.from(textOf(to, 'maketrans'))
  const source = Array.from(textOf(from, 'maketrans'))
  if (source.length !== target.length) throw new PythonError('the first two maketrans arguments must have equal length')
  const table = Dict.of(source.map((c, i): [Value, Value] => [code(c), target[i]!.codePointAt(0)!]))
  for (const c of optionalText(drop, 'maketrans') ?? '') table.set(code(c), null)
  return table
}

function joinTexts(separator: string, args: Arguments): string {
  const parts = iterate(args.take('join', ['iterable'], 1)[0]!).map((item, i) => {
    if (typeof item === 'string') return item
    throw new PythonError(`sequence item ${i}: expected str instance, ${typeName(item)} found`)
  })
  spendText(parts.reduce((sum, part) => sum + part.length + separator.length, 0))
  return parts.join(separator)
}

const matches = (pattern: RegExp): Method => plain((text) => pattern.test(text))

/** The methods of str that only read, but for format() and format_map(), which read attributes of what they print. */
export const STRING_METHODS: Readonly<Record<string, Method>> = {
  capitalize: plain(capitalized),
  casefold: plain((text) => text.toLowerCase().replaceAll('ß', 'ss')),
  center: padder('center', 'center'),
  count: (text, args) => {
    const [sub, start, end] = args.take('count', ['sub', 'start', 'end'], 1)
    const { part } = between(text, start, end)
    const wanted = textOf(sub, 'count')
    if (part === '\0none') return 0
    return wanted === '' ? codePointCount(part) + 1 : part.split(wanted).length - 1
  },
  endswith: edge('endswith'),
  expandtabs: (text, args) => expandTabs(text, toIndex(args.take('expandtabs', ['tabsize'])[0] ?? 8)),
  find: finder('find', false),
  index: finder('index', false),
  isalnum: matches(/^[\p{L}\p{N}]+$/u),
  isalpha: matches(/^\p{L}+$/u),
  isascii: plain((text) => !/[\u0080-\uffff]/.test(text)),
  isdecimal: matches(/^\p{Nd}+$/u),
  isdigit: matches(/^[\p{Nd}\u00b2\u00b3\u00b9\u2070\u2074-\u2079\u2080-\u2089\u2460-\u2468]+$/u),
  isidentifier: matches(/^[\p{L}\p{Nl}_][\p{L}\p{Nl}\p{Mn}\p{Mc}\p{Nd}\p{Pc}]*$/u),
  islower: plain((text) => hasCase(text, 'lower')),
  isnumeric: matches(/^\p{N}+$/u),
  isprintable: plain((text) => !/[\p{C}\p{Z}]/u.test(text.replaceAll(' ', ''))),
  isspace: plain(isSpace),
  istitle: plain(isTitle),
  isupper: plain((text) => hasCase(text, 'upper')),
  join: joinTexts,
  ljust: padder('ljust', 'left'),
  lower: plain((text) => text.toLowerCase()),
  lstrip: stripped('lstrip', 'left'),
  maketrans: (_, args) => makeTranslation(args),
  partition: partition('partition'),
  removeprefix: (text, args) => {
    const prefix = textOf(args.take('removeprefix', ['prefix'], 1)[0], 'removeprefix')
    return text.startsWith(prefix) ? text.slice(prefix.length) : text
  },
  removesuffix: (text, args) => {
    const suffix = textOf(args.take('removesuffix', ['suffix'], 1)[0], 'removesuffix')
    return suffix !== '' && text.endsWith(suffix) ? text.slice(0, -suffix.length) : text
  },
  replace: (text, args) => {
    const [from, to, count] = args.take('replace', ['old', 'new', 'count'], 2)
    return replaceText(text, textOf(from, 'replace'), textOf(to, 'replace'), count === undefined ? -1 : toIndex(count))
  },
  rfind: finder('rfind', true),
  rindex: finder('rindex', true),
  rjust: padder('rjust', 'right'),
  rpartition: partition('rpartition'),
  rsplit: splitter('rsplit'),
  rstrip: stripped('rstrip', 'right'),
  split: splitter('split'),
  splitlines: (text, args) => lines(text, args.take('splitlines', ['keepends'])[0] === true),
  startswith: edge('startswith'),
  strip: stripped('strip', 'both'),
  swapcase: plain(swapped),
  title: plain(titled),
  translate: (text, args) => translated(text, args.take('translate', ['table'], 1)[0]),
  upper: plain((text) => text.toUpperCase()),
  zfill: (text, args) => {
    const width = toIndex(args.take('zfill', ['width'], 1)[0]!)
    const [sign = ''] = /^[+-]/.exec(text) ?? []
    return sign + padded(text.slice(sign.length), width - sign.length, 'right', '0')
  },
}
