import type { ToolDefinition } from '../../../chat/message.js'
import type { ServedModel } from '../../admission/models.js'
import { newId, type RequestScope, type StartAnswer } from '../../admission/request.js'
import { badRequest } from '../../http/api-error.js'
import { grammarOf, type ToolChoice } from '../answer-form.js'
import { startChat } from '../calls.js'
import { messagesOf, toolsOf } from '../conversation.js'
import { formOf } from '../form-fields.js'
import { checkBias, fingerprintOf, samplingOptions, tokenLimit } from '../request-fields.js'
import { post, type Call } from '../route.js'
import { promptEnd, templateOptions } from '../template-options.js'
import { toolDefinition } from '../tool-calls.js'
import { chatSchema, type ChatRequest } from './chat-schema.js'
import { chunks, wholeChoice, type Head } from './chat-stream.js'
import { usageOf } from './usage.js'

/** OpenAI's chat completions: https://platform.openai.com/docs/api-reference/chat */
export const chatRoute = post({
  path: '/v1/chat/completions',
  summary: 'The answer to a conversation',
  tag: 'OpenAI',
  api: 'chat',
  body: chatSchema,
  handle: chat,
})

async function chat({ body, scope }: Call<ChatRequest>): Promise<Response> {
  const model = scope.state.models.find(body.model)
  checkBias(model, body)
  const calls = callsOf(body, scope)
  const head = headOf(model)
  if (body.stream) return scope.stream(model, calls, (answers) => chunks(answers, body, head, scope))
  const { answers } = await scope.begin(model, calls)
  const choices = await Promise.all(answers.map((answer, index) => wholeChoice(answer, index, body)))
  scope.throwIfCancelled()
  return Response.json({
    ...head,
    object: 'chat.completion',
    choices: choices.map(({ choice }) => choice),
    usage: usageOf(choices.map(({ answer }) => answer)),
  })
}

function headOf(model: ServedModel): Head {
  return {
    id: `chatcmpl-${newId()}`,
    created: Math.floor(Date.now() / 1000),
    model: model.name,
    system_fingerprint: fingerprintOf(model),
  }
}

/** One call of the engine for each of the n answers; they differ in their seed. */
function callsOf(body: ChatRequest, scope: RequestScope): StartAnswer[] {
  const { n, top_logprobs: top } = body
  if (top && !body.logprobs) throw badRequest('top_logprobs', 'top_logprobs needs logprobs: true')
  if (body.stream_options && !body.stream) throw badRequest('stream_options', 'stream_options needs stream: true')
  const choice = choiceOf(body)
  const tools = toolsOfChat(body, scope, choice)
  const form = { format: formOf(body), choice, tools, parallel: body.parallel_tool_calls !== false }
  const { grammar, paramOf } = grammarOf(form, 'function.parameters')
  scope.grammarParam = paramOf
  const messages = messagesOf(body.messages)
  const options = {
    ...samplingOptions(body),
    callPieces: true,
    promptProgress: body.stream === true,
    ...promptEnd(body.messages, body),
    tools: choice === 'none' ? undefined : tools,
    templateOptions: templateOptions(thinkingOf(body), body.chat_template_kwargs),
    maxTokens: tokenLimit(body.max_completion_tokens, body.max_tokens),
    logprobs: body.logprobs ? (top ?? 0) : undefined,
    grammar,
  }
  return Array.from({ length: n ?? 1 }, (_, i) =>
    startChat({ messages, options: options.seed === undefined ? options : { ...options, seed: options.seed + i } }),
  )
}

function thinkingOf({ reasoning_effort, reasoning, thinking, enable_thinking }: ChatRequest) {
  const asked = typeof thinking === 'object' && thinking !== null ? thinking.type : thinking
  const enabled = asked === 'auto' ? undefined : asked === 'disabled' ? false : asked
  return {
    effort: reasoning_effort ?? reasoning?.effort,
    enabled: enable_thinking ?? reasoning?.enabled ?? (typeof enabled === 'string' ? true : enabled),
  }
}

/** @throws ApiError where both forms of tools are there */
function toolsOfChat(
  body: ChatRequest,
  scope: RequestScope,
  choice: ToolChoice | undefined,
): ToolDefinition[] | undefined {
  const { tools, functions } = body
  if (!functions || functions.length === 0) return toolsOf(tools, scope, choice)
  if (tools && tools.length > 0) throw badRequest('functions', 'functions is the older name of tools; give one of them')
  return functions.map(toolDefinition)
}

function choiceOf({ tool_choice: choice, function_call: older }: ChatRequest): ToolChoice | undefined {
  if (!choice) return typeof older === 'object' && older !== null ? { name: older.name } : (older ?? undefined)
  if (typeof choice === 'string') return choice
  if (choice.type !== 'allowed_tools') return { name: 'custom' in choice ? choice.custom.name : choice.function.name }
  const { mode, tools } = choice.allowed_tools
  const allowed = tools.map((tool) => ('custom' in tool ? tool.custom.name : tool.function.name))
  return { allowed, must: mode === 'required' }
}
