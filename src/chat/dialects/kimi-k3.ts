import { jsonObject, typedValue } from './arguments.js'
import { objectText } from './object-text.js'
import { dialectOf } from './answer.js'
import { attempt, callsBetween } from './read-calls.js'
import type { AnswerReader, Reading } from './reader.js'

const OPEN = '<|open|>'
const CLOSE = '<|close|>'
const SEPARATOR = '<|sep|>'

export const openTag = (name: string, attributes = ''): string => `${OPEN}${name}${attributes}${SEPARATOR}`
export const closeTag = (name: string): string => `${CLOSE}${name}${SEPARATOR}`

/** An attribute's value between its quotes. */
export function escapeAttribute(value: string): string {
  return value.replaceAll('&', '&amp;').replaceAll('"', '&quot;')
}

function unescapeAttribute(value: string): string {
  return value.replaceAll('&quot;', '"').replaceAll('&amp;', '&')
}

const TOOLS = openTag('tools')

/** Kimi K3's XTML: sections for thought, response and calls, whose arguments carry their types. */
export const kimiK3 = dialectOf(
  {
    name: 'kimi-k3',
    thought: { open: openTag('think'), close: closeTag('think') },
    // What opens and closes the other sections is no text.
    silent: [openTag('response'), closeTag('response'), closeTag('message')],
    stopMarkers: ['<|end_of_msg|>'],
  },
  {
    markers: [OPEN, CLOSE, SEPARATOR],
    calls: [
      {
        triggers: [TOOLS],
        read: (reader) => attempt(reader, callsBetween(TOOLS, [], closeTag('tools'), call)),
      },
    ],
    textStart: (prompt, calls) => {
      if (!prompt.trimEnd().endsWith(openTag('think'))) return undefined
      return closeTag('think') + (calls ? '' : openTag('response'))
    },
    toolSyntax: () => ({
      before: TOOLS,
      begin: (name, index) => openTag('call', ` tool="${escapeAttribute(name)}" index="${index + 1}"`),
      argumentsAs: {
        kind: 'tagged',
        begin: (key, type) => openTag('argument', ` key="${escapeAttribute(key)}" type="${type}"`),
        end: () => closeTag('argument'),
        between: '',
        strings: 'raw',
      },
      end: closeTag('call'),
      between: '',
      after: closeTag('tools'),
      parallel: true,
      text: { begin: openTag('response'), end: closeTag('response') },
    }),
  },
)

function* call(reader: AnswerReader): Reading<boolean> {
  if ((yield* reader.take([`${OPEN}call`])) === undefined) return false
  const name = attribute((yield* reader.until([SEPARATOR])).text, 'tool')
  const entries: [string, string][] = []
  let whole: string | undefined
  for (;;) {
    yield* reader.space()
    const next = yield* reader.take([`${OPEN}argument`, `${OPEN}json`, closeTag('call')])
    if (next === undefined || name === undefined) return false
    if (next.startsWith(CLOSE)) break
    const attributes = (yield* reader.until([SEPARATOR])).text
    const value = yield* reader.until([closeTag(next.slice(OPEN.length))])
    if (value.marker === undefined) return false
    if (next.endsWith('json')) whole = jsonObject(value.text)
    else {
      const key = attribute(attributes, 'key')
      if (key === undefined) return false
      const isString = (attribute(attributes, 'type') ?? 'string') === 'string'
      entries.push([key, isString ? JSON.stringify(value.text) : typedValue(value.text, undefined, 'json')])
    }
  }
  reader.call(name, whole ?? objectText(entries))
  return true
}

function attribute(text: string, name: string): string | undefined {
  const value = new RegExp(`(?:^|\\s)${name}="([^"]*)"`).exec(text)?.[1]
  return value === undefined ? undefined : unescapeAttribute(value)
}
