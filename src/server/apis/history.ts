import { isJsonObject } from '../../json.js'

/**
 * Arguments of a call as clients send them back, as the JSON text of an object: an empty text and `null` are no arguments, an object
 * is written out, and of a text that was cut off or goes wrong there is what had come.
 */
export function argumentsText(given: unknown): string {
  if (isJsonObject(given)) return JSON.stringify(given)
  const text = typeof given === 'string' ? given.trim() : ''
  if (text === '' || text === 'null') return '{}'
  const value = parsed(text)
  // Some clients write the text of the text.
  if (typeof value === 'string') return argumentsText(value)
  if (value !== undefined) return text
  return text.startsWith('{') ? closed(text) : text
}

/** Brackets in each other that are followed; the text ends before what is deeper. */
const DEEPEST = 500
/** What stands without quotes, to its end, and what of it is a value. */
const WORD = /[-+.\w]*/y
const SCALAR = /^(?:-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?|true|false|null)$/

/**
 * An object's JSON text that ends too early or goes wrong, to the last place where it can be closed, and closed there. One pass: it
 * can be closed after every bracket, so what is open at the end was open there.
 */
function closed(text: string): string {
  const open: ('}' | ']')[] = []
  let expected: 'value' | 'key' | 'colon' | 'next' = 'value'
  /** Nothing came after the last bracket that opened. */
  let empty = false
  let closable = 0
  const closedAt = (end: number, quote = ''): string => text.slice(0, end) + quote + open.reverse().join('')
  for (let at = 0; at < text.length;) {
    const c = text[at]!
    if (' \t\n\r'.includes(c)) at++
    else if ((c === '{' || c === '[') && expected === 'value' && open.length < DEEPEST) {
      open.push(c === '{' ? '}' : ']')
      expected = c === '{' ? 'key' : 'value'
      empty = true
      closable = ++at
    } else if (c === open.at(-1) && (empty || expected === 'next')) {
      open.pop()
      expected = 'next'
      empty = false
      closable = ++at
      if (open.length === 0) break
    } else if ((c === ',' && expected === 'next') || (c === ':' && expected === 'colon')) {
      expected = c === ',' && open.at(-1) === '}' ? 'key' : 'value'
      at++
    } else if (expected === 'key' || expected === 'value') {
      const isKey: boolean = expected === 'key'
      const { end, is } = c === '"' ? stringAt(text, at) : wordAt(text, at, isKey)
      if (is === 'cut off' && !isKey) return closedAt(end, '"')
      if (is !== 'whole') break
      at = end
      if (!isKey) closable = end
      expected = isKey ? 'colon' : 'next'
      empty = false
    } else break
  }
  return closedAt(closable)
}

/** Where something ends; what is cut off is whole up to there. */
interface Part {
  readonly end: number
  readonly is: 'whole' | 'cut off' | 'wrong'
}

/** The string that begins there, with its quotes. */
function stringAt(text: string, from: number): Part {
  for (let at = from + 1; at < text.length;) {
    const c = text[at]!
    if (c === '"') return { end: at + 1, is: 'whole' }
    if (c < ' ') return { end: at, is: 'wrong' }
    if (c !== '\\') at++
    else {
      const escape = text.slice(at, at + 6)
      const length = escape[1] === 'u' ? 6 : 2
      if (escape.length < length && /^\\(?:u[\da-f]*)?$/i.test(escape)) return { end: at, is: 'cut off' }
      if (!/^\\(?:["\\/bfnrt]|u[\da-fA-F]{4})/.test(escape)) return { end: at, is: 'wrong' }
      at += length
    }
  }
  return { end: text.length, is: 'cut off' }
}

/** The number or the name that begins there, which is no key. */
function wordAt(text: string, from: number, isKey: boolean): Part {
  WORD.lastIndex = from
  const word = WORD.exec(text)![0]
  return { end: from + word.length, is: !isKey && SCALAR.test(word) ? 'whole' : 'wrong' }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}
