import { badRequest } from '../../http/api-error.js'
import { detokenizeSchema, tokenizeSchema, type DetokenizeRequest, type TokenizeRequest } from './schema.js'
import { promptEnd, templateOptions } from '../template-options.js'
import type { ServedModel } from '../../admission/models.js'
import type { RequestScope } from '../../admission/request.js'
import { messagesOf, toolsOf } from '../conversation.js'
import { post, type Call, type Route } from '../route.js'
import { checkIds, textsOf, tokensOf, tokensOfChat } from '../token-work.js'

export const tokenizeRoute = post({
  path: '/tokenize',
  summary: 'Token ids of a text or of a conversation',
  tag: 'Tokens',
  api: 'tokens',
  body: tokenizeSchema,
  async handle({ body, scope }: Call<TokenizeRequest>) {
    const model = scope.state.models.find(body.model)
    const { engine } = model
    const ids = await idsOf(model, body, scope)
    return Response.json({
      count: ids.length,
      max_model_len: engine.info.contextLength,
      tokens: ids,
      ...(body.return_token_strs && { token_strs: await textsOf(engine, ids) }),
    })
  },
})

export const detokenizeRoute = post({
  path: '/detokenize',
  summary: 'Text of token ids, without special tokens',
  tag: 'Tokens',
  api: 'tokens',
  body: detokenizeSchema,
  async handle({ body, scope }: Call<DetokenizeRequest>) {
    const { engine } = scope.state.models.find(body.model)
    checkIds(body.tokens, engine, 'tokens')
    const text = await engine.decode(body.tokens)
    // Who names no model may be a client of llama.cpp, which calls it content.
    return Response.json({ prompt: text, ...(body.model === undefined && { content: text }) })
  },
})

/** What clients need that render conversations themselves, as vLLM has it. Of several models, of the first. */
export const tokenizerInfoRoute: Route = {
  method: 'GET',
  path: '/tokenizer_info',
  summary: 'Special tokens and the chat template, of the one model or of the one that ?model= names',
  tag: 'Tokens',
  handle({ scope, query }) {
    const models = scope.state.models
    const { engine } = models.find(query?.get('model') ?? models.all[0]?.name)
    const { specialTokens, chatTemplate, contextLength } = engine.info
    return Response.json({
      ...specialTokens,
      chat_template: chatTemplate ?? null,
      model_max_length: contextLength,
    })
  },
}

async function idsOf(model: ServedModel, body: TokenizeRequest, scope: RequestScope): Promise<number[]> {
  const { prompt, content, messages } = body
  if ([prompt, content, messages].filter((given) => given !== undefined).length !== 1) {
    throw badRequest('prompt', 'expected either prompt or messages', 'missing_required_parameter')
  }
  const special = body.add_special_tokens ?? body.add_special ?? prompt !== undefined
  if (!messages) {
    const param = prompt === undefined ? 'content' : 'prompt'
    return tokensOf(model, prompt ?? content ?? '', { addSpecial: special }, param, scope)
  }
  const options = {
    ...promptEnd(messages, body),
    tools: toolsOf(body.tools, scope),
    templateOptions: templateOptions({ effort: body.reasoning_effort }, body.chat_template_kwargs),
  }
  return tokensOfChat(model, messagesOf(messages), options, 'messages', scope)
}
