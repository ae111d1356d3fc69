/** Prompts of conversations and of texts: made here, or elsewhere where they are long. */
import type { ChatMessage } from '../../chat/message.js'
import type { MadePrompt, PromptOptions } from '../options.js'
import { charactersOf, checkCharacters, isLong, isLongChat } from './long-prompts.js'
import type { SessionModel } from './model.js'
import { renderChat, requireTokenizer } from './render.js'

/** @throws UserError invalid_template, invalid_tokenizer, context_length_exceeded for what cannot fit */
export async function chatPrompt(
  model: SessionModel,
  messages: readonly ChatMessage[],
  options: PromptOptions,
  signal: AbortSignal,
): Promise<MadePrompt> {
  const { tokenizer, longPrompts, shared } = model
  if (tokenizer) await checkCharacters(charactersOf(messages), tokenizer, shared.contextLength)
  if (!longPrompts || !isLongChat(messages, options)) return renderChat(model, messages, options)
  const { tools, templateOptions, continueFinalMessage, addGenerationPrompt } = options
  const sent = { tools, templateOptions, continueFinalMessage, addGenerationPrompt }
  return longPrompts.chat(messages, sent, signal)
}

/** @throws UserError invalid_tokenizer, context_length_exceeded for what cannot fit */
export async function textPrompt(model: SessionModel, text: string, signal: AbortSignal): Promise<readonly number[]> {
  const tokenizer = requireTokenizer(model)
  await checkCharacters(text.length, tokenizer, model.shared.contextLength)
  const options = { addSpecial: true, parseSpecial: true }
  return model.longPrompts && isLong(text)
    ? model.longPrompts.encode(text, options, signal)
    : tokenizer.encode(text, options)
}
