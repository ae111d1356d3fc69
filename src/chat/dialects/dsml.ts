import type { Dialect } from './dialect.js'
import { blockBegin, invocations, invokeSyntax, type InvokeTags } from './invoke.js'
import { parserOf, textWithCalls } from './reader.js'
import { endOf, reasoning, THINK } from './think.js'

const MARK = '｜DSML｜'

/** DeepSeek V3.2 and later: tags with a mark that no text holds; parameters say whether they are strings. */
function dsmlDialect(name: string, tags: InvokeTags): Dialect {
  return {
    name,
    markers: [THINK.open, THINK.close, MARK],
    textStart: endOf(THINK),
    parser: (setup) =>
      parserOf(setup, function* (reader) {
        yield* reasoning(reader, THINK)
        yield* textWithCalls(reader, [blockBegin(tags)], () => invocations(reader, tags))
      }),
    toolSyntax: () => invokeSyntax(tags, '\n\n'),
  }
}

export const dsmlV32 = dsmlDialect('dsml-v3.2', { prefix: MARK, block: 'function_calls', typed: true })
export const dsmlV4 = dsmlDialect('dsml-v4', { prefix: MARK, block: 'tool_calls', typed: true })
/** V4.1 puts a space behind the mark. */
export const dsmlV41 = dsmlDialect('dsml-v4.1', { prefix: `${MARK} `, block: 'calls', typed: true })
