import { argumentTypes, objectText, typedValue } from './arguments.js'
import type { Dialect } from './dialect.js'
import { parserOf, textWithCalls, type AnswerReader, type Reading } from './reader.js'
import { endOf, reasoning } from './think.js'

/** The tags of a family, all with one prefix. */
function tagsOf(prefix: string) {
  const pair = (name: string): { open: string; close: string } => ({
    open: `<${prefix}${name}>`,
    close: `</${prefix}${name}>`,
  })
  return { think: pair('think'), call: pair('tool_call'), key: pair('arg_key'), value: pair('arg_value') }
}

type Tags = ReturnType<typeof tagsOf>

/**
 * GLM 4.5 and later, and LongCat: the function's name, then keys and values in tags of their own; strings are raw text, all
 * else is JSON. 4.5 and 4.6 put each on a line (`lines`), later ones do not.
 */
function argumentTags(name: string, prefix: string, lines: boolean, stopMarkers: readonly string[]): Dialect {
  const tags = tagsOf(prefix)
  const { think, call, key, value } = tags
  const line = lines ? '\n' : ''
  return {
    name,
    markers: [think, call, key, value].flatMap(({ open, close }) => [open, close]),
    stopMarkers,
    textStart: endOf(think),
    parser: (setup) =>
      parserOf(setup, function* (reader) {
        yield* reasoning(reader, think)
        yield* textWithCalls(reader, [call.open], () => block(reader, tags))
      }),
    toolSyntax: () => ({
      before: '',
      begin: (tool) => `${call.open}${tool}${line}`,
      argumentsAs: {
        kind: 'tagged',
        begin: (argument) => `${key.open}${argument}${key.close}${line}${value.open}`,
        end: () => `${value.close}${line}`,
        between: '',
        strings: 'raw',
      },
      end: call.close,
      between: line,
      after: '',
      parallel: true,
    }),
  }
}

const GLM_ENDS = ['<|endoftext|>', '<|user|>', '<|observation|>']

export const glm45 = argumentTags('glm-4.5', '', true, GLM_ENDS)
export const glm47 = argumentTags('glm-4.7', '', false, GLM_ENDS)
export const longcat = argumentTags('longcat', 'longcat_', true, [])

function* block(reader: AnswerReader, { call, key, value }: Tags): Reading<boolean> {
  const head = yield* reader.until([key.open, call.close])
  const name = head.text.trim()
  const entries: [string, string][] = []
  let next = head.marker
  while (next === key.open) {
    const argument = (yield* reader.until([key.close])).text.trim()
    yield* reader.space()
    if ((yield* reader.take([value.open])) === undefined) return false
    const raw = yield* reader.until([value.close])
    if (raw.marker === undefined) return false
    entries.push([argument, typedValue(raw.text, argumentTypes(reader.setup.tools, name, argument), 'json')])
    yield* reader.space()
    next = yield* reader.take([key.open, call.close])
  }
  if (next === undefined || !/^[^\s<>{}]+$/.test(name)) return false
  reader.call(name, objectText(entries))
  return true
}
