import { startChat, startCompletion } from '../calls.js'
import { post, type Call } from '../route.js'
import { promptEnd } from '../template-options.js'
import { answered, loaded, optionsOf, type Said } from './answer.js'
import { messagesOf, toolsOf, turnOf } from './conversation.js'
import { findModel } from './names.js'
import { chatSchema, generateSchema, type ChatRequest, type GenerateRequest } from './schema.js'

/** https://docs.ollama.com/api/chat */
export const ollamaChatRoute = post({
  path: '/api/chat',
  summary: 'The answer to a conversation, in the form of Ollama',
  tag: 'Ollama',
  api: 'ollama',
  body: chatSchema,
  async handle({ body, scope }: Call<ChatRequest>) {
    const model = findModel(scope.state.models, body.model)
    const { messages } = body
    if (!messages || messages.length === 0) return loaded(body, chatMessage)
    // A last message of the assistant is continued, as Ollama does.
    const options = { ...optionsOf(body, scope, toolsOf(body.tools)), ...promptEnd(messages, {}) }
    const call = startChat({ messages: messagesOf(messages), options })
    return answered(model, call, body, chatMessage, scope)
  },
})

/** https://docs.ollama.com/api/generate */
export const ollamaGenerateRoute = post({
  path: '/api/generate',
  summary: 'The answer to one prompt, in the form of Ollama',
  tag: 'Ollama',
  api: 'ollama',
  body: generateSchema,
  async handle({ body, scope }: Call<GenerateRequest>) {
    scope.promptParam = 'prompt'
    const model = findModel(scope.state.models, body.model)
    if (!body.prompt && !body.system) return loaded(body, generated)
    const options = optionsOf(body, scope)
    const call = body.raw ? startCompletion(body.prompt ?? '', options) : startChat({ messages: turnOf(body), options })
    return answered(model, call, body, generated, scope)
  },
})

function chatMessage({ text, thinking, calls }: Said) {
  const shown = calls.map(({ id, index, name, arguments: json }) => ({
    id,
    function: { index, name, arguments: JSON.parse(json) as unknown },
  }))
  return {
    message: {
      role: 'assistant',
      content: text,
      ...(thinking !== '' && { thinking }),
      ...(shown.length > 0 && { tool_calls: shown }),
    },
  }
}

function generated({ text, thinking }: Said) {
  return { response: text, ...(thinking !== '' && { thinking }) }
}
