/** Models that follow a script, for agents: one answer for each step. */
import type { Engine } from '../../src/engine/engine.js'
import type { ChatMessage } from '../../src/chat/message.js'
import { callText, scriptedEngine } from '../server/scripted.js'

export { callText, scriptedEngine }

/** The engine says these, one after the other, and the last one from then on. */
export function answering(...answers: readonly string[]): Engine {
  return scriptedEngine((prompt) => {
    if (typeof prompt === 'string') return ''
    const said = prompt.messages.filter(({ role }) => role === 'assistant').length
    return answers[Math.min(said, answers.length - 1)] ?? ''
  })
}

/** Contents of the tools' messages. */
export function resultsOf(messages: readonly ChatMessage[]): (string | null)[] {
  return messages.filter(({ role }) => role === 'tool').map(({ content }) => content)
}
