import { badRequest } from '../../http/api-error.js'
import { detokenizeSchema, tokenizeSchema, type DetokenizeRequest, type TokenizeRequest } from './schema.js'
import { templateOptions } from '../template-options.js'
import type { EncodeCall } from '../../../remote/protocol.js'
import { messagesOf, toolsOf } from '../openai/chat.js'
import { post, type Call } from '../route.js'

export const tokenizeRoute = post({
  path: '/tokenize',
  summary: 'Token ids of a text or of a conversation',
  tag: 'Tokens',
  body: tokenizeSchema,
  async handle({ body, scope }: Call<TokenizeRequest>) {
    const { engine } = scope.state.models.find(body.model)
    const { ids, pieces } = await engine.ask({ kind: 'encode', input: inputOf(body) }, scope.signal)
    return Response.json({
      count: ids.length,
      max_model_len: engine.info?.contextLength,
      tokens: ids,
      ...(body.return_token_strs && { token_strs: pieces }),
    })
  },
})

export const detokenizeRoute = post({
  path: '/detokenize',
  summary: 'Text of token ids, without special tokens',
  tag: 'Tokens',
  body: detokenizeSchema,
  async handle({ body, scope }: Call<DetokenizeRequest>) {
    const { engine } = scope.state.models.find(body.model)
    const { text } = await engine.ask({ kind: 'decode', ids: body.tokens }, scope.signal)
    return Response.json({ prompt: text })
  },
})

function inputOf(body: TokenizeRequest): EncodeCall['input'] {
  const { prompt, messages } = body
  if ((prompt === undefined) === (messages === undefined)) {
    throw badRequest('prompt', 'expected either prompt or messages', 'missing_required_parameter')
  }
  if (prompt !== undefined) return { text: prompt, addSpecial: body.add_special_tokens }
  return {
    messages: messagesOf(messages ?? []),
    tools: toolsOf(body.tools),
    templateOptions: templateOptions(body.reasoning_effort, body.chat_template_kwargs),
  }
}
