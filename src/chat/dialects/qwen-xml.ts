import { argumentTypes, objectText, typedValue } from './arguments.js'
import type { Dialect } from './dialect.js'
import { hermesCall } from './hermes.js'
import { parserOf, textWithCalls, type AnswerReader, type Reading } from './reader.js'
import { endOf, reasoning, THINK } from './think.js'

const BEGIN = '<tool_call>'
const END = '</tool_call>'
const FUNCTION = '<function='
const FUNCTION_END = '</function>'
const PARAMETER = '<parameter='
const PARAMETER_END = '</parameter>'

/**
 * Qwen3-Coder, Qwen3.5 and later, Nemotron 3, Step 3.5: tags for the function and for each parameter, whose values are raw
 * text. The tools' schemas say which of them are strings.
 */
export const qwenXml: Dialect = {
  name: 'qwen-xml',
  markers: [THINK.open, THINK.close, BEGIN, END],
  textStart: endOf(THINK),
  parser: (setup) =>
    parserOf(setup, function* (reader) {
      yield* reasoning(reader, THINK)
      // The outer tag is sometimes left out.
      yield* textWithCalls(reader, [BEGIN, FUNCTION], (marker) => block(reader, marker))
    }),
  toolSyntax: () => ({
    before: '',
    begin: (name) => `${BEGIN}\n${FUNCTION}${name}>\n`,
    argumentsAs: {
      kind: 'tagged',
      begin: (key) => `${PARAMETER}${key}>\n`,
      end: () => `\n${PARAMETER_END}\n`,
      between: '',
      strings: 'raw',
    },
    end: `${FUNCTION_END}\n${END}`,
    between: '\n',
    after: '',
    parallel: true,
    alsoBegin: [FUNCTION],
  }),
}

function* block(reader: AnswerReader, marker: string): Reading<boolean> {
  if (marker === BEGIN) {
    yield* reader.space()
    if ((yield* reader.take([FUNCTION])) === undefined) return yield* hermesCall(reader)
  }
  const { text: name, marker: found } = yield* reader.until(['>', '\n'])
  if (found !== '>') return false
  const entries: [string, string][] = []
  for (;;) {
    yield* reader.space()
    const next = yield* reader.take([PARAMETER, FUNCTION_END, END])
    if (next !== PARAMETER) {
      // The answer may end, or the outer tag close, without the inner one.
      if (next === FUNCTION_END) {
        yield* reader.space()
        yield* reader.take([END])
      } else if (next === undefined) return false
      reader.call(name.trim(), objectText(entries))
      return true
    }
    const key = yield* reader.until(['>', '\n'])
    const value = yield* reader.until([PARAMETER_END])
    if (key.marker !== '>' || value.marker === undefined) return false
    const raw = value.text.replace(/^\n/, '').replace(/\n$/, '')
    entries.push([key.text, typedValue(raw, argumentTypes(reader.setup.tools, name.trim(), key.text), 'string')])
  }
}
