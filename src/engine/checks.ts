import { distance } from 'fastest-levenshtein'
import type { ChatMessage, MessageToolCall, ToolDefinition } from '../chat/message.js'
import { UserError } from '../errors.js'
import type { ChatOptions, LoadOptions } from './options.js'

// Callers may be JavaScript, and a typo must not be passed over in silence. The compiler keeps these lists whole.

const CHAT_OPTIONS: Readonly<Record<keyof ChatOptions, true>> = {
  temperature: true,
  topK: true,
  topP: true,
  minP: true,
  repetitionPenalty: true,
  frequencyPenalty: true,
  presencePenalty: true,
  logitBias: true,
  logprobs: true,
  grammar: true,
  jumpForward: true,
  constraint: true,
  speculate: true,
  seed: true,
  maxTokens: true,
  stop: true,
  stopIds: true,
  promptProgress: true,
  mustAnswer: true,
  ignoreEos: true,
  cacheSalt: true,
  signal: true,
  tools: true,
  callPieces: true,
  templateOptions: true,
  continueFinalMessage: true,
  addGenerationPrompt: true,
}

const LOAD_OPTIONS: Readonly<Record<keyof LoadOptions, true>> = {
  precision: true,
  quantize: true,
  kvCache: true,
  threads: true,
  backend: true,
  contextLength: true,
  stepTokens: true,
  maxTokens: true,
  maxConcurrency: true,
  cacheMemory: true,
  speculate: true,
  prepareGrammars: true,
  longPrompts: true,
  force: true,
  profile: true,
  onProgress: true,
  onDownload: true,
  signal: true,
}

const MESSAGE: Readonly<Record<keyof ChatMessage, true>> = {
  role: true,
  content: true,
  reasoning_content: true,
  tool_calls: true,
  tool_call_id: true,
  name: true,
}

const ROLES: Readonly<Record<ChatMessage['role'], true>> = {
  system: true,
  developer: true,
  user: true,
  assistant: true,
  tool: true,
}

/** @throws UserError invalid_argument for a key that no answer has: names it and the nearest one */
export function checkAnswerKeys(options: unknown): void {
  checkKeys('options', options, CHAT_OPTIONS)
  checkSignal(options)
}

/** @throws UserError invalid_argument for a key that loading does not have */
export function checkLoadKeys(options: unknown): void {
  checkKeys('options', options, LOAD_OPTIONS)
  checkSignal(options)
  for (const name of ['onProgress', 'onDownload'] as const) {
    const listener = (options as Record<string, unknown>)[name]
    if (listener !== undefined && typeof listener !== 'function') throw wrong(`options.${name}`, 'a function', listener)
  }
}

/** @throws UserError invalid_argument for what is no saved session */
export function checkSaved(saved: unknown): void {
  if (!(ArrayBuffer.isView(saved) && 'subarray' in saved))
    throw wrong('the saved session', 'a Uint8Array, as session.save() gives it', saved)
}

/**
 * The messages of a conversation, as OpenAI's clients have them too: content may be parts of text.
 * @throws UserError invalid_argument for anything that is no message: says which, and what was expected
 */
export function checkedMessages(messages: unknown): readonly ChatMessage[] {
  if (!Array.isArray(messages))
    throw wrong('messages', 'an array such as [{ role: "user", content: "Hello" }]', messages)
  return messages.map((message: unknown, i) => checkedMessage(message, `messages[${i}]`))
}

/** @throws UserError invalid_argument for token ids that are no list of numbers */
export function checkIds(ids: unknown): void {
  if (!Array.isArray(ids) && !(ArrayBuffer.isView(ids) && 'length' in ids))
    throw wrong('the token ids', 'an array such as [1, 2, 3]', ids)
}

/** @throws UserError invalid_argument for what is no AbortSignal of this runtime */
function checkSignal(options: unknown): void {
  const { signal } = options as { readonly signal?: unknown }
  if (signal !== undefined && !(signal instanceof AbortSignal)) throw wrong('options.signal', 'an AbortSignal', signal)
}

/** @throws UserError invalid_argument for a prompt that is no text */
export function checkText(prompt: unknown): void {
  if (typeof prompt !== 'string') throw wrong('the prompt', 'a text', prompt)
}

/** @throws UserError invalid_argument for what is no list of functions */
export function checkTools(tools: unknown): asserts tools is readonly ToolDefinition[] | undefined {
  if (tools === undefined) return
  if (!Array.isArray(tools)) throw wrong('tools', 'an array', tools)
  tools.forEach((tool: unknown, i) => {
    const where = `tools[${i}]`
    const { type, function: definition } = record(tool, where) as Partial<ToolDefinition>
    if (type !== 'function') throw wrong(`${where}.type`, '"function"', type)
    const { name } = record(definition, `${where}.function`)
    if (typeof name !== 'string' || name === '') throw wrong(`${where}.function.name`, 'a name', name)
  })
}

function checkedMessage(given: unknown, where: string): ChatMessage {
  const message = record(given, where) as unknown as ChatMessage
  checkKeys(where, message, MESSAGE)
  if (!Object.hasOwn(ROLES, message.role)) throw wrong(`${where}.role`, Object.keys(ROLES).join(', '), message.role)
  const calls: unknown = message.tool_calls
  if (calls !== undefined && calls !== null) checkCalls(calls, `${where}.tool_calls`)
  const content = textOf(message.content, `${where}.content`)
  if (content === null && message.role !== 'assistant') throw wrong(`${where}.content`, 'a text', message.content)
  return content === message.content ? message : { ...message, content }
}

/** @throws UserError for content that is no text */
function textOf(content: unknown, where: string): string | null {
  if (typeof content === 'string') return content
  // Clients leave it out where an assistant only called tools.
  if (content === null || content === undefined) return null
  if (!Array.isArray(content)) throw wrong(where, 'a text, or parts of text', content)
  return content
    .map((part: unknown, i) => {
      const { type, text } = record(part, `${where}[${i}]`)
      if (type !== 'text') throw wrong(`${where}[${i}].type`, '"text" (images and sound are not read)', type)
      if (typeof text !== 'string') throw wrong(`${where}[${i}].text`, 'a text', text)
      return text
    })
    .join('')
}

function checkCalls(calls: unknown, where: string): void {
  if (!Array.isArray(calls)) throw wrong(where, 'an array', calls)
  calls.forEach((call: unknown, i) => {
    const { function: called } = record(call, `${where}[${i}]`) as Partial<MessageToolCall>
    const { name } = record(called, `${where}[${i}].function`)
    if (typeof name !== 'string') throw wrong(`${where}[${i}].function.name`, 'a name', name)
  })
}

function record(value: unknown, where: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrong(where, 'an object', value)
  return value as Record<string, unknown>
}

function checkKeys(where: string, given: unknown, known: Readonly<Record<string, true>>): void {
  for (const key of Object.keys(record(given, where))) {
    if (Object.hasOwn(known, key)) continue
    const near = Object.keys(known).sort((a, b) => distance(a, key) - distance(b, key))[0]!
    const hint = distance(near, key) <= 3 ? `; did you mean ${near}?` : `; there are ${Object.keys(known).join(', ')}`
    throw new UserError(`${where}: unknown key ${key}${hint}`, 'invalid_argument')
  }
}

function wrong(where: string, expected: string, found: unknown): UserError {
  return new UserError(`${where}: expected ${expected}; found ${shown(found)}`, 'invalid_argument')
}

/** At most a line of it. */
function shown(value: unknown): string {
  if (value === undefined) return 'nothing'
  if (typeof value === 'function' || typeof value === 'symbol') return `a ${typeof value}`
  const text = typeof value === 'bigint' ? `${value}n` : JSON.stringify(value)
  return text.length > 80 ? `${text.slice(0, 77)}...` : text
}
