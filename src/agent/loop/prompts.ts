import type { ChatMessage } from '../../chat/message.js'
import type { GrammarSpec } from '../../grammar/spec.js'
import type { RunSetup } from './setup.js'

/**
 * What an answer has to look like; undefined where it is free.
 * @param last no call may be made any more, though the tools stay in the prompt, whose prefix is in the cache
 */
export function grammarOf({ definitions, outputSchema, strict }: RunSetup, last: boolean): GrammarSpec | undefined {
  if (definitions.length === 0) return outputSchema && { kind: 'json-schema', schema: outputSchema }
  if (!strict && !outputSchema && !last) return undefined
  const spec = { kind: 'tool-calls', tools: definitions, must: false, none: last, parallel: true } as const
  return outputSchema ? { ...spec, orJson: outputSchema } : spec
}

/** Results of this many characters are not worth to be left out. */
const SHORT = 200

/** Leaves out the text of the oldest long result, and keeps the pairs of calls and results. False: there is none. */
export function withoutOldResults(messages: ChatMessage[]): boolean {
  const at = messages.findIndex(({ role, content }) => role === 'tool' && (content?.length ?? 0) > SHORT)
  const found = messages[at]
  if (!found) return false
  const length = found.content?.length ?? 0
  messages[at] = { ...found, content: `[${length} characters of this result were left out to make room]` }
  return true
}
