import { z } from 'zod'
import { chatSchema } from '../openai/chat-schema.js'
import { tokenIds } from '../openai/completion-schema.js'
import { modelName } from '../sampling-schema.js'

const { messages, tools, chat_template_kwargs, reasoning_effort } = chatSchema.shape

export const tokenizeSchema = z
  .strictObject({
    model: modelName,
    prompt: z.string().optional().describe('Text as it is.'),
    messages: messages.optional().describe('A conversation, rendered by the chat template; instead of prompt.'),
    tools,
    chat_template_kwargs,
    reasoning_effort,
    add_special_tokens: z.boolean().default(true).describe('With the tokens that the model wants around a text.'),
    return_token_strs: z.boolean().default(false),
  })
  .meta({ title: 'TokenizeRequest' })

export const detokenizeSchema = z
  .strictObject({ model: modelName, tokens: tokenIds })
  .meta({ title: 'DetokenizeRequest' })

export type TokenizeRequest = z.output<typeof tokenizeSchema>
export type DetokenizeRequest = z.output<typeof detokenizeSchema>
