import { z } from 'zod'
import { messagesField, toolsField } from '../conversation.js'
import { modelName, tokenIds } from '../request-fields.js'
import { effortSchema, templateVariables } from '../template-options.js'

export const tokenizeSchema = z
  .strictObject({
    model: modelName,
    prompt: z.string().optional().describe('Text as it is.'),
    messages: messagesField.optional().describe('A conversation, rendered by the chat template; instead of prompt.'),
    tools: toolsField,
    chat_template_kwargs: templateVariables,
    reasoning_effort: effortSchema.nullish(),
    add_special_tokens: z.boolean().default(true).describe('With the tokens that the model wants around a text.'),
    return_token_strs: z.boolean().default(false),
  })
  .meta({ title: 'TokenizeRequest' })

export const detokenizeSchema = z
  .strictObject({ model: modelName, tokens: tokenIds })
  .meta({ title: 'DetokenizeRequest' })

export type TokenizeRequest = z.output<typeof tokenizeSchema>
export type DetokenizeRequest = z.output<typeof detokenizeSchema>
