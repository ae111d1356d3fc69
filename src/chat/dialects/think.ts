import type { Dialect } from './dialect.js'
import { parserOf, type AnswerReader, type Reading } from './reader.js'

/** The tags of a reasoning block. */
export interface ThinkTags {
  readonly open: string
  readonly close: string
}

export const THINK: ThinkTags = { open: '<think>', close: '</think>' }

/** `<think>` ... `</think>` before the answer; the prompt may have opened it. No calls. */
export const think: Dialect = {
  name: 'think',
  markers: [THINK.open, THINK.close],
  parser: (setup) => parserOf(setup, (reader) => reasoning(reader, THINK)),
  textStart: endOf(THINK),
}

/**
 * Reads the reasoning at the answer's beginning, if there is any. White space around the tags belongs to neither side.
 * `endedBy`: markers that end the reasoning too, and are read next.
 */
export function* reasoning(reader: AnswerReader, tags: ThinkTags, endedBy: readonly string[] = []): Reading {
  const opened = promptOpens(reader.setup.prompt, tags)
  const space = yield* reader.space()
  const tag = yield* reader.take([tags.open])
  if (!opened && tag === undefined) {
    reader.unread(space)
    return
  }
  yield* reader.space()
  const end = yield* reader.say('reasoning', [tags.close, ...endedBy])
  if (end === tags.close) yield* reader.space()
  else if (end !== undefined) reader.unread(end)
}

/** A dialect's textStart: what ends the reasoning that the prompt opened, if it did. */
export function endOf(tags: ThinkTags): (prompt: string) => string | undefined {
  return (prompt) => (promptOpens(prompt, tags) ? tags.close : undefined)
}

/** True where a rendered prompt ends inside of a reasoning block. */
export function promptOpens(prompt: string, tags: ThinkTags): boolean {
  return prompt.trimEnd().endsWith(tags.open)
}
