import { objectText } from './object-text.js'
import { dialectOf } from './answer.js'
import { attempt } from './read-calls.js'
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
  yield* reader.take([CALL])
  const { text, marker } = yield* reader.until([CALL_END])
  const call = /^\s*call:([\w.-]+)(\{.*\})\s*$/s.exec(text)
  const args = call ? gemmaObject(call[2]!) : undefined
  if (marker === undefined || !call || args === undefined) return false
  reader.call(call[1]!, args)
  return true
}

/** JSON text of an object in Gemma's notation; undefined for what is none. */
export function gemmaObject(text: string): string | undefined {
  let at = 0
  const value = object(0)
  space()
  return at === text.length ? value : undefined

  function object(depth: number): string | undefined {
    const entries: [string, string][] = []
    if (!take('{')) return undefined
    while (!take('}')) {
      const key = take(QUOTE) ? quoted() : bare(/[^:,{}[\]]+/y)
      if (key === undefined || !take(':')) return undefined
      const json = anything(depth + 1)
      if (json === undefined || (!take(',') && !next('}'))) return undefined
      entries.push([key, json])
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
