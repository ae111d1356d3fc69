import type { Dialect } from './dialect.js'
import { invocations, invokeSyntax, type InvokeTags } from './invoke.js'
import { parserOf, textWithCalls } from './reader.js'
import { endOf, reasoning, THINK } from './think.js'

const BEGIN = '<minimax:tool_call>'
const END = '</minimax:tool_call>'
const TAGS: InvokeTags = { prefix: '', block: 'minimax:tool_call', typed: false }

/** MiniMax M2: a block of invocations; the tools' schemas say which parameters are strings. */
export const minimax: Dialect = {
  name: 'minimax-m2',
  markers: [THINK.open, THINK.close, BEGIN, END],
  stopMarkers: ['[e~['],
  textStart: endOf(THINK),
  parser: (setup) =>
    parserOf(setup, function* (reader) {
      yield* reasoning(reader, THINK)
      yield* textWithCalls(reader, [BEGIN], () => invocations(reader, TAGS))
    }),
  toolSyntax: () => invokeSyntax(TAGS, '\n'),
}
