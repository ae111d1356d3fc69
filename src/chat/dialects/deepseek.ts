import { jsonObject } from './arguments.js'
import type { Dialect } from './dialect.js'
import { callSection, parserOf, textWithCalls, type AnswerReader, type Reading } from './reader.js'
import { endOf, reasoning, THINK } from './think.js'

const SECTION = '<｜tool▁calls▁begin｜>'
const SECTION_END = '<｜tool▁calls▁end｜>'
const CALL = '<｜tool▁call▁begin｜>'
const SEPARATOR = '<｜tool▁sep｜>'
const CALL_END = '<｜tool▁call▁end｜>'
const FENCE = '```json\n'

/**
 * DeepSeek V3, R1 and its distillations write `function`, the separator, the name, and JSON in a code fence; V3.1 writes the
 * name, the separator and JSON. Both are read by either; they differ in what a grammar has to make.
 */
function deepseekDialect(name: string, fenced: boolean): Dialect {
  return {
    name,
    markers: [THINK.open, THINK.close, SECTION, SECTION_END, CALL, SEPARATOR, CALL_END],
    textStart: endOf(THINK),
    parser: (setup) =>
      parserOf(setup, function* (reader) {
        yield* reasoning(reader, THINK)
        yield* textWithCalls(reader, [SECTION, CALL], (marker) => callSection(reader, marker, CALL, SECTION_END, call))
      }),
    toolSyntax: () => ({
      before: SECTION,
      begin: (tool) => (fenced ? `${CALL}function${SEPARATOR}${tool}\n${FENCE}` : `${CALL}${tool}${SEPARATOR}`),
      argumentsAs: { kind: 'json' },
      end: fenced ? `\n\`\`\`${CALL_END}` : CALL_END,
      between: fenced ? '\n' : '',
      after: SECTION_END,
      parallel: true,
      alsoBegin: [CALL],
    }),
  }
}

export const deepseekV3 = deepseekDialect('deepseek-v3', true)
export const deepseekV31 = deepseekDialect('deepseek-v3.1', false)

function* call(reader: AnswerReader): Reading<boolean> {
  const head = yield* reader.until([SEPARATOR, CALL_END])
  if (head.marker !== SEPARATOR) return false
  yield* reader.space()
  let name = head.text.trim()
  let body = yield* reader.json()
  if (body === '') {
    name = (yield* reader.until(['\n', CALL_END])).text.trim()
    yield* reader.space()
    yield* reader.take(['```json', '```'])
    yield* reader.space()
    body = yield* reader.json()
    yield* reader.space()
    yield* reader.take(['```'])
  }
  yield* reader.space()
  yield* reader.take([CALL_END])
  const args = jsonObject(body)
  if (name === '' || args === undefined) return false
  reader.call(name, args)
  return true
}
