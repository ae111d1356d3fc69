import { z } from 'zod'
import { customFormat } from '../custom-tools.js'
import { ignoredFields } from '../ignored.js'
import { mcpCallItem, mcpRequestItem, mcpResponseItem, mcpTool } from './mcp-schema.js'
import { effortSchema, templateVariables } from '../template-options.js'
import { otherThan } from '../other-type.js'
import { maxTokens, modelName, samplingFields } from '../request-fields.js'
import { toolName } from '../tool-calls.js'

/** Text of users, of the model, and of tools. */
const TEXTS = ['input_text', 'output_text', 'text', 'refusal'] as const
const textPart = z.object({ type: z.enum(['input_text', 'output_text', 'text']), text: z.string() })
const refusalPart = z.object({ type: z.literal('refusal'), refusal: z.string() })
const content = z.union([z.string(), z.array(z.union([textPart, refusalPart, otherThan(...TEXTS)]))])

const id = z.string().optional()
const messageItem = z.object({
  type: z.literal('message').optional(),
  id,
  role: z.enum(['user', 'assistant', 'system', 'developer']),
  content,
})
const callItem = z.object({
  type: z.literal('function_call'),
  id,
  call_id: z.string(),
  name: z.string().min(1),
  namespace: z.string().nullish(),
  arguments: z.union([z.string(), z.record(z.string(), z.unknown())]).nullish(),
})
const outputItem = z.object({ type: z.literal('function_call_output'), id, call_id: z.string(), output: content })
const customCallItem = z.object({
  type: z.literal('custom_tool_call'),
  id,
  call_id: z.string(),
  name: z.string().min(1),
  input: z.string(),
})
const customOutputItem = z.object({
  type: z.literal('custom_tool_call_output'),
  id,
  call_id: z.string(),
  output: content,
})
const reasoningItem = z.object({
  type: z.literal('reasoning'),
  id,
  content: z.array(z.object({ type: z.literal('reasoning_text'), text: z.string() })).nullish(),
  summary: z.array(z.object({ type: z.literal('summary_text'), text: z.string() })).nullish(),
})
const referenceItem = z.object({ type: z.literal('item_reference'), id: z.string() })

const functionTool = z.object({
  type: z.literal('function'),
  name: toolName,
  description: z.string().nullish(),
  parameters: z.record(z.string(), z.unknown()).nullish(),
  strict: z.boolean().nullish(),
})
const customTool = z.object({
  type: z.literal('custom'),
  name: toolName,
  description: z.string().nullish(),
  format: customFormat.nullish(),
})
const namespaceTool = z.object({
  type: z.literal('namespace'),
  name: z.string(),
  description: z.string().nullish(),
  tools: z.array(z.union([functionTool, customTool, otherThan('function', 'custom')])).default([]),
})
const tools = z.array(
  z.union([functionTool, customTool, namespaceTool, mcpTool, otherThan('function', 'custom', 'namespace', 'mcp')]),
)
const toolsItem = z.object({ type: z.literal('additional_tools'), id, tools })

export const itemSchema = z.union([
  callItem,
  outputItem,
  customCallItem,
  customOutputItem,
  reasoningItem,
  referenceItem,
  toolsItem,
  mcpCallItem,
  mcpRequestItem,
  mcpResponseItem,
  messageItem,
  otherThan(
    ...['function_call', 'function_call_output', 'custom_tool_call', 'custom_tool_call_output'],
    ...['reasoning', 'item_reference', 'additional_tools', 'message'],
    ...['mcp_call', 'mcp_approval_request', 'mcp_approval_response'],
  ),
])

const summary = z.enum(['auto', 'concise', 'detailed', 'none']).nullish()

export const responsesSchema = z
  .strictObject({
    model: modelName,
    input: z.union([z.string().min(1), z.array(itemSchema).max(10_000)]).default([]),
    instructions: z.string().nullish().describe('A system message for this response only.'),
    previous_response_id: z.string().nullish().describe('Continues from a response that this server still remembers.'),
    store: z.boolean().nullish().describe('false: the response is not remembered.'),
    max_output_tokens: maxTokens,
    ...samplingFields,
    stream: z.boolean().nullish(),
    stream_options: z.strictObject(ignoredFields('responses', 'stream_options')).nullish(),
    tools: tools.nullish(),
    tool_choice: z
      .union([z.enum(['none', 'auto', 'required']), z.object({ type: z.string(), name: z.string().nullish() }).loose()])
      .nullish(),
    parallel_tool_calls: z.boolean().nullish(),
    max_tool_calls: z.int().min(1).nullish().describe('Most calls of tools of MCP servers; further ones are not run.'),
    text: z
      .strictObject({
        format: z.object({ type: z.string() }).loose().nullish(),
        ...ignoredFields('responses', 'text'),
      })
      .nullish(),
    reasoning: z
      .strictObject({
        effort: effortSchema.nullish(),
        summary: summary.describe('The thought comes as a summary, which is all of it.'),
        generate_summary: summary.describe('The older name of summary.'),
        ...ignoredFields('responses', 'reasoning'),
      })
      .nullish(),
    include: z
      .array(
        z.enum([
          'message.output_text.logprobs',
          'reasoning.encrypted_content',
          'web_search_call.action.sources',
          'web_search_call.results',
          'file_search_call.results',
          'code_interpreter_call.outputs',
          'computer_call_output.output.image_url',
          'message.input_image.image_url',
        ]),
      )
      .nullish()
      .describe('message.output_text.logprobs; the others change nothing, and reasoning is given as text.'),
    top_logprobs: z.int().min(0).max(20).nullish(),
    chat_template_kwargs: templateVariables,
    ...ignoredFields('responses'),
  })
  .meta({ title: 'ResponseRequest' })

export type ResponsesRequest = z.output<typeof responsesSchema>
export type InputItem = z.output<typeof itemSchema>
export type ResponseTools = NonNullable<ResponsesRequest['tools']>
