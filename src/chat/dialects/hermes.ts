import { jsonCall } from './arguments.js'
import type { Dialect } from './dialect.js'
import { parserOf, textWithCalls, type AnswerReader, type Reading } from './reader.js'
import { endOf, reasoning, THINK } from './think.js'

const BEGIN = '<tool_call>'
const END = '</tool_call>'

/** Qwen2.5, Qwen3 and many others: `<tool_call>` with a JSON object of name and arguments. NousResearch's Hermes. */
export const hermes: Dialect = {
  name: 'hermes',
  markers: [THINK.open, THINK.close, BEGIN, END],
  textStart: endOf(THINK),
  parser: (setup) =>
    parserOf(setup, function* (reader) {
      yield* reasoning(reader, THINK)
      yield* textWithCalls(reader, [BEGIN], () => hermesCall(reader))
    }),
  toolSyntax: () => ({
    before: '',
    begin: (name) => `${BEGIN}\n{"name": ${JSON.stringify(name)}, "arguments": `,
    argumentsAs: { kind: 'json' },
    end: `}\n${END}`,
    between: '\n',
    after: '',
    parallel: true,
  }),
}

/** Behind the opening tag. An answer may end without the closing one. */
export function* hermesCall(reader: AnswerReader): Reading<boolean> {
  yield* reader.space()
  const call = jsonCall(yield* reader.json())
  yield* reader.space()
  yield* reader.take([END])
  if (!call) return false
  reader.call(call.name, call.args)
  return true
}
