import { jsonObject } from './arguments.js'
import type { Dialect } from './dialect.js'
import { parserOf, type AnswerReader, type Reading } from './reader.js'

const START = '<|start|>'
const CHANNEL = '<|channel|>'
const CONSTRAIN = '<|constrain|>'
const MESSAGE = '<|message|>'
const END = '<|end|>'
const CALL = '<|call|>'
const RETURN = '<|return|>'
const ENDS = [END, CALL, RETURN, START]
/** What ends what is thought or said: the next message begins, too, where the model left out the end of this one. */
const STOPS = [...ENDS, CHANNEL]

/**
 * gpt-oss: an answer is a row of messages, each with a channel. analysis is reasoning, final is text, and commentary is a
 * call where it is addressed to a function, and text where it is not. openai/harmony.
 */
export const harmony: Dialect = {
  name: 'harmony',
  markers: [START, CHANNEL, CONSTRAIN, MESSAGE, END, CALL, RETURN],
  stopMarkers: [RETURN, CALL],
  // Whatever the channels before it hold, the answer proper is in the last.
  parser: (setup) => parserOf(setup, messages),
  textStart: (_prompt, calls) => (calls ? undefined : `${CHANNEL}final${MESSAGE}`),
  toolSyntax: () => ({
    before: '',
    begin: (name) => `${CHANNEL}commentary to=functions.${name} ${CONSTRAIN}json${MESSAGE}`,
    argumentsAs: { kind: 'json' },
    end: CALL,
    between: '',
    after: '',
    parallel: false,
    text: { begin: `${CHANNEL}final${MESSAGE}`, end: '' },
    messages: ['analysis', 'commentary'].map((channel) => ({
      begin: `${CHANNEL}${channel}${MESSAGE}`,
      end: `${END}${START}assistant`,
    })),
  }),
}

function* messages(reader: AnswerReader): Reading {
  let reasoned = false
  for (;;) {
    const start = reader.mark()
    const space = yield* reader.space()
    // The prompt ends with `<|start|>assistant`; later messages begin with it.
    const begin = yield* reader.take([CHANNEL, START, MESSAGE, 'to=', ...ENDS])
    const head = begin === undefined || isEnd(begin) ? undefined : yield* header(reader, begin)
    const channel = [...(head ?? '').matchAll(/<\|channel\|>\s*([A-Za-z]+)/g)].at(-1)?.[1]
    const recipient = /to=([^\s<]+)/.exec(head ?? '')?.[1]
    if (begin === undefined) {
      reader.unread(space)
      if (!(yield* said(reader, 'text'))) return reader.release()
    } else if (head === undefined) {
      // An end of a message; or a header that was cut off, which is none.
      if (!isEnd(begin)) return reader.release()
    } else if (recipient !== undefined && recipient !== 'assistant') {
      const isCall = yield* call(reader, recipient)
      const { isCut } = reader
      if (!isCall && (reader.hasBegun || isCut)) reader.giveUpCall()
      if (!isCall && !isCut && isFor(recipient, reader)) reader.emit('text', reader.since(start))
    } else if (channel === 'analysis') {
      if (reasoned) reader.emit('reasoning', '\n')
      reasoned = true
      yield* said(reader, 'reasoning')
    } else {
      // Two messages for the user, as one before a call and the answer, are no one word.
      if (reader.lastSaid !== '' && !(yield* reader.atEnd())) reader.emit('text', '\n')
      yield* said(reader, 'text')
    }
    reader.release()
  }
}

/** What a message thinks or says; false at the answer's end. */
function* said(reader: AnswerReader, kind: 'reasoning' | 'text'): Reading<boolean> {
  const marker = yield* reader.say(kind, STOPS)
  if (marker === CHANNEL) reader.unread(marker)
  return marker !== undefined
}

/** A message that is no call, to what nobody gave (the model was trained on a python and a browser), is not for the user. */
function isFor(recipient: string, { setup }: AnswerReader): boolean {
  const name = recipient.replace(/^functions\./, '')
  return name !== recipient || setup.tools.some((tool) => tool.function.name === name)
}

function isEnd(marker: string): boolean {
  return ENDS.includes(marker) && marker !== START
}

/** A message's header, or undefined where the answer ends in it. */
function* header(reader: AnswerReader, begin: string): Reading<string | undefined> {
  if (begin === MESSAGE) return ''
  const { text, marker } = yield* reader.until([MESSAGE])
  return marker === undefined ? undefined : begin + text
}

/** A message to a function; false for what is no JSON object. */
function* call(reader: AnswerReader, recipient: string): Reading<boolean> {
  const name = recipient.replace(/^functions\./, '')
  yield* reader.space()
  const body = yield* reader.arguments(name)
  const { text: rest, marker } = yield* reader.until(ENDS)
  const text = body + rest
  const args = text.trim() === '' && marker === undefined ? undefined : jsonObject(text)
  if (args === undefined || name === '' || reader.setup.calls === false) return false
  reader.call(name, args)
  return true
}
