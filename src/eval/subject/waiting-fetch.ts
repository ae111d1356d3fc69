import type * as Undici from 'undici'

/**
 * A fetch that waits for an answer as long as it takes: that of Node gives up after five minutes without a header, and a slow model, or one
 * with many requests at once, writes longer than that. Elsewhere fetch has no such limit. Who wants an end uses the request's signal.
 */
export async function waitingFetch(): Promise<typeof fetch> {
  // By a name that bundlers for browsers do not follow; no page has it.
  const name = 'undici'
  const undici = (await import(/* webpackIgnore: true */ /* @vite-ignore */ name).catch(() => undefined)) as
    typeof Undici | undefined
  if (!undici) return fetch
  const dispatcher = new undici.Agent({ headersTimeout: 0, bodyTimeout: 0 })
  const withoutEnd = (url: string, init: RequestInit): Promise<unknown> =>
    undici.fetch(url, { ...(init as Undici.RequestInit), dispatcher })
  return withoutEnd as typeof fetch
}
