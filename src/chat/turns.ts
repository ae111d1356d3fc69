import type { ChatMessage } from './message.js'

/**
 * A conversation whose turns alternate, for templates that insist on it: texts of one role in a row are one turn, what a user says
 * after a tool's result is a part of the result, and later messages of the system are the user's. Undefined where that changes
 * nothing.
 */
export function alternatingTurns(messages: readonly ChatMessage[]): ChatMessage[] | undefined {
  const turns: ChatMessage[] = []
  let changed = false
  for (const [i, message] of messages.entries()) {
    const isLater = i > 0 && isSystem(message) && turns.some((turn) => !isSystem(turn))
    const next: ChatMessage = isLater ? { role: 'user', content: message.content } : message
    const last = turns.at(-1)
    const joint = last && joined(last, next)
    if (joint) turns[turns.length - 1] = joint
    else turns.push(next)
    changed ||= isLater || joint !== undefined
  }
  return changed ? turns : undefined
}

function isSystem({ role }: ChatMessage): boolean {
  return role === 'system' || role === 'developer'
}

/** Both as one turn; undefined where they are none. */
export function joined(a: ChatMessage, b: ChatMessage): ChatMessage | undefined {
  const content = [a.content, b.content].filter((text) => text !== null && text !== '').join('\n\n')
  if (a.role === 'tool' && b.role === 'user') return { ...a, content }
  if (a.role !== b.role || a.role === 'tool') return undefined
  // Results belong to the calls before them: what follows calls is a turn of its own.
  if (a.tool_calls?.length) return undefined
  const thoughts = [a.reasoning_content, b.reasoning_content].filter((text) => text !== undefined && text !== '')
  return {
    ...a,
    ...b,
    content: content === '' ? (b.content ?? a.content) : content,
    ...(thoughts.length > 0 && { reasoning_content: thoughts.join('\n') }),
  }
}

/** Turns of one role in a row as one, as Anthropic's API has it. */
export function joinedTurns(messages: readonly ChatMessage[]): ChatMessage[] {
  const turns: ChatMessage[] = []
  for (const message of messages) {
    const last = turns.at(-1)
    const joint = last?.role === message.role && !isSystem(message) ? joined(last, message) : undefined
    if (joint) turns[turns.length - 1] = joint
    else turns.push(message)
  }
  return turns
}
