/** Conversations as prompts. */
import type { ChatMessage } from '../../chat/message.js'
import type { PromptSegment } from '../../chat/prompt.js'
import { UserError } from '../../errors.js'
import { EXPECTED_TOKENIZER } from '../../tokenizer/load.js'
import type { Tokenizer } from '../../tokenizer/tokenizer.js'
import type { ChatOptions } from '../options.js'
import { checkPrompt } from '../prompt.js'
import type { SessionModel } from './model.js'

/** The prompt that the chat template makes, as text and as ids. @throws UserError invalid_template. */
export function renderChat(
  model: Pick<SessionModel, 'name' | 'template' | 'tokenizer'>,
  messages: readonly ChatMessage[],
  { tools, templateOptions: extra }: Pick<ChatOptions, 'tools' | 'templateOptions'>,
): { text: string; ids: number[] } {
  const { template, name } = model
  if (!template) {
    throw new UserError(`${name} has no chat template`, 'invalid_template', { remedies: [{ option: 'raw' }] })
  }
  if (messages.length === 0) checkPrompt([], 0)
  const options = { addGenerationPrompt: true, ...(tools && { tools }), ...(extra && { extra }) }
  const text = template.render([...messages], options)
  // The template wrote the special tokens, the first one included.
  const pieces = template.segments?.([...messages], options) ?? [{ text, special: true }]
  const tokenizer = requireTokenizer(model)
  const encode = ({ text, special }: PromptSegment): number[] =>
    tokenizer.encode(text, { addSpecial: false, parseSpecial: special })
  return { text, ids: pieces.flatMap(encode) }
}

/** @throws UserError invalid_tokenizer when the checkpoint has none. */
export function requireTokenizer(model: { name: string; tokenizer: Tokenizer | undefined }): Tokenizer {
  if (model.tokenizer) return model.tokenizer
  throw new UserError(`${model.name} has no tokenizer: ${EXPECTED_TOKENIZER}`, 'invalid_tokenizer', {
    remedies: [{ option: 'ids', value: '1,2,3' }],
  })
}
