import { z } from 'zod'
import { otherThan } from '../other-type.js'
import { modelName } from '../request-fields.js'

/** What clients mark for the provider's cache; here every prefix is cached. */
const cache_control = z.unknown().optional()
const textBlock = z.object({ type: z.literal('text'), text: z.string(), cache_control })
const textContent = z.union([z.string(), z.array(z.union([textBlock, otherThan('text')]))])

const block = z.union([
  textBlock,
  z.object({ type: z.literal('thinking'), thinking: z.string(), signature: z.string().optional() }),
  z.object({
    type: z.literal('tool_use'),
    id: z.string(),
    name: z.string().min(1),
    input: z.record(z.string(), z.unknown()),
    cache_control,
  }),
  z.object({
    type: z.literal('tool_result'),
    tool_use_id: z.string(),
    content: textContent.optional(),
    is_error: z.boolean().nullish(),
    cache_control,
  }),
  otherThan('text', 'thinking', 'tool_use', 'tool_result'),
])

const conversationFields = {
  model: modelName,
  messages: z
    .array(z.object({ role: z.enum(['user', 'assistant']), content: z.union([z.string(), z.array(block)]) }))
    .min(1)
    .max(10_000),
  system: textContent.optional(),
  tools: z
    .array(
      z.object({
        type: z.string().nullish(),
        name: z.string().regex(/^[\w.-]{1,128}$/, 'expected letters, digits, _, - and ., at most 128'),
        description: z.string().optional(),
        input_schema: z.record(z.string(), z.unknown()).optional(),
        strict: z.boolean().nullish(),
        cache_control,
      }),
    )
    .optional(),
  tool_choice: z
    .object({
      type: z.enum(['auto', 'any', 'tool', 'none']),
      name: z.string().optional(),
      disable_parallel_tool_use: z.boolean().optional(),
    })
    .optional(),
  thinking: z
    .object({
      type: z.enum(['enabled', 'disabled', 'adaptive']),
      budget_tokens: z.int().min(1).optional().describe('Not enforced: max_tokens counts thinking too.'),
      display: z.string().nullish(),
    })
    .optional()
    .describe('Given to the chat template as enable_thinking; left out, the template decides.'),
  cache_control,
}

export const messagesSchema = z
  .strictObject({
    ...conversationFields,
    max_tokens: z.int().min(1),
    stream: z.boolean().optional(),
    stop_sequences: z.array(z.string().min(1)).max(16).optional(),
    temperature: z.number().min(0).max(100).optional(),
    top_p: z.number().min(0).max(1).optional(),
    top_k: z.int().min(0).optional(),
    metadata: z.object({ user_id: z.string().nullish() }).optional(),
    service_tier: z.string().optional(),
  })
  .meta({ title: 'MessagesRequest' })

export const countTokensSchema = z.strictObject(conversationFields).meta({ title: 'CountTokensRequest' })

export type MessagesRequest = z.output<typeof messagesSchema>
export type MessagesConversation = z.output<typeof countTokensSchema>
