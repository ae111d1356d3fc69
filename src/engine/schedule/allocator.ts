import { UserError } from '../../errors.js'
import type { Request, Share } from './request.js'
import type { Sequence } from './sequence.js'

/** What came of an allocation: those that have their memory, and those that never will. */
export interface Allocation {
  readonly granted: Share[]
  readonly failed: { readonly request: Request; readonly error: UserError }[]
}

/** Gives sequences their memory, the oldest first, and preempts the youngest where it is short. */
export class Allocator {
  /** When each sequence that may hold memory first asked, in order of last use. */
  private readonly ages = new Map<Sequence, number>()
  private nextAge = 0

  /** The age of a sequence, which asks now. */
  ageOf(sequence: Sequence): number {
    const age = this.ages.get(sequence) ?? this.nextAge++
    this.ages.delete(sequence)
    this.ages.set(sequence, age)
    return age
  }

  /** Frees all that a sequence holds, which asks no more. */
  free(sequence: Sequence): void {
    sequence.evict()
    this.ages.delete(sequence)
  }

  /**
   * Gets pages and slots for all shares; `waiting` are all who wait for a step, `late` those who wait for something else and keep
   * their memory. While no step is in flight.
   */
  async allocate(
    shares: readonly Share[],
    waiting: readonly Request[],
    late: readonly Request[] = [],
  ): Promise<Allocation> {
    const granted: Share[] = []
    const failed: Allocation['failed'] = []
    const preempted = new Set<Sequence>()
    for (const share of [...shares].sort((a, b) => a.request.age - b.request.age)) {
      const { request } = share
      if (preempted.has(request.sequence)) continue
      const error = await this.find(share, waiting, preempted)
      if (!error) granted.push(share)
      // Older requests will give their pages back; with nobody to wait for, it will never fit.
      else if (!waiting.some((other) => other.age < request.age && holdsOn(other)) && !late.some(holdsOn)) {
        request.sequence.status = 'finished'
        failed.push({ request, error })
      }
    }
    return { granted: granted.filter(({ request }) => !preempted.has(request.sequence)), failed }
  }

  /** Memory for one share, which others may have to give up. Returns why there is none. */
  private async find(
    { request, tokens }: Share,
    waiting: readonly Request[],
    preempted: Set<Sequence>,
  ): Promise<UserError | undefined> {
    let isLast = false
    for (;;) {
      try {
        await request.sequence.allocate(request.sequence.length + tokens)
        return undefined
      } catch (error) {
        if (!(error instanceof UserError) || error.code !== 'out_of_memory') throw error
        const victim = this.resting() ?? youngest(waiting, request.age)
        if (!victim && isLast) return error
        // A sequence may have freed its memory by itself since the try: without a victim there is one more.
        isLast = !victim
        if (!victim) continue
        victim.evict()
        preempted.add(victim)
        for (const { sequence, rows } of waiting) if (sequence === victim) rows.length = 0
      }
    }
  }

  /** The sequence that waits for nothing and was used least recently. */
  private resting(): Sequence | undefined {
    for (const sequence of this.ages.keys()) if (sequence.status === 'finished' && sequence.holdsMemory) return sequence
    return undefined
  }
}

/** The youngest sequence that waits, and is younger than `age`. */
function youngest(waiting: readonly Request[], age: number): Sequence | undefined {
  let found: Request | undefined
  for (const other of waiting) if (other.age > (found?.age ?? age) && holdsOn(other)) found = other
  return found?.sequence
}

function holdsOn({ sequence }: Request): boolean {
  return sequence.status !== 'finished' && sequence.holdsMemory
}
