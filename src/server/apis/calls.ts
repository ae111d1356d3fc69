import type { ChatMessage } from '../../chat/message.js'
import type { AnswerOptions, ChatAnswerOptions } from '../../remote/engine-like.js'
import type { StartAnswer } from '../admission/request.js'

/** A conversation with what its template gets. */
export interface ChatCall {
  readonly messages: readonly ChatMessage[]
  readonly options: Omit<ChatAnswerOptions, 'signal'>
}

export function startChat({ messages, options }: ChatCall): StartAnswer {
  return (engine, given) => engine.chat(messages, { ...options, ...given })
}

/** @param prompt text, or token ids */
export function startCompletion(prompt: string | readonly number[], options: AnswerOptions): StartAnswer {
  return (engine, given) =>
    typeof prompt === 'string'
      ? engine.complete(prompt, { ...options, ...given })
      : engine.generate(prompt, { ...options, ...given })
}
