import { z } from 'zod'
import { functionsField, messagesField, toolsField } from '../conversation.js'
import { formFields, responseFormatField } from '../form-fields.js'
import { ignoredFields } from '../ignored.js'
import { returnProgress } from '../prompt-progress.js'
import { maxTokens, modelName, samplingFields } from '../request-fields.js'
import { effortSchema, promptFields, templateVariables } from '../template-options.js'

const named = z.object({ name: z.string() })

const toolChoiceSchema = z.union([
  z.enum(['none', 'auto', 'required']),
  z.object({ type: z.literal('function'), function: named }),
  z.object({ type: z.literal('custom'), custom: named }),
  z.object({
    type: z.literal('allowed_tools'),
    allowed_tools: z.object({
      mode: z.enum(['auto', 'required']),
      tools: z
        .array(
          z.union([
            z.object({ type: z.literal('function'), function: named }),
            z.object({ type: z.literal('custom'), custom: named }),
          ]),
        )
        .min(1),
    }),
  }),
])

export const chatSchema = z
  .strictObject({
    model: modelName,
    messages: messagesField,
    ...samplingFields,
    max_completion_tokens: maxTokens.describe('Most tokens of the answer, reasoning included; -1 is no limit.'),
    max_tokens: maxTokens.describe('The older name of max_completion_tokens.'),
    n: z.int().min(1).max(128).nullish().describe('Answers to make, side by side.'),
    stream: z.boolean().nullish(),
    return_progress: returnProgress,
    stream_options: z
      .strictObject({ include_usage: z.boolean().nullish(), ...ignoredFields('chat', 'stream_options') })
      .nullish(),
    logprobs: z.boolean().nullish(),
    top_logprobs: z.int().min(0).max(20).nullish(),
    tools: toolsField,
    tool_choice: toolChoiceSchema.nullish(),
    parallel_tool_calls: z.boolean().nullish().describe('false: the answer ends after its first call.'),
    functions: functionsField.describe('The older form of tools; the call comes as function_call.'),
    function_call: z
      .union([z.enum(['none', 'auto']), named])
      .nullish()
      .describe('The older form of tool_choice.'),
    response_format: responseFormatField,
    ...formFields,
    reasoning_effort: effortSchema.nullish(),
    reasoning: z.object({ effort: effortSchema.nullish(), enabled: z.boolean().nullish() }).nullish(),
    thinking: z
      .union([z.boolean(), z.object({ type: z.enum(['enabled', 'disabled', 'adaptive', 'auto']) })])
      .nullish()
      .describe('Given to the chat template as enable_thinking.'),
    enable_thinking: z.boolean().nullish().describe('Given to the chat template.'),
    ...promptFields,
    chat_template_kwargs: templateVariables,
    ...ignoredFields('chat'),
  })
  .meta({ title: 'ChatCompletionRequest' })

export type ChatRequest = z.output<typeof chatSchema>
