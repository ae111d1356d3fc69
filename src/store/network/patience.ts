import { UserError } from '../../errors.js'

/** How long a request is tried. */
export interface Patience {
  /** Tries without anything new. */
  readonly tries: number
  readonly firstPauseMs: number
  readonly longestPauseMs: number
  /** A connection without a byte for this long is given up. */
  readonly stallMs: number
}

export const PATIENCE: Patience = { tries: 8, firstPauseMs: 250, longestPauseMs: 30_000, stallMs: 30_000 }

/** The hub counts requests in windows of five minutes. */
const LONGEST_ASKED_S = 320

/** Statuses that pass by themselves. */
export function passes(status: number): boolean {
  return [408, 425, 429, 500, 502, 503, 504].includes(status)
}

/** Seconds that a server asks for: `Retry-After: 5`, a date, or the hub's `RateLimit: "resolvers";r=0;t=55`. */
export function secondsAsked(header: (name: string) => string | undefined): number | undefined {
  const limit = /(?:^|;)\s*t=(\d+)/.exec(header('ratelimit') ?? '')
  if (limit && /(?:^|;)\s*r=0(?:;|$)/.test(header('ratelimit') ?? '')) return Number(limit[1])
  const value = header('retry-after')
  if (value === undefined) return undefined
  if (/^\s*\d+\s*$/.test(value)) return Number(value)
  const date = Date.parse(value)
  return Number.isNaN(date) ? undefined : Math.max(0, Math.ceil((date - Date.now()) / 1000))
}

/** Tries of a host from which nothing has ever come: its name is wrong, or there is no network. */
const UNREACHED_TRIES = 3

/** With fewer tries where no answer has come from the host yet. */
export function patienceFor(patience: Patience, wasReached: boolean): Patience {
  return wasReached ? patience : { ...patience, tries: Math.min(UNREACHED_TRIES, patience.tries) }
}

/**
 * The pause before the next try, ms: what the server asks for, or up to twice the one before, drawn at random so that
 * clients which failed together do not come back together. Undefined where waiting is no use.
 */
export function pauseBefore(attempt: number, patience: Patience, asked?: number): number | undefined {
  if (attempt > patience.tries) return undefined
  const { firstPauseMs, longestPauseMs } = patience
  const own = Math.random() * Math.min(longestPauseMs, firstPauseMs * 2 ** attempt)
  if (asked === undefined) return own
  return asked > LONGEST_ASKED_S ? undefined : 1000 * asked + own
}

/** @throws UserError aborted, at once when the signal fires */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  throwIfAborted(signal)
  return new Promise((resolve, reject) => {
    const end = (): void => {
      signal?.removeEventListener('abort', stop)
      resolve()
    }
    const timer = setTimeout(end, ms)
    const stop = (): void => {
      clearTimeout(timer)
      reject(aborted())
    }
    signal?.addEventListener('abort', stop, { once: true })
  })
}

export function throwIfAborted(signal?: AbortSignal): void {
  if (signal?.aborted) throw aborted()
}

export function aborted(): UserError {
  return new UserError('ended before all was fetched; what came is kept, and the next pull resumes it', 'aborted')
}
