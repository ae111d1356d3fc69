import { yieldToEvents } from '../../slices.js'
import type { Request } from './request.js'
import type { Sequence } from './sequence.js'

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
  /** Whose last preparation took long. In a step with others they are late from the start, and one of them is begun at a time. */
  private readonly slow = new WeakSet<Sequence>()
  private restUntil = 0

  /** Requests whose rows wait. */
  get late(): Request[] {
    return [...this.all.values()].filter(({ settle }) => settle).map(({ request }) => request)
  }

  /** Whether something is still to begin. */
  get hasWork(): boolean {
    for (const { isBegun } of this.all.values()) if (!isBegun) return true
    return false
  }

  /**
   * Prepares those who get their rows from a step, while it runs and a little longer. It does not fail.
   * @param others sequences in the step that are none of these
   */
  async during(requests: readonly Request[], others: number, step: Promise<unknown>): Promise<void> {
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
      const isSlow = this.slow.has(request.sequence) && requests.length + others > 1
      if (!mustBe && (isSlow || performance.now() > end)) continue
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

  /**
   * Begins what is late, for a few milliseconds: what took long before comes last, and only when as much time has passed as it took.
   * @param others whether anybody waits for a step
   */
  work(others: boolean): void {
    const started = performance.now()
    const late = [...this.all.values()].filter(({ isBegun }) => !isBegun)
    const isSlow = ({ request }: Preparation): boolean => this.slow.has(request.sequence)
    for (const preparation of [...late.filter((one) => !isSlow(one)), ...late.filter(isSlow)]) {
      if (isSlow(preparation) && others && started < this.restUntil) return
      // Who was cancelled needs no mask.
      if (preparation.request.signal?.aborted) finish(preparation)
      else void this.begin(preparation)
      if (performance.now() > started + GRACE_MS) return
    }
  }

  /** Their step failed, and they know. */
  drop(requests: readonly Request[]): void {
    for (const request of requests) this.all.delete(request)
  }

  private async begin(preparation: Preparation): Promise<void> {
    preparation.isBegun = true
    const { sequence, meanwhile } = preparation.request
    const started = performance.now()
    try {
      const prepared = meanwhile?.()
      this.took(sequence, started)
      await prepared
    } catch (error) {
      preparation.error = error
    }
    finish(preparation)
  }

  /** What held up this thread; not what is waited for. */
  private took(sequence: Sequence, started: number): void {
    const now = performance.now()
    if (now - started <= GRACE_MS) this.slow.delete(sequence)
    else {
      this.slow.add(sequence)
      this.restUntil = 2 * now - started
    }
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
