import type { ChatMessage } from '../../src/chat/message.js'
import type { ChatAnswerOptions } from '../../src/remote/engine-like.js'
import { NUMBERS } from '../storage/numbers.js'
import type { Attachment, Conversation, Message, Settings } from '../storage/types.js'

/** What is sent of a path: the system prompt, and the messages that are not dropped. */
export function promptOf(
  path: readonly Message[],
  { settings, sentAfter }: Pick<Conversation, 'settings' | 'sentAfter'>,
) {
  const from = path.findIndex(({ id }) => id === sentAfter) + 1
  const system: ChatMessage[] = settings.system?.trim() ? [{ role: 'system', content: settings.system }] : []
  return [...system, ...path.slice(from).filter(isSaid).map(sent)]
}

/** An answer that was never begun is nothing that was said. */
function isSaid({ role, text, calls = [] }: Message): boolean {
  return role !== 'assistant' || text !== '' || calls.length > 0
}

function sent({ role, text, files = [], calls = [], callId }: Message): ChatMessage {
  if (role === 'tool') return { role, content: text, tool_call_id: callId }
  if (role === 'user') return { role, content: withFiles(text, files) }
  const called = calls.map(({ id, name, arguments: given }) => ({
    id,
    type: 'function' as const,
    function: { name, arguments: given },
  }))
  return { role, content: text, ...(called.length > 0 && { tool_calls: called }) }
}

/** Files stand before the question, each in a fence that is longer than any in it. */
export function withFiles(text: string, files: readonly Attachment[]): string {
  const blocks = files.map((file) => {
    const longest = Math.max(2, ...[...file.text.matchAll(/`+/g)].map(([ticks]) => ticks.length))
    const fence = '`'.repeat(longest + 1)
    return `${file.name}:\n${fence}\n${file.text}\n${fence}\n\n`
  })
  return blocks.join('') + text
}

/** The engine's options for these settings. @throws SyntaxError where the schema or the tools are no JSON */
export function optionsOf(settings: Settings): ChatAnswerOptions {
  const { schema, tools, thinking } = settings
  return {
    ...Object.fromEntries(NUMBERS.map(({ name }) => [name, settings[name]])),
    callPieces: true,
    ...(schema?.trim() && { grammar: { kind: 'json-schema', schema: JSON.parse(schema) as unknown } }),
    ...(tools?.trim() && { tools: JSON.parse(tools) as NonNullable<ChatAnswerOptions['tools']> }),
    ...(thinking !== undefined && { templateOptions: { enable_thinking: thinking } }),
  }
}
