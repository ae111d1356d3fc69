import { yieldToEvents } from './queue.js'
import type { Request } from './request.js'

/** Milliseconds that a step, once it is computed, waits for what is still to be prepared. */
const GRACE_MS = 4
/** After longer work others are let through. */
const SHORT_MS = 1

/** What one request wants done, as far as it is. */
interface Preparation {
  readonly request: Request
  isBegun: boolean
  isDone: boolean
  error?: unknown
  /** The rows are there, and wait for it. */
  settle?: () => void
}

/**
 * What requests want done while their rows are computed: the masks of their grammars. Who is not done in time sits out the next
 * steps, so that long work for one sequence delays no other.
 */
export class Preparations {
  private readonly all = new Map<Request, Preparation>()

  /** Requests whose rows wait. */
  get late(): Request[] {
    return [...this.all.values()].filter(({ settle }) => settle).map(({ request }) => request)
  }

  /** Whether something is still to begin. */
  get hasWork(): boolean {
    for (const { isBegun } of this.all.values()) if (!isBegun) return true
    return false
  }

  /** Prepares those who get their rows from a step, while it runs and a little longer. It does not fail. */
  async during(requests: readonly Request[], step: Promise<unknown>): Promise<void> {
    let end = Infinity
    const over = step.then(noop, noop).then(() => {
      end = performance.now() + GRACE_MS
      return pause(GRACE_MS)
    })
    const inTime: Promise<void>[] = []
    const anyhow: Promise<void>[] = []
    for (const request of requests) {
      const preparation = { request, isBegun: false, isDone: false }
      this.all.set(request, preparation)
      // The model's draft goes over the rows of this very step.
      const mustBe = request.sequence.speculation.wantsDraft
      if (!mustBe && performance.now() > end) continue
      const started = performance.now()
      ;(mustBe ? anyhow : inTime).push(this.begin(preparation))
      if (performance.now() - started > SHORT_MS) await yieldToEvents()
    }
    if (inTime.length > 0) await Promise.race([Promise.all(inTime), over])
    await Promise.all(anyhow)
  }

  /**
   * Calls `settle` once a request is prepared, with the error where that failed: now, or else later.
   * @param keep called before that
   */
  after(request: Request, keep: () => void, settle: (error?: unknown) => void): void {
    const preparation = this.all.get(request)
    const end = (): void => {
      this.all.delete(request)
      settle(preparation?.error)
    }
    if (!preparation || preparation.isDone) return end()
    keep()
    preparation.settle = end
  }

  /** Begins what is late, for a few milliseconds. */
  work(): void {
    const end = performance.now() + GRACE_MS
    for (const preparation of [...this.all.values()]) {
      if (preparation.isBegun) continue
      // Who was cancelled needs no mask.
      if (preparation.request.signal?.aborted) finish(preparation)
      else void this.begin(preparation)
      if (performance.now() > end) return
    }
  }

  /** Their step failed, and they know. */
  drop(requests: readonly Request[]): void {
    for (const request of requests) this.all.delete(request)
  }

  private async begin(preparation: Preparation): Promise<void> {
    preparation.isBegun = true
    try {
      await preparation.request.meanwhile?.()
    } catch (error) {
      preparation.error = error
    }
    finish(preparation)
  }
}

function finish(preparation: Preparation): void {
  preparation.isBegun = preparation.isDone = true
  preparation.settle?.()
}

function noop(): void {
  return undefined
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds))
}
