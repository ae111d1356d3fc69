import { isJsonObject } from '../../json.js'
import { badRequest } from './api-error.js'

/**
 * How much of each thing a request may have, in all APIs: what is beyond is refused before it is checked, rendered or compiled. The
 * names of one thing in several APIs stand in one row.
 */
const LIMITS: readonly Limit[] = [
  { of: ['messages', 'input'], most: 10_000, what: 'entries', measure: entries },
  { of: ['tools', 'functions'], most: 1000, what: 'entries', measure: entries },
  { of: ['logit_bias'], most: 4096, what: 'entries', measure: entries },
  { of: ['stop', 'stop_sequences'], most: 16_384, what: 'characters', measure: characters },
  { of: ['chat_template_kwargs'], most: 65_536, what: 'characters of JSON', measure: characters },
  // 50,000 values of an enum, or 5,000 properties with descriptions, are well below it.
  { of: ['tools', 'functions'], most: 2_000_000, what: 'characters of JSON', measure: characters },
  {
    of: ['response_format', 'format', 'text', 'output_format', 'output_config'],
    most: 2_000_000,
    what: 'characters of JSON',
    measure: characters,
  },
]

/** Token ids in lists, more than a context holds: to take them from thread to thread is work. */
const MOST_IDS = 1_048_576
/** Parts of one message; most have one. */
const MOST_PARTS = 4096

interface Limit {
  /** Parameters that it is for. */
  readonly of: readonly string[]
  readonly most: number
  /** What is counted, as messages say it. */
  readonly what: string
  readonly measure: (value: unknown) => number
}

/** @throws ApiError 400 that names the parameter, what it may have and what it has */
export function checkLimits(body: unknown): void {
  if (!isJsonObject(body)) return
  for (const { of, most, what, measure } of LIMITS)
    for (const name of of) {
      if (!Object.hasOwn(body, name)) continue
      // Texts and ids to embed have the bounds of their endpoint.
      if (name === 'input' && !isListOfObjects(body[name])) continue
      const found = measure(body[name])
      if (found > most) throw tooMuch(name, most, what, found)
    }
  for (const name of ['prompt', 'tokens', 'input']) {
    const found = Object.hasOwn(body, name) ? numbersIn(body[name]) : 0
    if (found > MOST_IDS) throw tooMuch(name, MOST_IDS, 'token ids', found)
  }
  for (const name of ['messages', 'input']) checkParts(name, Object.hasOwn(body, name) ? body[name] : undefined)
}

function checkParts(name: string, messages: unknown): void {
  if (!isListOfObjects(messages)) return
  for (const [i, message] of messages.entries()) {
    const content: unknown = isJsonObject(message) ? message['content'] : undefined
    if (Array.isArray(content) && content.length > MOST_PARTS)
      throw tooMuch(`${name}[${i}].content`, MOST_PARTS, 'parts', content.length)
  }
}

function tooMuch(param: string, most: number, what: string, found: number): Error {
  return badRequest(param, `${param}: expected at most ${most} ${what}, found ${found}`, 'too_large')
}

function isListOfObjects(value: unknown): value is unknown[] {
  return Array.isArray(value) && isJsonObject(value[0])
}

/** Of a list, or of several. */
function numbersIn(value: unknown): number {
  if (!Array.isArray(value)) return 0
  return value.reduce<number>(
    (sum, one) => sum + (Array.isArray(one) ? one.length : Number(typeof one === 'number')),
    0,
  )
}

function entries(value: unknown): number {
  if (Array.isArray(value)) return value.length
  return isJsonObject(value) ? Object.keys(value).length : 0
}

function characters(value: unknown): number {
  return typeof value === 'string' ? value.length : JSON.stringify(value ?? null).length
}
