/** Lists that hubs send, read with care: they come from somebody else. */
import { UserError } from '../../errors.js'
import { isJsonObject, type JsonObject } from '../../json.js'
import { isWebPage, webPage } from '../network/refusals.js'
import { wholeBody, type Answer } from '../network/transport.js'
import type { FileHash } from '../listing.js'

/** A list of 20,000 files takes 6 MB. */
const LARGEST_LIST = 64 << 20
/** Files of a repository that are listed. */
export const MOST_FILES = 100_000

/** @throws UserError when it is no JSON */
export async function jsonAnswer(name: string, answer: Answer): Promise<unknown> {
  if (isWebPage(answer)) {
    await answer.discard()
    throw webPage(name, answer.url)
  }
  const bytes = await wholeBody(answer, LARGEST_LIST)
  try {
    if (bytes) return JSON.parse(new TextDecoder().decode(bytes)) as unknown
  } catch {
    // said below
  }
  throw unexpected(name, 'a list in JSON', bytes ? new TextDecoder().decode(bytes.subarray(0, 80)) : 'more than 64 MB')
}

export function unexpected(name: string, expected: string, found: unknown): UserError {
  const text = typeof found === 'string' ? found : (JSON.stringify(found) ?? 'nothing')
  return new UserError(
    `${name}: expected ${expected} from the hub, found ${text.slice(0, 80)}. Try again later, or another source.`,
    'network',
  )
}

export function objectsIn(value: unknown): JsonObject[] {
  return Array.isArray(value) ? value.filter(isJsonObject) : []
}

export function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined
}

export function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

/** A size that a file can have. */
export function sizeOf(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined
}

export function sha256Of(value: unknown): { readonly sha256: string } | undefined {
  return typeof value === 'string' && /^[0-9a-f]{64}$/i.test(value) ? { sha256: value.toLowerCase() } : undefined
}

export function gitSha1Of(value: unknown): { readonly gitSha1: string } | undefined {
  return typeof value === 'string' && /^[0-9a-f]{40}$/.test(value) ? { gitSha1: value } : undefined
}

/** A commit for sources that have none: 40 digits that tell this list from others. */
export async function listDigest(
  files: readonly { path: string; size: number; hash?: FileHash | undefined; etag?: string | undefined }[],
): Promise<string> {
  const rows = files.map(({ path, size, hash, etag }) => JSON.stringify([path, size, hash ?? etag ?? ''])).sort()
  const digest = await crypto.subtle.digest('SHA-1', new TextEncoder().encode(rows.join('\n')))
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, '0')).join('')
}
