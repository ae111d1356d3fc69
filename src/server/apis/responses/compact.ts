import type { ChatMessage } from '../../../chat/message.js'
import { newId, type RequestScope } from '../../admission/request.js'
import { drained } from '../../http/events.js'
import { startChat } from '../calls.js'
import { samplingOptions, tokenLimit } from '../request-fields.js'
import { post, type Call, type Route } from '../route.js'
import { templateOptions } from '../template-options.js'
import { conversationOf } from './history.js'
import { responsesSchema, type ResponsesRequest } from './schema.js'
import type { ResponseStore } from './store.js'
import { sealed } from './summary.js'
import { usageOf } from './usage.js'

const ASK =
  'Summarize our conversation so far in a few sentences: what I asked for, what was decided and found out, names, numbers and places ' +
  'that matter, and what is left to do. Write only the summary.'
/** Of the context, the part that a summary takes at most, and how many tokens. */
const SHARE = 8
const MOST = 1024

/**
 * https://platform.openai.com/docs/api-reference/responses/compact: a shorter conversation in place of a long one. What was said is
 * an item with a summary that the model writes; messages that were not answered yet stay as they are.
 */
export const compactRoute = (store: ResponseStore): Route =>
  post({
    path: '/v1/responses/compact',
    summary: 'A conversation made shorter: a summary, which the model writes, as an item for the next request',
    tag: 'OpenAI',
    api: 'responses',
    body: responsesSchema,
    async handle({ body, scope }: Call<ResponsesRequest>) {
      scope.promptParam = 'input'
      const { messages, items } = conversationOf(body, scope, store)
      const answered = messages.findLastIndex(({ role }) => role !== 'user') + 1
      const open = answered === 0 ? items : items.slice(items.findLastIndex((item) => item['role'] !== 'user') + 1)
      const { summary, usage } = await summaryOf(messages.slice(0, answered), body, scope)
      const compaction = summary === undefined ? [] : [{ type: 'compaction', id: `cmp_${newId()}`, ...sealed(summary) }]
      return Response.json({
        id: `resp_${newId()}`,
        object: 'response.compaction',
        created_at: Math.floor(Date.now() / 1000),
        output: [...compaction, ...open],
        usage,
      })
    },
  })

/** Nothing where nothing was said yet. */
async function summaryOf(said: readonly ChatMessage[], body: ResponsesRequest, scope: RequestScope) {
  const model = scope.state.models.find(body.model)
  if (said.length === 0) return { summary: undefined, usage: usageOf() }
  const instructions: ChatMessage[] = body.instructions ? [{ role: 'system', content: body.instructions }] : []
  const most = Math.max(1, Math.min(MOST, Math.floor(model.engine.info.contextLength / SHARE)))
  const options = {
    ...samplingOptions(body),
    maxTokens: Math.min(tokenLimit(body.max_output_tokens) ?? most, most),
    // A thought would take what the summary is to have.
    templateOptions: templateOptions({ effort: body.reasoning?.effort ?? 'none' }, body.chat_template_kwargs),
  }
  const start = startChat({ messages: [...instructions, ...said, { role: 'user', content: ASK }], options })
  const { answers } = await scope.begin(model, [start])
  await drained(answers[0]!.pieces())
  const whole = await answers[0]!.result
  scope.throwIfCancelled()
  // What a model without a place for its thought off has written by then.
  return { summary: whole.text.trim() || whole.reasoning.trim(), usage: usageOf(whole) }
}
