import { jsonObject, typedValue } from './arguments.js'
import { ToldArguments } from './object-text.js'
import { dialectOf } from './answer.js'
import { all, attempt } from './atoms.js'
import { callsBetween } from './read-calls.js'
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
  if (name === undefined) return false
  const told = new ToldArguments((text) => reader.input(name, text))
  for (;;) {
    yield* reader.space()
    const next = yield* reader.take([`${OPEN}argument`, `${OPEN}json`, closeTag('call')])
    if (next === closeTag('call')) break
    if (next === `${OPEN}json`) return yield* wholeObject(reader, name)
    if (next === undefined || !(yield* argument(reader, told))) return false
  }
  reader.call(name, told.end())
  return true
}

/** After the beginning of its tag; a string is told while it is read. */
function* argument(reader: AnswerReader, told: ToldArguments): Reading<boolean> {
  const attributes = (yield* reader.until([SEPARATOR])).text
  const key = attribute(attributes, 'key')
  if (key === undefined) return false
  const isString = (attribute(attributes, 'type') ?? 'string') === 'string'
  const { text, marker } = yield* reader.until([closeTag('argument')], isString ? told.string(key, false) : undefined)
  if (marker === undefined) return false
  told.add(key, isString ? JSON.stringify(text) : typedValue(text, undefined, 'json'))
  return true
}

/** All arguments as one JSON text. */
function* wholeObject(reader: AnswerReader, name: string): Reading<boolean> {
  yield* reader.until([SEPARATOR])
  yield* reader.space()
  const args = jsonObject(yield* reader.arguments(name))
  if (args === undefined || !(yield* all(reader, [closeTag('json'), closeTag('call')]))) return false
  reader.call(name, args)
  return true
}

function attribute(text: string, name: string): string | undefined {
  const value = new RegExp(`(?:^|\\s)${name}="([^"]*)"`).exec(text)?.[1]
  return value === undefined ? undefined : unescapeAttribute(value)
}
