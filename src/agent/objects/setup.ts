import type { ChatMessage } from '../../chat/message.js'
import type { JsonStyle } from '../../grammar/spec.js'
import type { AnswerOptions, ChatAnswerOptions, PromptCount } from '../../remote/engine-like.js'
import { isJsonObject } from '../../json.js'
import { UserError } from '../../errors.js'
import { issuesText, type Issue } from '../schema/schema.js'

/** What is asked: a text, or a conversation. */
export type ObjectPrompt = string | readonly ChatMessage[]

export interface ObjectOptions extends Omit<AnswerOptions, 'grammar'>, Pick<ChatAnswerOptions, 'templateOptions'> {
  /** Further answers where one does not pass the schema's own checks; 2 by default. */
  readonly retries?: number | undefined
  /** Characters of a string that has no limit of its own: 2,000 by default. */
  readonly maxLength?: number | undefined
  /** Tell the model the schema, at the end of the prompt: true by default. */
  readonly describe?: boolean | undefined
  /** How the JSON is written. */
  readonly style?: JsonStyle | undefined
}

/** Tokens of all attempts. */
export interface ObjectUsage extends PromptCount {
  readonly tokens: number
  readonly attempts: number
}

const MAX_LENGTH = 2_000
const RETRIES = 2

/** Options with their defaults, and what is the model's. */
export function withDefaults(options: ObjectOptions): {
  readonly retries: number
  readonly maxLength: number
  readonly describe: boolean
  readonly style: JsonStyle
  readonly generate: Omit<ChatAnswerOptions, 'tools'>
} {
  const { retries = RETRIES, maxLength = MAX_LENGTH, describe = true, style = {}, ...generate } = options
  return { retries, maxLength, describe, style, generate }
}

/** The conversation of a prompt, with the schema told at its end. */
export function messagesOf(prompt: ObjectPrompt, schema: unknown, describe: boolean): ChatMessage[] {
  const messages: ChatMessage[] = typeof prompt === 'string' ? [{ role: 'user', content: prompt }] : [...prompt]
  const last = messages.at(-1)
  if (!last) throw new UserError('the prompt: expected a text or messages; found none', 'invalid_argument')
  if (describe && last.role === 'user')
    messages[messages.length - 1] = {
      ...last,
      content: `${last.content ?? ''}\n\nAnswer with JSON of this schema: ${JSON.stringify(schema)}`,
    }
  return messages
}

/** Keywords that limit a string already, or make another type of it. */
const LIMITED = ['maxLength', 'enum', 'const', '$ref', 'allOf', 'anyOf', 'oneOf', 'not', 'if']
/** Formats of zod that only repeat its pattern; all others limit a string by themselves. */
const OPEN_FORMATS: readonly unknown[] = [
  undefined,
  'starts_with',
  'ends_with',
  'includes',
  'regex',
  'lowercase',
  'uppercase',
]
/** Keywords whose values are no schemas. */
const DATA = new Set(['enum', 'const', 'default', 'examples'])

/** A schema whose strings all have a limit, so that every answer ends. */
export function bounded(schema: unknown, maxLength: number): unknown {
  if (Array.isArray(schema)) return schema.map((part) => bounded(part, maxLength))
  if (!isJsonObject(schema)) return schema
  const parts = Object.entries(schema).map(([key, part]) => [key, DATA.has(key) ? part : bounded(part, maxLength)])
  const types = [schema['type'] ?? []].flat()
  const isOpen =
    types.includes('string') &&
    OPEN_FORMATS.includes(schema['format']) &&
    !LIMITED.some((keyword) => Object.hasOwn(schema, keyword))
  const least = typeof schema['minLength'] === 'number' ? schema['minLength'] : 0
  if (isOpen) parts.push(['maxLength', Math.max(maxLength, least)])
  return Object.fromEntries(parts) as unknown
}

export function againMessage(issues: readonly Issue[]): ChatMessage {
  return { role: 'user', content: `That does not fit: ${issuesText(issues)}. Answer again.` }
}

export function noObject(issues: readonly Issue[], attempts: number, text: string): UserError {
  const shown = text.length > 200 ? `${text.slice(0, 200)}...` : text
  return new UserError(
    `no answer passed the schema in ${attempts} attempts: ${issuesText(issues)}; the last one was ${shown}`,
    'invalid_answer',
    { remedies: [{ advice: 'more retries' }, { advice: 'saying in the prompt what is checked' }] },
  )
}

export function cutOff(tokens: number): UserError {
  return new UserError(`the answer was cut off after ${tokens} tokens`, 'invalid_answer', {
    remedies: [{ option: 'maxTokens', change: 'raise' }, { advice: 'a schema with fewer or shorter parts' }],
  })
}
