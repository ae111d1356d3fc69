import type { Runner } from '../../backends/backend.js'
import { rowsOf, type Request, type Share } from './request.js'
import type { Sequence } from './sequence.js'
import { LONGEST_DRAFT } from './speculation.js'
import type { StepCost } from './step-cost.js'

/** Who lacks no more tokens than this for its rows is answering: a token, and what was drafted after it. */
const ANSWERING = 1 + LONGEST_DRAFT
/** Answers in flight wait no longer than this for a chunk of somebody's prompt, as far as a chunk can be so short. */
const LONGEST_WAIT_MS = 400
/** Rows of a chunk below which the weights would be read too often for too little. */
const SMALLEST_CHUNK = 32

/** The most tokens of the next step: all that there is room for, but while somebody answers no more than that one likes to wait for. */
export function stepLimit(waiting: readonly Request[], stepTokens: number, cost: StepCost): number {
  const missing = waiting.map(({ sequence }) => sequence.tokens.length - sequence.length)
  const answering = missing.filter((tokens) => tokens <= ANSWERING)
  if (answering.length === 0 || answering.length === waiting.length) return stepTokens
  const wished = answering.reduce((sum, tokens) => sum + tokens, 0) + SMALLEST_CHUNK
  return Math.min(stepTokens, Math.max(wished, cost.rowsWithin(LONGEST_WAIT_MS, stepTokens)))
}

/**
 * How many tokens of the next step each gets. Each gets one token first, those before the others who were served least
 * recently and so stand first; what is left is divided equally among those that want more. So a running answer waits for at
 * most one chunk of anybody's prompt, and a short prompt does not wait for a long one.
 * After Orca (OSDI 2022) and the chunked prefill of Sarathi-Serve, arXiv 2403.02310.
 */
export function divide(
  waiting: readonly Request[],
  { stepTokens, maxLogitRows }: Pick<Runner, 'stepTokens' | 'maxLogitRows'>,
): Share[] {
  let tokens = stepTokens
  let rows = maxLogitRows
  const shares: Share[] = []
  const leaders = leadersOf(waiting)
  for (const request of waiting) {
    if (tokens === 0) break
    const { sequence } = request
    const needed = rowsOf(request, 1)
    if (needed > rows) continue
    const page = sequence.nextPage()
    if (page !== undefined && leaders.get(page) !== sequence) continue
    rows -= needed
    tokens--
    shares.push({ request, tokens: 1 })
  }
  divideRest(shares, tokens, rows)
  for (const share of shares) share.tokens = share.request.sequence.stepUpTo(share.tokens)
  return shares
}

/** Gives `tokens` more, and `rows`, to shares of one token. */
function divideRest(shares: readonly Share[], tokens: number, rows: number): void {
  // The smallest wishes first, so that what they leave goes to the others.
  const wanting = shares
    .map((share) => ({ share, left: share.request.sequence.tokens.length - share.request.sequence.length - 1 }))
    .filter(({ left }) => left > 0)
    .sort((a, b) => a.left - b.left)
  wanting.forEach(({ share, left }, i) => {
    const { request } = share
    const part = Math.min(left, Math.floor(tokens / (wanting.length - i)))
    const withoutRows = Math.max(0, request.rowsFrom - request.sequence.length - 1)
    const more = Math.min(part, rows + withoutRows)
    rows -= rowsOf(request, 1 + more) - rowsOf(request, 1)
    tokens -= more
    share.tokens += more
  })
}

/** Of several with the same beginning one computes it, and the others find it in the tree: by page, who is farthest. */
function leadersOf(waiting: readonly Request[]): Map<string, Sequence> {
  const leaders = new Map<string, Request>()
  for (const request of waiting) {
    const { sequence, rowsFrom, denied } = request
    // Somebody may have computed the same prompt since it began to wait.
    if (sequence.length < rowsFrom) sequence.adopt(sequence.tokens, rowsFrom)
    const page = sequence.nextPage()
    if (page === undefined) continue
    const leader = leaders.get(page)
    // Who got no memory the last time may wait for one of the others.
    const first = !leader || (leader.denied && !denied)
    if (first || (sequence.length > leader.sequence.length && !denied)) leaders.set(page, request)
  }
  return new Map([...leaders].map(([page, { sequence }]) => [page, sequence]))
}
