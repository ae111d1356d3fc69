import type { Whole } from './markdown.js'
import type { Message } from './types.js'
import { newId } from '../page/id.js'

const FORMAT = 'kaiyuan-conversations'
const VERSION = 1
const MOST_MESSAGES = 100_000

export function toJson(all: readonly Whole[]): string {
  return JSON.stringify({ format: FORMAT, version: VERSION, conversations: all }, null, 1)
}

/**
 * Reads what {@link toJson} wrote. Everything gets a new id, so that nothing here is replaced.
 * @throws Error that says what is wrong
 */
export function fromJson(text: string): Whole[] {
  const file = JSON.parse(text) as { format?: unknown; version?: unknown; conversations?: unknown }
  if (typeof file !== 'object' || file === null || file.format !== FORMAT)
    throw new Error(`expected a file of ${FORMAT}, found ${text.slice(0, 40)}`)
  if (file.version !== VERSION) throw new Error(`expected version ${VERSION}, found ${JSON.stringify(file.version)}`)
  if (!Array.isArray(file.conversations)) throw new Error('expected a list of conversations')
  return file.conversations.map((whole: unknown, i) => readWhole(whole, i))
}

function readWhole(whole: unknown, at: number): Whole {
  const { conversation, messages } = record(whole, `conversations[${at}]`)
  const own = record(conversation, `conversations[${at}].conversation`)
  if (!Array.isArray(messages) || messages.length > MOST_MESSAGES)
    throw new Error(`conversations[${at}].messages: expected a list of at most ${MOST_MESSAGES}`)
  const id = newId()
  const ids = new Map<string, string>([['', '']])
  const read = messages.map((message: unknown, i) => record(message, `conversations[${at}].messages[${i}]`))
  for (const message of read) ids.set(string(message['id']), newId())
  const chosen = Object.entries(typeof own['chosen'] === 'object' ? (own['chosen'] ?? {}) : {}).flatMap(
    ([parent, child]): [string, string][] => {
      const [from, to] = [ids.get(parent), ids.get(string(child))]
      return from === undefined || to === undefined ? [] : [[from, to]]
    },
  )
  const now = Date.now()
  return {
    conversation: {
      id,
      title: string(own['title']).slice(0, 200),
      created: time(own['created'], now),
      changed: time(own['changed'], now),
      settings: typeof own['settings'] === 'object' && own['settings'] !== null ? own['settings'] : {},
      chosen: Object.fromEntries(chosen),
      ...(typeof own['model'] === 'string' && { model: own['model'] }),
      ...(typeof own['sentAfter'] === 'string' && { sentAfter: ids.get(own['sentAfter']) }),
    },
    messages: read.map((message, i) => readMessage(message, `conversations[${at}].messages[${i}]`, id, ids)),
  }
}

function readMessage(
  message: Record<string, unknown>,
  at: string,
  conversation: string,
  ids: ReadonlyMap<string, string>,
): Message {
  const { role, state } = message
  if (role !== 'user' && role !== 'assistant' && role !== 'tool')
    throw new Error(`${at}.role: expected user, assistant or tool, found ${JSON.stringify(role)}`)
  const parent = ids.get(string(message['parent']))
  if (parent === undefined) throw new Error(`${at}.parent: there is no such message`)
  const optional = ['reasoning', 'callId', 'model', 'reason', 'compare'] as const
  const texts = optional.flatMap((name) => (typeof message[name] === 'string' ? [[name, message[name]] as const] : []))
  return {
    id: ids.get(string(message['id']))!,
    conversation,
    parent,
    role,
    text: string(message['text']),
    created: time(message['created'], Date.now()),
    state: state === 'cut' || state === 'failed' ? state : state === 'answering' ? 'cut' : 'done',
    ...Object.fromEntries(texts),
    ...(typeof message['reasoningSeconds'] === 'number' && { reasoningSeconds: message['reasoningSeconds'] }),
    ...(message['edited'] === true && { edited: true }),
    ...(Array.isArray(message['files']) && { files: message['files'].map((file) => attachment(record(file, at))) }),
    ...(Array.isArray(message['calls']) && { calls: message['calls'].map((call) => called(record(call, at))) }),
    ...(typeof message['recipe'] === 'object' &&
      message['recipe'] !== null && { recipe: { settings: {}, ...message['recipe'] } }),
  }
}

function attachment(file: Record<string, unknown>): { name: string; text: string } {
  return { name: string(file['name']), text: string(file['text']) }
}

function called(call: Record<string, unknown>): { id: string; name: string; arguments: string } {
  return { id: string(call['id']), name: string(call['name']), arguments: string(call['arguments']) }
}

function record(value: unknown, at: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null) throw new Error(`${at}: expected an object, found ${typeof value}`)
  return value as Record<string, unknown>
}

function string(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

function time(value: unknown, otherwise: number): number {
  return typeof value === 'number' && Number.isFinite(value) ? value : otherwise
}
