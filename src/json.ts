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
  return parseJsonText(bytes, where).value
}

/**
 * The same with the text that it was.
 * @throws UserError when it is not UTF-8, not JSON or not an object.
 */
export function parseJsonText(bytes: Uint8Array, where: string): { readonly value: JsonObject; readonly text: string } {
  const tooDeep = (): UserError =>
    new UserError(
      `${where}: expected JSON of at most ${DEEPEST} levels, found more. Download the file again.`,
      'invalid_file',
    )
  if (bytes.length > SMALL && isDeeper(bytes, DEEPEST)) throw tooDeep()
  let value: unknown
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    value = parseLenient(text)
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new UserError(`${where}: expected JSON, but ${reason}. Download the file again.`, 'invalid_file', { cause })
  }
  if (bytes.length <= SMALL && hasDeeper(value, DEEPEST)) throw tooDeep()
  if (isJsonObject(value)) return { value, text }
  const found = value === null ? 'null' : Array.isArray(value) ? 'an array' : `a ${typeof value}`
  throw new UserError(`${where}: expected a JSON object, found ${found}. Download the file again.`, 'invalid_file')
}

/** Published files have ten; what walks through a value may do so by recursion. */
export const DEEPEST = 200

/** Bytes up to which levels are counted in the value: quicker, but all of a file of nothing but brackets is made first. */
const SMALL = 1 << 18

function hasDeeper(value: unknown, limit: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  if (limit === 0) return true
  for (const key in value) {
    const inner: unknown = (value as JsonObject)[key]
    if (typeof inner === 'object' && hasDeeper(inner, limit - 1)) return true
  }
  return false
}

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
