import { z } from 'zod'
import { messagesField, toolsField } from '../conversation.js'
import { ignoredFields } from '../ignored.js'
import { modelName } from '../request-fields.js'
import { effortSchema, promptFields, templateVariables } from '../template-options.js'

export const tokenizeSchema = z
  .strictObject({
    model: modelName,
    prompt: z.string().optional().describe('Text as it is.'),
    content: z.string().optional().describe('The same in the words of llama.cpp, where special tokens are not added.'),
    messages: messagesField.optional().describe('A conversation, rendered by the chat template; instead of prompt.'),
    tools: toolsField,
    ...promptFields,
    chat_template_kwargs: templateVariables,
    reasoning_effort: effortSchema.nullish(),
    add_special_tokens: z
      .boolean()
      .optional()
      .describe('With the tokens that the model wants around a text. Default: true.'),
    add_special: z.boolean().optional().describe('The same in the words of llama.cpp. Default: false.'),
    return_token_strs: z.boolean().default(false),
    ...ignoredFields('tokens'),
  })
  .meta({ title: 'TokenizeRequest' })

export const detokenizeSchema = z
  .strictObject({ model: modelName, tokens: z.array(z.int().min(0)), ...ignoredFields('tokens') })
  .meta({ title: 'DetokenizeRequest' })

export type TokenizeRequest = z.output<typeof tokenizeSchema>
export type DetokenizeRequest = z.output<typeof detokenizeSchema>
