import { badRequest } from '../../http/api-error.js'
import { detokenizeSchema, tokenizeSchema, type DetokenizeRequest, type TokenizeRequest } from './schema.js'
import { templateOptions } from '../template-options.js'
import type { EngineLike } from '../../../remote/engine-like.js'
import { messagesOf, toolsOf } from '../conversation.js'
import { post, type Call } from '../route.js'

export const tokenizeRoute = post({
  path: '/tokenize',
  summary: 'Token ids of a text or of a conversation',
  tag: 'Tokens',
  body: tokenizeSchema,
  async handle({ body, scope }: Call<TokenizeRequest>) {
    const { engine } = scope.state.models.find(body.model)
    const ids = await idsOf(engine, body)
    return Response.json({
      count: ids.length,
      max_model_len: engine.info.contextLength,
      tokens: ids,
      ...(body.return_token_strs && { token_strs: await engine.tokenTexts(ids) }),
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
    return Response.json({ prompt: await engine.decode(body.tokens) })
  },
})

async function idsOf(engine: EngineLike, body: TokenizeRequest): Promise<number[]> {
  const { prompt, messages } = body
  if ((prompt === undefined) === (messages === undefined)) {
    throw badRequest('prompt', 'expected either prompt or messages', 'missing_required_parameter')
  }
  if (prompt !== undefined) return engine.encode(prompt, { addSpecial: body.add_special_tokens })
  return engine.encodeChat(messagesOf(messages ?? []), {
    tools: toolsOf(body.tools),
    templateOptions: templateOptions(body.reasoning_effort, body.chat_template_kwargs),
  })
}
