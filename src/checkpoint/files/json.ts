import { UserError } from '../../errors.js'
import type { JsonObject } from '../checkpoint.js'
import type { ByteSource } from './source.js'

/** The JSON object in `bytes`. @throws UserError when it is not UTF-8, not JSON or not an object. */
export function parseJsonObject(bytes: Uint8Array, where: string): JsonObject {
  let value: unknown
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

/** Python writes Infinity and NaN, which JSON does not have, into some published configs: they become null. */
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

/** Reads a whole JSON file of at most `limit` bytes. */
export async function readJsonObject(source: ByteSource, limit: number): Promise<JsonObject> {
  if (source.size > limit) {
    throw new UserError(
      `${source.name}: expected at most ${limit} bytes of JSON, found ${source.size}. This is not the file it claims to be.`,
      'invalid_file',
    )
  }
  return parseJsonObject(await source.read(0, source.size), source.name)
}

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Any value of a file for a message: JSON, cut to a line. String() would trip over objects with a toString key. */
export function shortText(value: unknown): string {
  const text = typeof value === 'bigint' ? value.toString() : (JSON.stringify(value) ?? 'undefined')
  return text.length > 80 ? `${text.slice(0, 80)}...` : text
}
