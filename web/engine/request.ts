import type { ChatMessage } from '../../src/chat/message.js'
import type { ChatAnswerOptions } from '../../src/remote/engine-like.js'

/** The body of a chat completion that asks for what the engine's options ask for. */
export function chatRequest(model: string, messages: readonly ChatMessage[], options: ChatAnswerOptions): object {
  const { grammar } = options
  const format =
    grammar?.kind === 'json-schema'
      ? { response_format: { type: 'json_schema', json_schema: { name: 'answer', schema: grammar.schema } } }
      : grammar?.kind === 'json'
        ? { response_format: { type: 'json_object' } }
        : {}
  const fields = {
    model,
    messages,
    stream: true,
    stream_options: { include_usage: true },
    temperature: options.temperature,
    top_p: options.topP,
    top_k: options.topK,
    min_p: options.minP,
    repetition_penalty: options.repetitionPenalty,
    frequency_penalty: options.frequencyPenalty,
    presence_penalty: options.presencePenalty,
    seed: options.seed,
    stop: options.stop,
    max_completion_tokens: options.maxTokens,
    tools: options.tools,
    chat_template_kwargs: options.templateOptions,
    continue_final_message: options.continueFinalMessage,
    ...format,
  }
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))
}
