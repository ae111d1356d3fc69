import { UserError } from '../../errors.js'
import { pause as wait, type Retries } from '../../retry.js'

/** How long a request is tried. */
export interface Patience extends Pick<Retries, 'firstPauseMs' | 'longestPauseMs'> {
  /** Tries after the first without anything new. */
  readonly tries: number
  /** A connection without a byte for this long is given up. */
  readonly stallMs: number
}

export const PATIENCE: Patience = { tries: 8, firstPauseMs: 250, longestPauseMs: 30_000, stallMs: 30_000 }

/** @throws UserError aborted, at once when the signal fires */
export async function pause(ms: number, signal?: AbortSignal): Promise<void> {
  await wait(ms, signal).catch(() => {
    throw aborted()
  })
}

export function throwIfAborted(signal?: AbortSignal): void {
  if (signal?.aborted) throw aborted()
}

export function aborted(): UserError {
  return new UserError('ended before all was fetched; what came is kept, and the next pull resumes it', 'aborted')
}
