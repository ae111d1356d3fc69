import { jsonObject, objectText, typedValue } from './arguments.js'
import type { Dialect } from './dialect.js'
import { callBlock, parserOf, type AnswerReader, type Reading } from './reader.js'

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

/** Kimi K3's XTML: sections for thought, response and calls, whose arguments carry their types. */
export const kimiK3: Dialect = {
  name: 'kimi-k3',
  markers: [OPEN, CLOSE, SEPARATOR],
  stopMarkers: ['<|end_of_msg|>'],
  parser: (setup) => parserOf(setup, sections),
  textStart: (prompt, calls) => {
    if (!prompt.trimEnd().endsWith(openTag('think'))) return undefined
    return closeTag('think') + (calls ? '' : openTag('response'))
  },
  toolSyntax: () => ({
    before: openTag('tools'),
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
}

function* sections(reader: AnswerReader): Reading {
  const THINK = openTag('think')
  const RESPONSE = openTag('response')
  const TOOLS = openTag('tools')
  const prompt = reader.setup.prompt.trimEnd()
  if (prompt.endsWith(THINK)) yield* reader.say('reasoning', [closeTag('think')])
  const space = yield* reader.space()
  const first = yield* reader.take([THINK])
  if (first === undefined) reader.unread(space)
  else yield* reader.say('reasoning', [closeTag('think')])
  for (;;) {
    // What closes a section is no text, and neither is what opens the response.
    const silent = [RESPONSE, closeTag('response'), closeTag('message')]
    const marker = yield* reader.say('text', [TOOLS, ...silent])
    if (marker === undefined) return
    if (marker === TOOLS) yield* callBlock(reader, marker, tools(reader))
    else yield* reader.space()
  }
}

function* tools(reader: AnswerReader): Reading<boolean> {
  for (let calls = 0; ; calls++) {
    yield* reader.space()
    const next = yield* reader.take([`${OPEN}call`, closeTag('tools')])
    if (next === undefined || next.startsWith(CLOSE)) return calls > 0
    if (!(yield* call(reader))) return false
    reader.record('')
  }
}

function* call(reader: AnswerReader): Reading<boolean> {
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
