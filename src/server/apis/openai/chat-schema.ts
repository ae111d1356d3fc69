import { z } from 'zod'
import { messagesField, toolsField } from '../conversation.js'
import { fieldsWithoutEffect, modelName, samplingFields } from '../request-fields.js'
import { effortSchema, templateVariables } from '../template-options.js'

const toolChoiceSchema = z.union([
  z.enum(['none', 'auto', 'required']),
  z.object({ type: z.literal('function'), function: z.object({ name: z.string() }) }),
])

const responseFormat = z.object({
  type: z.enum(['text', 'json_object', 'json_schema', 'regex', 'ebnf', 'lark', 'gbnf']),
  json_schema: z.object({ name: z.string().nullish(), schema: z.unknown(), strict: z.boolean().nullish() }).optional(),
  pattern: z.string().max(20_000).optional().describe('Of type regex: what the whole answer matches.'),
  grammar: z
    .string()
    .max(262_144)
    .optional()
    .describe('Of type ebnf, lark and gbnf: a grammar with a rule called root, or start in lark.'),
})

export const chatSchema = z
  .strictObject({
    model: modelName,
    messages: messagesField,
    ...samplingFields,
    max_completion_tokens: z.int().min(1).nullish().describe('Most tokens of the answer, reasoning included.'),
    max_tokens: z.int().min(1).nullish().describe('The older name of max_completion_tokens.'),
    n: z.int().min(1).max(128).nullish().describe('Answers to make, side by side.'),
    stream: z.boolean().nullish(),
    stream_options: z
      .strictObject({ include_usage: z.boolean().nullish(), include_obfuscation: z.boolean().nullish() })
      .nullish(),
    logprobs: z.boolean().nullish(),
    top_logprobs: z.int().min(0).max(20).nullish(),
    tools: toolsField,
    tool_choice: toolChoiceSchema.nullish(),
    parallel_tool_calls: z.boolean().nullish().describe('false: the answer ends after its first call.'),
    response_format: responseFormat.nullish(),
    reasoning_effort: effortSchema.nullish(),
    chat_template_kwargs: templateVariables,
    ...fieldsWithoutEffect,
    store: z.literal(false, 'chat completions are not stored; leave store out').nullish(),
    modalities: z.array(z.literal('text', 'only text is supported')).nullish(),
  })
  .meta({ title: 'ChatCompletionRequest' })

export type ChatRequest = z.output<typeof chatSchema>
