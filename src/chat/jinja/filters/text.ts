import { percentFormat } from '../../python/format.js'
import { spend, spendText } from '../../python/limits.js'
import { jsonText } from '../../python/json.js'
import { fixed, isNumber, parseFloatText, toNumber } from '../../python/numbers.js'
import { capitalized, lines, padded, replaceText } from '../../python/string-methods.js'
import { prettyText } from '../../python/pretty.js'
import { str, strip } from '../../python/text.js'
import { wrapText } from '../../python/wrap.js'
import {
  Dict,
  Generator,
  PythonError,
  Tuple,
  Undefined,
  codePointCount,
  isTrue,
  iterate,
  toIndex,
  typeName,
  type Value,
} from '../../python/values.js'
import type { Filter } from '../runtime.js'

/** A text that a filter needs as it is, without str(). */
function textOf(value: Value): string {
  if (typeof value === 'string') return value
  throw new PythonError(value instanceof Undefined ? value.reason : `expected a str, found ${typeName(value)}`)
}

const plain =
  (run: (text: string) => Value): Filter =>
  (value, args) => {
    args.take('filter', [])
    const text = str(value)
    spendText(text.length)
    return run(text)
  }

const indent: Filter = (value, args) => {
  const [width = 4, first = false, blank = false] = args.take('indent', ['width', 'first', 'blank'])
  const margin = typeof width === 'string' ? width : ' '.repeat(paid(toIndex(width)))
  const [head = '', ...rest] = lines(`${textOf(value)}\n`)
  spendText((rest.length + 1) * margin.length)
  const following = rest.map((line) => (line !== '' || isTrue(blank) ? margin + line : line))
  return (isTrue(first) ? margin : '') + [head, ...following].join('\n')
}

/** A width, paid for before anything is made of it. */
function paid(width: number): number {
  spendText(Math.max(0, width))
  return Math.max(0, width)
}

/** Large letters at the beginning of words; words end at spaces, hyphens and opening brackets. */
function titled(text: string): string {
  return text
    .split(/([-\s({[<]+)/u)
    .map((part) => {
      const [first = ''] = part
      return first.toUpperCase() + part.slice(first.length).toLowerCase()
    })
    .join('')
}

const truncate: Filter = (value, args) => {
  const [length = 255, killWords = false, end = '...', leeway = null] = args.take('truncate', [
    'length',
    'killwords',
    'end',
    'leeway',
  ])
  const text = textOf(value)
  const ending = textOf(end)
  const wanted = toIndex(length)
  if (wanted < codePointCount(ending))
    throw new PythonError(`expected length >= ${codePointCount(ending)}, got ${wanted}`)
  const characters = Array.from(text)
  spend(characters.length)
  if (characters.length <= wanted + (leeway === null ? 5 : toIndex(leeway))) return text
  const cut = characters.slice(0, wanted - codePointCount(ending)).join('')
  const space = cut.lastIndexOf(' ')
  return (isTrue(killWords) || space < 0 ? cut : cut.slice(0, space)) + ending
}

const wordwrap: Filter = (value, args) => {
  const names = ['width', 'break_long_words', 'wrapstring', 'break_on_hyphens']
  const [width = 79, breakLong = true, separator = null, onHyphens = true] = args.take('wordwrap', names)
  const joint = separator === null ? '\n' : textOf(separator)
  const options = { width: toIndex(width), breakLong: isTrue(breakLong), onHyphens: isTrue(onHyphens) }
  return lines(textOf(value))
    .map((line) => wrapText(line, options).join(joint))
    .join(joint)
}

const format: Filter = (value, args) => {
  if (args.positional.length > 0 && args.named.size > 0)
    throw new PythonError("can't handle positional and keyword arguments at the same time")
  return percentFormat(str(value), args.named.size > 0 ? Dict.of(args.named) : new Tuple(args.positional))
}

/** json.dumps with transformers' defaults. */
const tojson: Filter = (value, args, { lenient }) => {
  const names = ['ensure_ascii', 'indent', 'separators', 'sort_keys']
  const [ensureAscii = false, indent = null, separators = null, sortKeys = false] = args.take('tojson', names)
  const [item, key] = separators === null ? [] : iterate(separators).map(textOf)
  return jsonText(lenient && value instanceof Generator ? [...value.items()] : value, {
    ensureAscii: isTrue(ensureAscii),
    indent: indent === null ? undefined : typeof indent === 'string' ? indent : ' '.repeat(paid(toIndex(indent))),
    separators: item === undefined || key === undefined ? undefined : [item, key],
    sortKeys: isTrue(sortKeys),
  })
}

const SIZES = ['k', 'M', 'G', 'T', 'P', 'E', 'Z', 'Y']

const fileSize: Filter = (value, args) => {
  const binary = isTrue(args.take('filesizeformat', ['binary'])[0] ?? false)
  const bytes = isNumber(value) ? toNumber(value) : parseFloatText(textOf(value))
  if (bytes === undefined) throw new PythonError(`could not convert ${str(value)} to a float`)
  const step = binary ? 1024 : 1000
  if (bytes === 1) return '1 Byte'
  if (bytes < step) return `${Math.trunc(bytes)} Bytes`
  const found = SIZES.findIndex((_, i) => bytes < step ** (i + 2))
  const at = found < 0 ? SIZES.length - 1 : found
  return `${fixed(bytes / step ** (at + 1), 1)} ${binary ? `${SIZES[at]!.toUpperCase()}iB` : `${SIZES[at]}B`}`
}

export const TEXT_FILTERS: Readonly<Record<string, Filter>> = {
  capitalize: plain(capitalized),
  center: (value, args) => padded(str(value), toIndex(args.take('center', ['width'])[0] ?? 80), 'center'),
  filesizeformat: fileSize,
  format,
  indent,
  lower: plain((text) => text.toLowerCase()),
  pprint: (value) => prettyText(value),
  replace: (value, args) => {
    const [from, to, count] = args.take('replace', ['old', 'new', 'count'], 2)
    return replaceText(str(value), str(from!), str(to!), (count ?? null) === null ? -1 : toIndex(count!))
  },
  safe: plain((text) => text),
  string: plain((text) => text),
  title: plain(titled),
  tojson,
  trim: (value, args) => {
    const [characters = null] = args.take('trim', ['chars'])
    return strip(str(value), 'both', characters === null ? undefined : textOf(characters))
  },
  truncate,
  upper: plain((text) => text.toUpperCase()),
  wordcount: plain((text) => text.match(/[\p{L}\p{N}\p{Mn}\p{Mc}_]+/gu)?.length ?? 0),
  wordwrap,
}
