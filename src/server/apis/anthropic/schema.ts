import { z } from 'zod'
import { ignoredFields } from '../ignored.js'
import { otherThan } from '../other-type.js'
import { modelName, stopStrings } from '../request-fields.js'
import { toolName } from '../tool-calls.js'

/** What clients mark for the provider's cache; here every prefix is cached. */
const cache_control = z.unknown().optional()
const textBlock = z.object({ type: z.literal('text'), text: z.string(), cache_control })
const textContent = z.union([z.string(), z.array(z.union([textBlock, otherThan('text')]))])

/** A text with a title, as a document or as what a search found. */
const documentBlock = z.object({
  type: z.literal('document'),
  source: z.union([
    z.object({ type: z.literal('text'), data: z.string() }),
    z.object({ type: z.literal('content'), content: textContent }),
    otherThan('text', 'content'),
  ]),
  title: z.string().nullish(),
  context: z.string().nullish(),
})
const searchBlock = z.object({
  type: z.literal('search_result'),
  source: z.string(),
  title: z.string(),
  content: z.array(z.object({ type: z.literal('text'), text: z.string() })),
})

const block = z.union([
  textBlock,
  documentBlock,
  searchBlock,
  z.object({ type: z.literal('thinking'), thinking: z.string(), signature: z.string().optional() }),
  z.object({
    type: z.literal('tool_use'),
    id: z.string(),
    name: z.string().min(1),
    input: z.record(z.string(), z.unknown()).default({}),
    cache_control,
  }),
  z.object({
    type: z.literal('tool_result'),
    tool_use_id: z.string(),
    content: z
      .union([
        z.string(),
        z.array(z.union([textBlock, documentBlock, searchBlock, otherThan('text', 'document', 'search_result')])),
      ])
      .optional(),
    is_error: z.boolean().nullish(),
    cache_control,
  }),
  otherThan('text', 'document', 'search_result', 'thinking', 'tool_use', 'tool_result'),
])

const outputFormat = z.object({ type: z.literal('json_schema'), schema: z.unknown() })

const conversationFields = {
  model: modelName,
  messages: z
    .array(
      z.object({
        role: z.enum(['user', 'assistant', 'system']),
        content: z.union([z.string(), z.array(block)]).default(''),
      }),
    )
    .min(1)
    .max(10_000),
  system: textContent.optional(),
  tools: z
    .array(
      z.object({
        type: z.string().nullish(),
        name: toolName.optional(),
        description: z.string().optional(),
        input_schema: z.record(z.string(), z.unknown()).optional(),
        strict: z.boolean().nullish(),
        cache_control,
        defer_loading: z.boolean().optional(),
        eager_input_streaming: z.boolean().optional(),
        allowed_callers: z.array(z.string()).optional(),
        input_examples: z.array(z.unknown()).optional(),
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
      type: z.enum(['enabled', 'disabled', 'adaptive', 'between_tools']),
      ...ignoredFields('messages', 'thinking'),
    })
    .optional()
    .describe('Given to the chat template as enable_thinking; left out, the template decides.'),
  output_config: z
    .strictObject({
      effort: z.enum(['low', 'medium', 'high', 'xhigh', 'max']).nullish(),
      format: outputFormat.nullish(),
      ...ignoredFields('messages', 'output_config'),
    })
    .optional()
    .describe('effort is given to the chat template as reasoning_effort; format holds the answer to a JSON schema.'),
  output_format: outputFormat.nullish().describe('The older name of output_config.format.'),
  ...ignoredFields('messages'),
}

export const messagesSchema = z
  .strictObject({
    ...conversationFields,
    max_tokens: z.int().min(0).describe('0: the prompt is computed, so that it is cached, and nothing is answered.'),
    stream: z.boolean().optional(),
    stop_sequences: stopStrings.optional(),
    temperature: z.number().min(0).max(100).optional(),
    top_p: z.number().min(0).max(1).optional(),
    top_k: z.int().min(-1).optional(),
    thread: z.unknown().optional().describe('Refused: conversations are not held here. Clients continue without it.'),
  })
  .meta({ title: 'MessagesRequest' })

export const countTokensSchema = z.strictObject(conversationFields).meta({ title: 'CountTokensRequest' })

export type MessagesRequest = z.output<typeof messagesSchema>
export type MessagesConversation = z.output<typeof countTokensSchema>
