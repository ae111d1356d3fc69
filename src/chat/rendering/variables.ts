import type { ChatMessage, MessageToolCall } from '../message.js'
import type { RenderOptions } from '../prompt.js'
import { fromJavaScript, parseJson } from '../python/json.js'
import { Dict, type Value } from '../python/values.js'
import { hasThoughtBesideText, wholeTool, type Form } from './form.js'

/** A template's own special tokens, such as bos_token. */
export type SpecialTokens = Readonly<Record<string, string>>

export interface Given {
  readonly messages: readonly ChatMessage[]
  readonly options: RenderOptions
  readonly tokens: SpecialTokens
  /** The template's text, which says what it reads. */
  readonly source: string
}

/** The variables of a template, under the names and in the shapes that transformers gives them. */
export function variablesOf({ messages, options, tokens, source }: Given, form: Form): Map<string, Value> {
  const { tools, addGenerationPrompt = true, extra } = options
  const given: Record<string, unknown> = {
    ...tokens,
    tools: (form.wholeTools ? tools?.map(wholeTool) : tools) ?? null,
    documents: null,
    add_generation_prompt: addGenerationPrompt,
    ...bothNames(extra),
  }
  const variables = new Map(
    Object.entries(given)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => [name, fromJavaScript(value)]),
  )
  if (!variables.has('messages'))
    variables.set(
      'messages',
      messages.map((message) => messageValue(message, source, form)),
    )
  return variables
}

/** Whether to think is asked for by either of two names, as the template has it. */
function bothNames(extra: Record<string, unknown> = {}): Record<string, unknown> {
  const asked = extra['enable_thinking'] ?? extra['thinking']
  return asked === undefined ? extra : { enable_thinking: asked, thinking: asked, ...extra }
}

/** A message as transformers gives it: arguments as values, no keys without a value, and the thought under every name. */
function messageValue(message: ChatMessage, source: string, form: Form): Dict {
  const value = new Dict()
  const thought = message.reasoning_content ?? undefined
  const named = thought !== undefined && (form.thoughtBesideText || !hasThoughtBesideText(message))
  if (named) value.set('thinking', thought)
  for (const [key, item] of Object.entries(message) as [string, unknown][]) {
    if (item !== undefined) value.set(key, fromJavaScript(key === 'tool_calls' ? null : item))
  }
  if (message.content === null) value.set('content', form.nullContent)
  if (message.role === 'developer') value.set('role', form.developer)
  if (message.tool_calls)
    value.set(
      'tool_calls',
      message.tool_calls.map((call) => callValue(call, form)),
    )
  // Not among the names that transformers gives: only for those that read it.
  if (named && /\breasoning\b/.test(source)) value.set('reasoning', thought)
  return value
}

function callValue(call: MessageToolCall, { argumentsAs }: Form): Value {
  const { arguments: text } = call.function
  const inner = Dict.of(entriesOf(call.function))
  inner.set('arguments', argumentsAs === 'text' ? text : argumentsValue(text))
  const value = Dict.of(entriesOf({ ...call, type: 'function' }))
  value.set('function', inner)
  return value
}

function entriesOf(object: object): [string, Value][] {
  return Object.entries(object)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => [key, fromJavaScript(value)])
}

/** The object of JSON text, with its order and its numbers; none, and null, is an empty one, and what is no JSON stays as it is. */
function argumentsValue(text: string): Value {
  return ['', 'null'].includes(text.trim()) ? new Dict() : (parseJson(text) ?? text)
}

/** Templates that look back from each message take a few steps for each pair; beyond this no context holds the conversation. */
const MAX_PAIRS = 5_000_000

/** Work that a template may take for this conversation, about: some templates look back from each message. */
export function workOf({ messages, options }: Given): number {
  const texts = messages.flatMap((m) => [
    m.content,
    m.reasoning_content,
    ...(m.tool_calls ?? []).map((call) => call.function.arguments),
  ])
  const characters = texts.reduce((sum, text) => sum + (text?.length ?? 0), JSON.stringify(options.tools ?? []).length)
  const pairs = Math.min(messages.length ** 2, MAX_PAIRS)
  return characters + 500 * messages.length + 8 * pairs + 5000 * (options.tools?.length ?? 0)
}
