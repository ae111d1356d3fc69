import type { ChatMessage } from '../chat/message.js'
import { sizeOfChat } from '../engine/answer/long-prompts.js'
import type { LongPrompts, MadePrompt, PromptOptions } from '../engine/options.js'
import { UserError } from '../errors.js'
import type { EncodeOptions } from '../tokenizer/tokenizer.js'
import { WorkLost, WorkThread } from './node-work-thread.js'
import type { SentModel } from './protocol.js'
import { receivedError, type SentError } from './sent-error.js'

type PromptThread = WorkThread<PromptAsk, SentPrompt, SentError>

/** What the thread is asked. */
export type PromptAsk =
  | { readonly kind: 'chat'; readonly messages: readonly ChatMessage[]; readonly options: PromptOptions }
  | { readonly kind: 'encode'; readonly text: string; readonly options: EncodeOptions }
export interface SentPrompt {
  readonly text: string
  readonly ids: Int32Array
}

/** Longer prompts have a thread of their own, so that the others do not wait for minutes of work. */
const VERY_LONG = 262_144
/** No text takes so long that is worth it. */
const PATIENCE_MS = 60_000
/** Makes long prompts in threads of their own, which read the model's tokenizer and template when they are first needed. */
export class PromptThreads implements LongPrompts {
  private readonly long: PromptThread
  private readonly veryLong: PromptThread

  constructor(
    model: SentModel,
    file: URL = new URL('./node-prompt-worker.js', import.meta.url),
    patienceMs = PATIENCE_MS,
  ) {
    const options = { file, data: model, patienceMs, errorOf: receivedError }
    this.long = new WorkThread(options)
    this.veryLong = new WorkThread(options)
  }

  chat(messages: readonly ChatMessage[], options: PromptOptions, signal?: AbortSignal): Promise<MadePrompt> {
    return this.make({ kind: 'chat', messages, options }, sizeOfChat(messages), signal)
  }

  async encode(text: string, options: EncodeOptions, signal?: AbortSignal): Promise<readonly number[]> {
    return (await this.make({ kind: 'encode', text, options }, text.length, signal)).ids
  }

  async close(): Promise<void> {
    await Promise.all([this.long.close(), this.veryLong.close()])
  }

  /** The shortest of those that wait come first. */
  private async make(ask: PromptAsk, size: number, signal: AbortSignal | undefined): Promise<MadePrompt> {
    const thread = size > VERY_LONG ? this.veryLong : this.long
    try {
      const { text, ids } = await thread.do(ask, size, signal)
      return { text, ids: Array.from(ids) }
    } catch (error) {
      throw error instanceof WorkLost ? lossOf(error, size) : error
    }
  }
}

function lossOf({ why, message }: WorkLost, size: number): Error {
  switch (why) {
    case 'slow':
      return new UserError(
        `a text of ${size} characters takes too long to be made tokens; send less`,
        'invalid_argument',
      )
    case 'cancelled':
      return new UserError('the answer was cancelled', 'aborted')
    case 'closed':
      return new UserError('the engine is closed; load the model again', 'invalid_argument')
    default:
      return new Error(`internal error: the thread of long prompts ended: ${message}`)
  }
}
