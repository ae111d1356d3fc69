import type { ChatMessage } from '../../src/chat/message.js'
import type { ChatAnswerOptions } from '../../src/remote/engine-like.js'
import type { PageEngine } from '../engine/line.js'

/** Of the context, what an answer gets at least. */
const RESERVE = 1 / 8

export interface Full {
  readonly needed: number
  readonly of: number
}

/** What is wanted and what there is, where a conversation and its answer do not fit the context; undefined where they do. */
export async function roomFor(
  engine: PageEngine,
  messages: readonly ChatMessage[],
  options: ChatAnswerOptions,
): Promise<Full | undefined> {
  const of = engine.info.contextLength
  const { tools, templateOptions, continueFinalMessage } = options
  // Where it cannot be told, the engine says it.
  const used = await engine.countChat(messages, { tools, templateOptions, continueFinalMessage }).catch(() => 0)
  const needed = used + Math.min(options.maxTokens ?? Infinity, Math.ceil(of * RESERVE))
  return needed > of ? { needed, of } : undefined
}
