import { z } from 'zod'
import { ignoredFields } from '../ignored.js'
import { optionsField } from './options.js'

/** Ollama's API: https://docs.ollama.com/api. null is "not set" everywhere. */

const modelName = z.string().min(1).describe('One of the names that /api/tags lists; :latest may follow.')
const noImages = z.array(z.never('images are not supported; send text')).nullish()
const text = z.string().nullish()

const toolCall = z.object({
  id: z.string().nullish(),
  function: z.object({
    name: z.string().min(1),
    index: z.int().nullish(),
    arguments: z.union([z.record(z.string(), z.unknown()), z.string()]).nullish(),
  }),
})

const message = z.discriminatedUnion('role', [
  z.object({ role: z.enum(['system', 'user']), content: text, images: noImages }),
  z.object({ role: z.literal('assistant'), content: text, thinking: text, tool_calls: z.array(toolCall).nullish() }),
  z.object({ role: z.literal('tool'), content: text, tool_name: text, tool_call_id: text, name: text }),
])

const tool = z.object({
  type: z.literal('function').nullish(),
  function: z.object({
    name: z.string().regex(/^[\w.-]{1,128}$/, 'expected letters, digits, _, - and ., at most 128'),
    description: text,
    parameters: z.record(z.string(), z.unknown()).nullish().describe('A JSON schema of type object.'),
  }),
})

const answerFields = {
  model: modelName,
  stream: z.boolean().nullish().describe('true by default: a JSON object a line.'),
  format: z
    .union([z.enum(['', 'json']), z.record(z.string(), z.unknown())])
    .nullish()
    .describe('json, or a JSON schema that the answer validates against.'),
  options: optionsField,
  think: z
    .union([z.boolean(), z.enum(['low', 'medium', 'high', 'max'])])
    .nullish()
    .describe('Given to the chat template as enable_thinking, and a level as reasoning_effort.'),
  logprobs: z.boolean().nullish(),
  top_logprobs: z.int().min(0).max(20).nullish(),
  ...ignoredFields('ollama'),
  keep_alive: z
    .union([z.string(), z.number()])
    .nullish()
    .describe('Changes nothing: models stay loaded. Of a request without anything to answer it says what is asked.'),
}

export const chatSchema = z
  .strictObject({
    ...answerFields,
    messages: z.array(message).max(10_000).nullish().describe('None: answers that the model is loaded.'),
    tools: z.array(tool).max(1000).nullish(),
  })
  .meta({ title: 'OllamaChatRequest' })

export const generateSchema = z
  .strictObject({
    ...answerFields,
    prompt: text.describe('None: answers that the model is loaded.'),
    system: text,
    raw: z.boolean().nullish().describe('The prompt as it is, without a chat template.'),
    images: noImages,
    suffix: z.literal('', 'suffix is not supported').nullish(),
    template: z.literal('', 'a template of the request is not supported; use raw').nullish(),
    context: z.array(z.never('context is not supported; send the conversation to /api/chat')).nullish(),
  })
  .meta({ title: 'OllamaGenerateRequest' })

export const embedSchema = z
  .strictObject({
    model: modelName,
    input: z
      .union([z.string(), z.array(z.string()).max(2048)])
      .nullish()
      .describe('None: answers that the model is loaded, with no vectors.'),
    truncate: z.boolean().nullish().describe('true by default: the beginning of a text that is too long.'),
    dimensions: z.int().min(1).nullish().describe('So many numbers of each vector, again of length 1.'),
    options: optionsField,
    ...ignoredFields('ollama-embed'),
  })
  .meta({ title: 'OllamaEmbedRequest' })

export const embeddingsSchema = z
  .strictObject({ model: modelName, prompt: text, options: optionsField, ...ignoredFields('ollama-embed') })
  .meta({ title: 'OllamaEmbeddingsRequest' })

export const showSchema = z
  .strictObject({
    model: z.string().nullish(),
    name: text.describe('The older name of model.'),
    ...ignoredFields('ollama-show'),
  })
  .meta({ title: 'OllamaShowRequest' })

export type ChatRequest = z.output<typeof chatSchema>
export type GenerateRequest = z.output<typeof generateSchema>
export type EmbedRequest = z.output<typeof embedSchema>
export type EmbeddingsRequest = z.output<typeof embeddingsSchema>
export type ShowRequest = z.output<typeof showSchema>
