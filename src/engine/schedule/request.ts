import type { RowResult, RowWish } from '../../backends/backend.js'
import type { Sequence } from './sequence.js'

/** What a sequence waits for: its tokens that are not in the cache, and what their rows give. */
export interface Request {
  readonly sequence: Sequence
  /** Rows are wanted from this position on. */
  readonly rowsFrom: number
  readonly want: RowWish
  readonly signal: AbortSignal | undefined
  /** Done while the step runs that gives the rows, or after it. */
  readonly meanwhile: (() => Promise<void>) | undefined
  /** Told how many tokens are computed, while there are more. */
  readonly onAdvance: ((computed: number) => void) | undefined
  /** Requests of a lower age came first, and keep their memory when it is short. */
  readonly age: number
  /** Rows of earlier steps, where the tokens take several. */
  readonly rows: RowResult[]
  /** Got no memory for the last step. */
  denied: boolean
  /** Undefined: it was cancelled. */
  readonly resolve: (rows: readonly RowResult[] | undefined) => void
  readonly reject: (error: unknown) => void
}

/** What a request gets of a step. */
export interface Share {
  readonly request: Request
  tokens: number
}

/** How many rows the next `tokens` tokens give. */
export function rowsOf({ sequence, rowsFrom }: Request, tokens: number): number {
  const end = sequence.length + tokens
  return Math.max(0, end - Math.max(rowsFrom, sequence.length))
}
