import { z } from 'zod'
import { effortSchema } from '../template-options.js'
import { otherThan } from '../other-type.js'
import { fieldsWithoutEffect, modelName, samplingFields } from '../request-fields.js'

const { temperature, top_p, top_k, min_p, repetition_penalty, seed } = samplingFields

/** Text of users, of the model, and of tools. */
const textPart = z.object({ type: z.enum(['input_text', 'output_text', 'text']), text: z.string() })
const content = z.union([z.string(), z.array(z.union([textPart, otherThan('input_text', 'output_text', 'text')]))])

const messageItem = z.object({
  type: z.literal('message').optional(),
  role: z.enum(['user', 'assistant', 'system', 'developer']),
  content,
})
const callItem = z.object({
  type: z.literal('function_call'),
  call_id: z.string(),
  name: z.string().min(1),
  arguments: z.string(),
})
const outputItem = z.object({ type: z.literal('function_call_output'), call_id: z.string(), output: content })
const reasoningItem = z.object({
  type: z.literal('reasoning'),
  content: z.array(z.object({ type: z.literal('reasoning_text'), text: z.string() })).nullish(),
})
export const itemSchema = z.union([
  callItem,
  outputItem,
  reasoningItem,
  messageItem,
  otherThan('function_call', 'function_call_output', 'reasoning', 'message'),
])

const functionTool = z.object({
  type: z.literal('function'),
  name: z.string().regex(/^[\w.-]{1,128}$/, 'expected letters, digits, _, - and ., at most 128'),
  description: z.string().nullish(),
  parameters: z.record(z.string(), z.unknown()).nullish(),
  strict: z.boolean().nullish(),
})

export const responsesSchema = z
  .strictObject({
    model: modelName,
    input: z.union([z.string().min(1), z.array(itemSchema).min(1).max(10_000)]),
    instructions: z.string().nullish().describe('A system message for this response only.'),
    previous_response_id: z.string().nullish().describe('Goes on behind a response that this server still remembers.'),
    store: z.boolean().nullish().describe('false: the response is not remembered.'),
    max_output_tokens: z.int().min(1).nullish(),
    temperature,
    top_p,
    top_k,
    min_p,
    repetition_penalty,
    seed,
    stream: z.boolean().nullish(),
    stream_options: z.strictObject({ include_obfuscation: z.boolean().nullish() }).nullish(),
    tools: z.array(z.union([functionTool, otherThan('function')])).nullish(),
    tool_choice: z
      .union([
        z.enum(['none', 'auto', 'required']),
        z.object({ type: z.string(), name: z.string().optional() }).loose(),
      ])
      .nullish(),
    parallel_tool_calls: z.boolean().nullish(),
    text: z
      .strictObject({
        format: z.object({ type: z.string() }).loose().nullish(),
        verbosity: z.literal('medium', 'only medium, which changes nothing').nullish(),
      })
      .nullish(),
    reasoning: z
      .strictObject({ effort: effortSchema.nullish(), summary: z.enum(['auto', 'concise', 'detailed']).nullish() })
      .nullish(),
    include: z
      .array(
        z.enum(
          ['message.output_text.logprobs', 'reasoning.encrypted_content'],
          'only message.output_text.logprobs and reasoning.encrypted_content',
        ),
      )
      .nullish()
      .describe('reasoning.encrypted_content changes nothing: reasoning is given as text.'),
    top_logprobs: z.int().min(0).max(20).nullish(),
    truncation: z.literal('disabled', 'only disabled: nothing is dropped silently').nullish(),
    background: z.literal(false, 'responses are made while the client waits; leave background out').nullish(),
    chat_template_kwargs: z.record(z.string(), z.unknown()).nullish(),
    ...fieldsWithoutEffect,
  })
  .meta({ title: 'ResponseRequest' })

export type ResponsesRequest = z.output<typeof responsesSchema>
export type InputItem = z.output<typeof itemSchema>
