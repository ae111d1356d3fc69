/** JSON of files and of people. */
import { UserError } from './errors.js'

export type JsonObject = { readonly [key: string]: unknown }

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/**
 * The JSON object in `bytes`; NaN and Infinity, which Python writes into some published files, become null.
 * @throws UserError when it is not UTF-8, not JSON or not an object.
 */
export function parseJsonObject(bytes: Uint8Array, where: string): JsonObject {
  let value: unknown
  if (isDeeper(bytes, DEEPEST))
    throw new UserError(
      `${where}: expected JSON of at most ${DEEPEST} levels, found more. Download the file again.`,
      'invalid_file',
    )
  try {
    value = parseLenient(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new UserError(`${where}: expected JSON, but ${reason}. Download the file again.`, 'invalid_file', { cause })
  }
  if (isJsonObject(value)) return value
  const found = value === null ? 'null' : Array.isArray(value) ? 'an array' : `a ${typeof value}`
  throw new UserError(`${where}: expected a JSON object, found ${found}. Download the file again.`, 'invalid_file')
}

/** Published files have ten; what walks through a value may do so by recursion. */
export const DEEPEST = 200

function isDeeper(json: Uint8Array, limit: number): boolean {
  let depth = 0
  for (let i = 0; i < json.length; i++) {
    const byte = json[i]
    if (byte === 0x22) while (++i < json.length && json[i] !== 0x22) i += json[i] === 0x5c ? 1 : 0
    else if (byte === 0x5b || byte === 0x7b) {
      if (++depth > limit) return true
    } else if (byte === 0x5d || byte === 0x7d) depth--
  }
  return false
}

function parseLenient(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    let quoted = false
    const strict = text.replace(/\\[^]|"|-?Infinity|NaN/g, (part) => {
      if (part === '"') quoted = !quoted
      return quoted || part === '"' || part.startsWith('\\') ? part : 'null'
    })
    if (strict === text) throw error
    return JSON.parse(strict)
  }
}

/** Any value of a file for a message: JSON, cut to a line. String() would trip over objects with a toString key. */
export function shortText(value: unknown): string {
  const text = typeof value === 'bigint' ? value.toString() : (JSON.stringify(value) ?? 'undefined')
  return text.length > 80 ? `${text.slice(0, 80)}...` : text
}
