import { objectText, ToldArguments } from './object-text.js'
import { dialectOf } from './answer.js'
import { all, attempt } from './atoms.js'
import type { AnswerReader, Reading } from './reader.js'

const CALL = '<|tool_call>'
const CALL_END = '<tool_call|>'
const QUOTE = '<|"|>'
/** Deeper than any argument, and far from the end of the stack. */
const MAX_DEPTH = 64

/** Gemma 4: `call:NAME{key:value}` with bare keys and strings between quotes of their own. */
export const gemma4 = dialectOf(
  {
    name: 'gemma-4',
    thought: { open: '<|channel>thought', close: '<channel|>' },
    // It may stand there twice before a thought.
    silent: ['<|channel>'],
    // The model asks for the tool's result by beginning it.
    stopMarkers: ['<turn|>', '<|tool_response>'],
  },
  {
    calls: [{ triggers: [CALL], read: (reader) => attempt(reader, block) }],
    markers: ['<|channel>', '<channel|>', CALL, CALL_END, QUOTE],
    toolSyntax: () => ({
      before: '',
      begin: (name) => `${CALL}call:${name}`,
      argumentsAs: { kind: 'gemma', quote: QUOTE },
      end: CALL_END,
      between: '',
      after: '',
      parallel: true,
    }),
  },
)

function* block(reader: AnswerReader): Reading<boolean> {
  if (!(yield* all(reader, [CALL, 'call:']))) return false
  const name = yield* reader.characters((c) => /[\w.-]/.test(c))
  if (name === '' || (yield* reader.take(['{'])) === undefined) return false
  const told = new ToldArguments((text) => reader.input(name, text))
  yield* reader.space()
  let next = yield* reader.take(['}'])
  while (next !== '}') {
    if (!(yield* member(reader, told))) return false
    yield* reader.space()
    next = yield* reader.take([',', '}'])
    if (next === undefined) return false
    yield* reader.space()
    // A comma may be the last.
    if (next === ',') next = yield* reader.take(['}'])
  }
  if (!(yield* all(reader, [CALL_END]))) return false
  reader.call(name, told.end())
  return true
}

/** `key:value`, where a string between the marks is told while it is read. */
function* member(reader: AnswerReader, told: ToldArguments): Reading<boolean> {
  const marked = (yield* reader.take([QUOTE])) !== undefined
  const key = marked ? yield* reader.until([QUOTE]) : undefined
  const bare = marked ? '' : bareKey(yield* reader.characters((c) => !':,{}[]'.includes(c)))
  if (key && key.marker === undefined) return false
  if (!(yield* all(reader, [':']))) return false
  yield* reader.space()
  const name = key?.text ?? bare
  if ((yield* reader.take([QUOTE])) !== undefined) {
    const { text, marker } = yield* reader.until([QUOTE], told.string(name, false))
    if (marker !== undefined) told.add(name, JSON.stringify(text))
    return marker !== undefined
  }
  const json = gemmaValue(yield* reader.characters(untilEnd()))
  if (json !== undefined) told.add(name, json)
  return json !== undefined
}

/** A key without marks; in the quotes of JSON it is read too, as values are. */
function bareKey(text: string): string {
  const key = text.trim()
  return /^"[^"\\]*"$/.test(key) ? key.slice(1, -1) : key
}

/** Wants the characters of one value that stands in an object. */
function untilEnd(): (character: string) => boolean {
  let depth = 0
  let inside: 'mark' | 'json' | undefined
  let tail = ''
  return (c) => {
    tail = (tail + c).slice(-QUOTE.length)
    if (inside === 'mark') {
      if (tail === QUOTE) inside = undefined
    } else if (inside === 'json') {
      if (c === '"' && !/(?<!\\)(?:\\\\)*\\"$/.test(tail)) inside = undefined
    } else if (depth === 0 && ',}]'.includes(c)) return false
    else if (tail === QUOTE) inside = 'mark'
    else if (c === '"' && !tail.endsWith('<|"')) inside = 'json'
    else if ('{['.includes(c)) depth++
    else if ('}]'.includes(c)) depth--
    return true
  }
}

/** JSON text of a value in Gemma's notation; undefined for what is none. */
export function gemmaValue(text: string): string | undefined {
  let at = 0
  const value = anything(0)
  space()
  return at === text.length ? value : undefined

  function object(depth: number): string | undefined {
    const entries: [string, string][] = []
    if (!take('{')) return undefined
    while (!take('}')) {
      const isMarked = take(QUOTE)
      const key = isMarked ? quoted() : bare(/[^:,{}[\]]+/y)
      if (key === undefined || !take(':')) return undefined
      const json = anything(depth + 1)
      if (json === undefined || (!take(',') && !next('}'))) return undefined
      entries.push([isMarked ? key : bareKey(key), json])
    }
    return objectText(entries)
  }

  function list(depth: number): string | undefined {
    const items: string[] = []
    if (!take('[')) return undefined
    while (!take(']')) {
      const json = anything(depth + 1)
      if (json === undefined || (!take(',') && !next(']'))) return undefined
      items.push(json)
    }
    return `[${items.join(', ')}]`
  }

  function anything(depth: number): string | undefined {
    if (depth > MAX_DEPTH) return undefined
    if (next('{')) return object(depth)
    if (next('[')) return list(depth)
    if (take(QUOTE)) {
      const string = quoted()
      return string === undefined ? undefined : JSON.stringify(string)
    }
    return scalar(bare(/"(?:[^"\\]|\\.)*"|[^,{}[\]]+/y))
  }

  function quoted(): string | undefined {
    const end = text.indexOf(QUOTE, at)
    if (end < 0) return undefined
    const string = text.slice(at, end)
    at = end + QUOTE.length
    return string
  }

  function bare(pattern: RegExp): string | undefined {
    space()
    pattern.lastIndex = at
    const found = pattern.exec(text)?.[0]
    at += found?.length ?? 0
    return found?.trim()
  }

  function next(literal: string): boolean {
    space()
    return text.startsWith(literal, at)
  }

  function take(literal: string): boolean {
    if (!next(literal)) return false
    at += literal.length
    return true
  }

  function space(): void {
    while (/\s/.test(text[at] ?? '')) at++
  }
}

/** Numbers, true, false, null, which the template prints as None; other bare words are strings. */
function scalar(word: string | undefined): string | undefined {
  if (word === undefined || word === '') return undefined
  if (word === 'None') return 'null'
  try {
    JSON.parse(word)
    return word
  } catch {
    return JSON.stringify(word)
  }
}
