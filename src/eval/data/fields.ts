/** Fields of documents, which are others' files. */
import { UserError } from '../../errors.js'
import type { JsonObject } from '../../json.js'

export function textOf(doc: JsonObject, field: string): string {
  const value = doc[field]
  if (typeof value === 'string') return value
  throw wrong(field, 'a text', value)
}

export function textsOf(doc: JsonObject, field: string): string[] {
  const value = doc[field]
  if (Array.isArray(value) && value.every((one) => typeof one === 'string')) return value
  throw wrong(field, 'texts', value)
}

/** A whole number, as such or in digits. */
export function numberOf(doc: JsonObject, field: string): number {
  const value = doc[field]
  const number = typeof value === 'string' && value !== '' ? Number(value) : value
  if (typeof number === 'number' && Number.isSafeInteger(number)) return number
  throw wrong(field, 'a whole number', value)
}

function wrong(field: string, expected: string, found: unknown): UserError {
  return new UserError(
    `a document's ${field}: expected ${expected}, found ${JSON.stringify(found)?.slice(0, 60) ?? 'nothing'}`,
    'invalid_file',
  )
}
