import { ARGUMENT_KEYS, hasArguments, jsonMembers, memberCall } from './arguments.js'
import type { Dialect, ToolSyntax } from './dialect.js'
import { pythonCalls } from './python-call.js'
import { isQuoted, nearMissAt } from './answer.js'
import { attempt, peek } from './atoms.js'
import { bareCalls, FENCE, nearMarks } from './near-miss.js'
import { callReader } from './read-calls.js'
import { parserOf, type AnswerReader, type Reading } from './reader.js'

const PYTHON_TAG = '<|python_tag|>'
const PYTHON_START = '<|python_start|>'
const PYTHON_END = '<|python_end|>'
const FUNCTION = '<function='
/** Of Llama 3.1's model card. */
const FUNCTION_TAG = callReader({ call: '<function=$name>$arguments</function>' })

const JSON_SYNTAX: ToolSyntax = {
  before: '',
  begin: (name) => `{"name": ${JSON.stringify(name)}, "parameters": `,
  argumentsAs: { kind: 'json' },
  end: '}',
  between: '; ',
  after: '',
  parallel: false,
  atStart: true,
  alsoBegin: ['{', '[', FUNCTION],
}

const PYTHON_SYNTAX: ToolSyntax = {
  before: '[',
  begin: (name) => `${name}(`,
  argumentsAs: { kind: 'python' },
  end: ')',
  between: ', ',
  after: ']',
  parallel: true,
  atStart: true,
  alsoBegin: ['{', '[', FUNCTION],
}

/**
 * Llama 3 and 4: the whole answer is a call, as JSON objects or as a list of Python calls. Nothing marks it, so it is only
 * looked for where there are tools. Which of the two the model was told to write says the template.
 */
function llamaDialect(name: string, stopMarkers: readonly string[], syntax: ToolSyntax): Dialect {
  return {
    name,
    markers: [PYTHON_TAG, PYTHON_START, PYTHON_END],
    stopMarkers,
    parser: (setup) => parserOf(setup, (reader) => (setup.tools.length > 0 ? answer(reader) : plain(reader))),
    toolSyntax: () => syntax,
  }
}

const LLAMA3_ENDS = ['<|eot_id|>', '<|eom_id|>']
const LLAMA4_ENDS = ['<|eot|>', '<|eom|>']

export const llama3 = llamaDialect('llama-3', LLAMA3_ENDS, JSON_SYNTAX)
export const llama4Json = llamaDialect('llama-4-json', LLAMA4_ENDS, JSON_SYNTAX)
export const llama4Pythonic = llamaDialect('llama-4-pythonic', LLAMA4_ENDS, PYTHON_SYNTAX)

function* plain(reader: AnswerReader): Reading {
  yield* reader.say('text', [])
}

function* answer(reader: AnswerReader): Reading {
  if (!(yield* attempt(reader, marked))) {
    if (reader.hasBegun) reader.giveUpCall()
    return yield* nearMisses(reader)
  }
  yield* reader.space()
  yield* reader.take([PYTHON_END])
  yield* reader.space()
}

/** Text, in which calls may stand in a fence, between the tags of others, or by themselves. */
function* nearMisses(reader: AnswerReader): Reading {
  const near = nearMarks(reader.setup)
  const objects = near.length === 0 ? [] : OBJECTS
  let isFenced = false
  for (;;) {
    const mark = yield* reader.say('text', isFenced ? near : [...near, ...objects])
    if (mark === undefined) return
    const { dropped } = reader
    if (near.includes(mark)) {
      if (yield* nearMissAt(reader, mark)) {
        yield* reader.space()
        continue
      }
      // In a fence of something else an object is code.
      if (mark === FENCE) isFenced = !isFenced
    } else if (!isQuoted(reader) && !reader.isTired && (yield* namesTool(reader))) {
      reader.unread(mark)
      if (yield* attempt(reader, bareCalls)) continue
      yield* reader.take([mark])
    }
    reader.emit('text', dropped + mark)
  }
}

/** How objects of calls begin, and lists of them, up to the name. */
const OBJECTS = ['{', '{ ', '{\n  ', '{\n    '].flatMap((open) =>
  ['"name": "', '"name":"'].flatMap((key) => [`${open}${key}`, `[${open}${key}`]),
)

/** Whether the name of a tool comes next. */
function* namesTool(reader: AnswerReader): Reading<boolean> {
  const name = yield* peek(reader, (r) => r.characters((c) => c !== '"' && c !== '\n'))
  return reader.setup.tools.some((tool) => tool.function.name === name)
}

function* marked(reader: AnswerReader): Reading<boolean> {
  yield* reader.space()
  yield* reader.take([PYTHON_TAG, PYTHON_START])
  yield* reader.space()
  return yield* calls(reader)
}

/** One or more calls at the answer's beginning; what follows them is text. */
function* calls(reader: AnswerReader): Reading<boolean> {
  let count = 0
  while (yield* FUNCTION_TAG.read(reader)) count++
  if (count > 0) return true
  while (yield* attempt(reader, jsonObjectCall)) {
    count++
    yield* reader.space()
    yield* reader.take([';'])
    yield* reader.space()
  }
  if (count > 0 || reader.hasBegun) return count > 0
  const value = yield* reader.python()
  if (value.startsWith('[')) return reportAll(reader, pythonCalls(value))
  return value === '' ? yield* builtIn(reader) : false
}

/** An object with a name alone is a call only where a tool has this name: an answer in JSON may be about anything that has one. */
function* jsonObjectCall(reader: AnswerReader): Reading<boolean> {
  const members = jsonMembers(yield* reader.callObject({ name: 'name', args: ARGUMENT_KEYS }, '"\''))
  const call = members && memberCall(members)
  const isOffered = reader.setup.tools.some((tool) => tool.function.name === call?.name)
  if (!call || !(isOffered || hasArguments(members))) return false
  reader.call(call.name, call.args)
  return true
}

/** After <|python_tag|>: `brave_search.call(query="...")`. */
function* builtIn(reader: AnswerReader): Reading<boolean> {
  const name = yield* reader.characters((c) => /[\w.-]/.test(c))
  if (!name.endsWith('.call')) return false
  const { text: args, marker } = yield* reader.until([')\n', PYTHON_END])
  const source = marker === ')\n' ? `${args})` : args
  return reportAll(reader, pythonCalls(`[${name.slice(0, -'.call'.length)}${source.trim()}]`))
}

function reportAll(reader: AnswerReader, calls: { name: string; args: string }[] | undefined): boolean {
  for (const { name, args } of calls ?? []) reader.call(name, args)
  return calls !== undefined
}
