import { z } from 'zod'
import { otherThan } from '../other-type.js'
import { fieldsWithoutEffect, modelName, samplingFields } from '../sampling-schema.js'

const textPart = z.object({ type: z.literal('text'), text: z.string() })
export const contentSchema = z.union([z.string(), z.array(z.union([textPart, otherThan('text')]))])

const toolCall = z.object({
  id: z.string(),
  type: z.literal('function').default('function'),
  function: z.object({ name: z.string().min(1), arguments: z.string() }),
})

/** Fields of a message that say nothing to a model (refusal, annotations, audio) are left out. */
const message = z.discriminatedUnion('role', [
  z.object({ role: z.enum(['system', 'developer', 'user']), content: contentSchema, name: z.string().nullish() }),
  z.object({
    role: z.literal('assistant'),
    content: contentSchema.nullish(),
    reasoning_content: z.string().nullish().describe('What the assistant thought, for templates that keep it.'),
    tool_calls: z.array(toolCall).nullish(),
    name: z.string().nullish(),
  }),
  z.object({ role: z.literal('tool'), content: contentSchema, tool_call_id: z.string(), name: z.string().nullish() }),
])

export const toolSchema = z.object({
  type: z.literal('function'),
  function: z.object({
    name: z.string().regex(/^[\w.-]{1,128}$/, 'expected letters, digits, _, - and ., at most 128'),
    description: z.string().nullish(),
    parameters: z.record(z.string(), z.unknown()).nullish().describe('A JSON schema of type object.'),
    strict: z.boolean().nullish(),
  }),
})

export const toolChoiceSchema = z.union([
  z.enum(['none', 'auto', 'required']),
  z.object({ type: z.literal('function'), function: z.object({ name: z.string() }) }),
])

export const effortSchema = z
  .enum(['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max'])
  .describe('Given to the chat template as reasoning_effort; none also as enable_thinking: false.')

const responseFormat = z.object({
  type: z.enum(['text', 'json_object', 'json_schema', 'regex', 'ebnf']),
  json_schema: z.object({ name: z.string().nullish(), schema: z.unknown(), strict: z.boolean().nullish() }).optional(),
  pattern: z.string().max(20_000).optional().describe('Of type regex: what the whole answer matches.'),
  grammar: z.string().max(262_144).optional().describe('Of type ebnf: a grammar with a rule called root.'),
})

export const chatSchema = z
  .strictObject({
    model: modelName,
    messages: z.array(message).min(1).max(10_000),
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
    tools: z.array(toolSchema).max(1000).nullish(),
    tool_choice: toolChoiceSchema.nullish(),
    parallel_tool_calls: z.boolean().nullish().describe('false: the answer ends after its first call.'),
    response_format: responseFormat.nullish(),
    reasoning_effort: effortSchema.nullish(),
    chat_template_kwargs: z.record(z.string(), z.unknown()).nullish().describe('Further variables of the template.'),
    ...fieldsWithoutEffect,
    store: z.literal(false, 'chat completions are not stored; leave store out').nullish(),
    modalities: z.array(z.literal('text', 'only text is supported')).nullish(),
  })
  .meta({ title: 'ChatCompletionRequest' })

export type ChatRequest = z.output<typeof chatSchema>
