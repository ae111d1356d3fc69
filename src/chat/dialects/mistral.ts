import { jsonCall, jsonObject } from './arguments.js'
import type { Dialect } from './dialect.js'
import { parserOf, textWithCalls, type AnswerReader, type Reading } from './reader.js'
import { endOf, reasoning, type ThinkTags } from './think.js'

const THINK: ThinkTags = { open: '[THINK]', close: '[/THINK]' }
const CALLS = '[TOOL_CALLS]'
const ID = '[CALL_ID]'
const ARGUMENTS = '[ARGS]'

/**
 * Mistral. Until 2024 (`list`): one marker and a JSON list of calls; later: a marker for each call, its name, its arguments,
 * and for some models an id between. Both are read by either; they differ in what a grammar has to make.
 */
function mistralDialect(name: string, list: boolean): Dialect {
  return {
    name,
    markers: [THINK.open, THINK.close, CALLS, ID, ARGUMENTS],
    textStart: endOf(THINK),
    parser: (setup) =>
      parserOf(setup, function* (reader) {
        yield* reasoning(reader, THINK)
        yield* textWithCalls(reader, [CALLS], () => calls(reader))
      }),
    toolSyntax: () => ({
      before: list ? `${CALLS}[` : '',
      begin: (tool) => (list ? `{"name": ${JSON.stringify(tool)}, "arguments": ` : `${CALLS}${tool}${ARGUMENTS}`),
      argumentsAs: { kind: 'json' },
      end: list ? '}' : '',
      between: list ? ', ' : '',
      after: list ? ']' : '',
      parallel: true,
    }),
  }
}

export const mistralList = mistralDialect('mistral-list', true)
export const mistral = mistralDialect('mistral', false)

function* calls(reader: AnswerReader): Reading<boolean> {
  yield* reader.space()
  if ((yield* reader.take(['['])) !== undefined) return yield* listed(reader)
  const name = (yield* reader.characters((c) => !/[\s[{]/.test(c))).trim()
  let id: string | undefined
  if ((yield* reader.take([ID, ARGUMENTS])) === ID) id = (yield* reader.until([ARGUMENTS])).text.trim()
  yield* reader.space()
  const args = jsonObject(yield* reader.json())
  if (name === '' || args === undefined) return false
  reader.call(name, args, id)
  return true
}

/** Behind the list's bracket. */
function* listed(reader: AnswerReader): Reading<boolean> {
  for (let count = 0; ; count++) {
    yield* reader.space()
    const call = jsonCall(yield* reader.json())
    if (!call) return count > 0
    reader.call(call.name, call.args, call.id)
    yield* reader.space()
    const next = yield* reader.take([',', ']'])
    reader.record('')
    if (next !== ',') return true
  }
}
