/** Prompts that would hold up others: how long they may be, and where long ones are made. */
import type { ChatMessage } from '../../chat/message.js'
import { UserError } from '../../errors.js'
import { Pauses } from '../../grammar/pauses.js'
import type { Tokenizer } from '../../tokenizer/tokenizer.js'
import type { PromptOptions } from '../options.js'

/** Characters that take some ten milliseconds. */
const LONG = 16_384
/** What a message costs a template besides its text, in characters. */
const PER_MESSAGE = 64
/** Names of special tokens are as long as this, which their ids do not tell. */
const SPECIAL_NAME = 64

export function isLong(text: string): boolean {
  return text.length > LONG
}

/** Whether the prompt of a conversation is, with all that its template goes through. */
export function isLongChat(messages: readonly ChatMessage[], { tools, templateOptions }: PromptOptions): boolean {
  let size = sizeOfChat(messages)
  if (size <= LONG && tools) size += JSON.stringify(tools).length
  if (size <= LONG && templateOptions) size += JSON.stringify(templateOptions).length
  return size > LONG
}

/** How much a conversation is to work on, in characters. */
export function sizeOfChat(messages: readonly ChatMessage[]): number {
  return charactersOf(messages) + messages.length * PER_MESSAGE
}

/** Characters of the texts of a conversation. */
export function charactersOf(messages: readonly ChatMessage[]): number {
  return messages.reduce((sum, { content }) => sum + (content?.length ?? 0), 0)
}

const longest = new WeakMap<Tokenizer, Promise<number>>()

/**
 * Refuses unread what cannot fit, whatever its tokens are.
 * @param characters of a text, of which a token has no more than bytes
 * @throws UserError context_length_exceeded
 */
export async function checkCharacters(characters: number, tokenizer: Tokenizer, contextLength: number): Promise<void> {
  // Most tokens have a character or more of their own.
  if (characters <= Math.max(LONG, contextLength)) return
  let known = longest.get(tokenizer)
  if (!known) longest.set(tokenizer, (known = longestToken(tokenizer)))
  const least = Math.ceil(characters / (await known))
  if (least <= contextLength) return
  const found = `the prompt has ${characters} characters, ${least} tokens at least`
  throw new UserError(
    `${found}, but the context holds ${contextLength}; shorten the prompt or the conversation`,
    'context_length_exceeded',
    { length: { tokens: least, limit: contextLength } },
  )
}

/** Bytes of the longest token, looked for in slices. */
async function longestToken(tokenizer: Tokenizer): Promise<number> {
  const pauses = new Pauses()
  let most = SPECIAL_NAME
  for (let id = 0; id < tokenizer.vocabSize; id++) {
    most = Math.max(most, tokenizer.bytesOf(id)?.length ?? 0)
    if ((id & 255) === 0) await pauses.breathe()
  }
  return most
}
