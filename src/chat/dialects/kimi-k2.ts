import { jsonObject } from './arguments.js'
import type { Dialect } from './dialect.js'
import { callSection, parserOf, textWithCalls, type AnswerReader, type Reading } from './reader.js'
import { endOf, reasoning, THINK } from './think.js'

const SECTION = '<|tool_calls_section_begin|>'
const SECTION_END = '<|tool_calls_section_end|>'
const CALL = '<|tool_call_begin|>'
const ARGUMENTS = '<|tool_call_argument_begin|>'
const CALL_END = '<|tool_call_end|>'

/**
 * Kimi K2 to K2.7: a section of calls, each with an id `functions.NAME:N` and JSON. N counts through the conversation; the
 * id has to come back with the tool's answer, so it is reported as it is.
 */
export const kimiK2: Dialect = {
  name: 'kimi-k2',
  markers: [THINK.open, THINK.close, SECTION, SECTION_END, CALL, ARGUMENTS, CALL_END],
  stopMarkers: ['<|im_end|>'],
  textStart: endOf(THINK),
  parser: (setup) =>
    parserOf(setup, function* (reader) {
      // Thinking sometimes goes over into calls without being closed.
      yield* reasoning(reader, THINK, [SECTION])
      yield* textWithCalls(reader, [SECTION, CALL], (marker) => callSection(reader, marker, CALL, SECTION_END, call))
    }),
  toolSyntax: () => ({
    before: SECTION,
    begin: (name, index) => `${CALL}functions.${name}:${index}${ARGUMENTS}`,
    argumentsAs: { kind: 'json' },
    end: CALL_END,
    between: '',
    after: SECTION_END,
    parallel: true,
    alsoBegin: [CALL],
  }),
}

function* call(reader: AnswerReader): Reading<boolean> {
  const id = (yield* reader.until([ARGUMENTS, CALL_END])).text.trim()
  yield* reader.space()
  const args = jsonObject(yield* reader.json())
  yield* reader.space()
  yield* reader.take([CALL_END])
  const name = /^(?:functions\.)?(.+?)(?::\d+)?$/s.exec(id)?.[1]
  if (name === undefined || args === undefined) return false
  reader.call(name, args, id)
  return true
}
