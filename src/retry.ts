/** When a request that failed is worth another try, and how long to wait before it. */

/** How often, and with what pauses. */
export interface Retries {
  /** After the first. */
  readonly tries: number
  readonly firstPauseMs: number
  readonly longestPauseMs: number
  /** Of a pause that a server asks for; who asks for a longer one is not waited for. Default 320: hubs count requests in five minutes. */
  readonly longestAskedSeconds?: number
}

/** Statuses that pass by themselves. */
export function passes(status: number): boolean {
  return [408, 425, 429].includes(status) || (status >= 500 && status !== 501 && status !== 505)
}

/** Seconds that a server asks for: `Retry-After: 5`, a date, or a hub's `RateLimit: "resolvers";r=0;t=55`. RFC 9110, section 10.2.3. */
export function secondsAsked(header: (name: string) => string | null | undefined): number | undefined {
  const limit = header('ratelimit') ?? ''
  const [, seconds] = /(?:^|;)\s*t=(\d+)/.exec(limit) ?? []
  if (seconds !== undefined && /(?:^|;)\s*r=0(?:;|$)/.test(limit)) return Number(seconds)
  const value = header('retry-after') ?? ''
  if (/^\s*\d+\s*$/.test(value)) return Number(value)
  const date = Date.parse(value)
  return Number.isNaN(date) ? undefined : Math.max(0, Math.ceil((date - Date.now()) / 1000))
}

/**
 * The pause before the next try, ms: what the server asks for, or up to twice the one before, drawn at random so that
 * clients which failed together do not come back together. Undefined where waiting is no use.
 */
export function pauseBefore(attempt: number, retries: Retries, asked?: number): number | undefined {
  if (attempt > retries.tries) return undefined
  const { firstPauseMs, longestPauseMs, longestAskedSeconds = 320 } = retries
  const own = Math.random() * Math.min(longestPauseMs, firstPauseMs * 2 ** attempt)
  if (asked === undefined) return own
  return asked > longestAskedSeconds ? undefined : 1000 * asked + own
}

/** Tries of a host from which nothing has ever come: its name is wrong, or there is no network. */
const UNREACHED_TRIES = 3

/** With fewer tries where no answer has come from the host yet. */
export function retriesFor(retries: Retries, wasReached: boolean): Retries {
  return wasReached ? retries : { ...retries, tries: Math.min(UNREACHED_TRIES, retries.tries) }
}

/** @throws what the signal was ended with, at once */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      clearTimeout(timer)
      reject(signal?.reason as Error)
    }
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop)
      resolve()
    }, ms)
    if (signal?.aborted) stop()
    else signal?.addEventListener('abort', stop, { once: true })
  })
}
