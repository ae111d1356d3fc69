import type * as Undici from 'undici'
import { loadUndici } from '../../store/network/undici.js'

/**
 * A fetch that waits for an answer as long as it takes: that of Node gives up after five minutes without a header, and a slow model, or one
 * with many requests at once, writes longer than that. Elsewhere fetch has no such limit. Who wants an end uses the request's signal.
 */
export async function waitingFetch(): Promise<typeof fetch> {
  // No page has it.
  const undici = await loadUndici().catch(() => undefined)
  if (!undici) return fetch
  const dispatcher = new undici.Agent({ headersTimeout: 0, bodyTimeout: 0 })
  const withoutEnd = (url: string, init: RequestInit): Promise<unknown> =>
    undici.fetch(url, { ...(init as Undici.RequestInit), dispatcher })
  return withoutEnd as typeof fetch
}
