import { ApiError } from '../http/api-error.js'

export interface AdmissionLimits {
  /** Answers in flight. */
  readonly running: number
  /** Requests that wait for their turn. */
  readonly waiting: number
  /**
   * Answers that every client may have in flight whatever the others have, above `running` where it must be: answers are not
   * taken away from those who have them, and they may take hours. Their number is bounded where clients are keys. 0 by default.
   */
  readonly guaranteed?: number
}

/** A request that waits for its turn. */
interface Ticket {
  readonly client: string
  /** Answers that it wants at once. */
  readonly weight: number
  readonly admit: () => void
  readonly refuse: (error: ApiError) => void
}

/** What Retry-After says at most, in seconds. */
const LONGEST_WAIT = 60

/**
 * Who is served when: at most this many answers at once, the rest waits in one line per client, and the clients take turns, so
 * that whoever sends a thousand requests delays its own. When the lines are full, the client with the longest loses its latest.
 */
export class Admission {
  private running = 0
  private readonly runningOf = new Map<string, number>()
  private waitingCount = 0
  /** In the order of their turns. */
  private readonly lines = new Map<string, Ticket[]>()
  /** How long answers take, a moving average in milliseconds. */
  private duration = 1000

  constructor(private readonly limits: AdmissionLimits) {}

  get active(): number {
    return this.running
  }

  get waiting(): number {
    return this.waitingCount
  }

  /**
   * Resolves when it is this request's turn, with the function that ends it.
   * @throws ApiError 429 when too many wait; 499 when `signal` ends the wait
   */
  async enter(client: string, answers: number, signal: AbortSignal): Promise<() => void> {
    const weight = Math.min(answers, this.limits.running)
    const isFree = this.lines.size === 0 && this.running + weight <= this.limits.running
    if (isFree || (!this.lines.has(client) && this.isGuaranteed(client, weight))) this.count(client, weight)
    else await this.wait(client, weight, signal)
    const started = performance.now()
    let left = false
    return () => {
      if (left) return
      left = true
      this.duration += 0.1 * (performance.now() - started - this.duration)
      this.count(client, -weight)
      this.admitNext()
    }
  }

  private wait(client: string, weight: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = (end: () => void) => (): void => {
        signal.removeEventListener('abort', cancel)
        end()
      }
      const ticket: Ticket = {
        client,
        weight,
        admit: settle(resolve),
        refuse: (error) => settle(() => reject(error))(),
      }
      const cancel = (): void => {
        this.drop(ticket)
        ticket.refuse(new ApiError(499, 'the request was cancelled', { code: 'cancelled' }))
        this.admitNext()
      }
      if (signal.aborted) return cancel()
      if (this.waitingCount >= this.limits.waiting) this.makeRoom(client)
      signal.addEventListener('abort', cancel)
      const line = this.lines.get(client)
      if (line) line.push(ticket)
      else this.lines.set(client, [ticket])
      this.waitingCount++
    })
  }

  /** Refuses the latest request of the longest line; if that is the newcomer's own, the newcomer. */
  private makeRoom(newcomer: string): void {
    let longest = this.lines.get(newcomer) ?? []
    const own = longest.length + 1
    for (const line of this.lines.values()) if (line.length > Math.max(own, longest.length)) longest = line
    const latest = longest.length > own ? longest.at(-1) : undefined
    if (!latest) throw this.full()
    this.drop(latest)
    latest.refuse(this.full())
  }

  private full(): ApiError {
    const seconds = Math.ceil((this.waitingCount / this.limits.running) * (this.duration / 1000))
    const message = `${this.waitingCount} requests are waiting already; try again later`
    return new ApiError(429, message, {
      code: 'queue_full',
      retryAfter: Math.min(LONGEST_WAIT, Math.max(1, seconds)),
    })
  }

  private drop(ticket: Ticket): void {
    const line = this.lines.get(ticket.client)
    const at = line?.indexOf(ticket) ?? -1
    if (!line || at < 0) return
    line.splice(at, 1)
    this.waitingCount--
    if (line.length === 0) this.lines.delete(ticket.client)
  }

  private admit(ticket: Ticket): void {
    this.drop(ticket)
    this.count(ticket.client, ticket.weight)
    ticket.admit()
  }

  private count(client: string, weight: number): void {
    this.running += weight
    const own = (this.runningOf.get(client) ?? 0) + weight
    if (own === 0) this.runningOf.delete(client)
    else this.runningOf.set(client, own)
  }

  private isGuaranteed(client: string, weight: number): boolean {
    return (this.runningOf.get(client) ?? 0) + weight <= (this.limits.guaranteed ?? 0)
  }

  private admitNext(): void {
    for (const [client, line] of [...this.lines])
      while (line[0] && this.isGuaranteed(client, line[0].weight)) this.admit(line[0])
    for (;;) {
      const [first] = this.lines
      if (!first) return
      const [client, line] = first
      const ticket = line[0]!
      // It waits until enough end, and the others after it: else a request for many answers might wait for ever.
      if (this.running + ticket.weight > this.limits.running) return
      this.admit(ticket)
      if (line.length > 0) {
        this.lines.delete(client)
        this.lines.set(client, line)
      }
    }
  }
}
