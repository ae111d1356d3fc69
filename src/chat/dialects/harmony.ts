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
    reader.record('')
    const space = yield* reader.space()
    // The prompt ends behind `<|start|>assistant`; later messages begin with it.
    const begin = yield* reader.take([CHANNEL, START, MESSAGE, 'to=', ...ENDS])
    if (begin === undefined) {
      reader.forget()
      reader.unread(space)
      if ((yield* reader.say('text', [CHANNEL, ...ENDS])) === undefined) return
      continue
    }
    if (ENDS.includes(begin) && begin !== START) continue
    const head = begin === MESSAGE ? '' : begin + (yield* header(reader))
    const channel = /<\|channel\|>\s*([A-Za-z]+)/.exec(head)?.[1]
    const recipient = /to=([^\s<]+)/.exec(head)?.[1]
    if (recipient !== undefined && recipient !== 'assistant') yield* call(reader, recipient)
    else if (channel === 'analysis') {
      reader.forget()
      if (reasoned) reader.emit('reasoning', '\n')
      reasoned = true
      yield* reader.say('reasoning', ENDS)
    } else {
      reader.forget()
      yield* reader.say('text', ENDS)
    }
  }
}

function* header(reader: AnswerReader): Reading<string> {
  return (yield* reader.until([MESSAGE])).text
}

/** A message to a function; what is no JSON object is text. */
function* call(reader: AnswerReader, recipient: string): Reading {
  const { text } = yield* reader.until(ENDS)
  const args = jsonObject(text)
  const name = recipient.replace(/^functions\./, '')
  if (args === undefined || name === '') return reader.giveUp()
  reader.forget()
  reader.call(name, args)
}
