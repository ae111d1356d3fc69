import type { Work } from '../automaton/limits.js'
import type { Steps } from '../pauses.js'

/** Steps between two places where others may run: some milliseconds, where each of them is expensive. */
const SLICE = 2000

/**
 * Steps that a piece of work may still do. Where it rests, others may use the same automaton: what they do in between is not its own, so
 * that it comes to the same result.
 * @example
 * const allowance = new Allowance(machine.work, 1000)
 * while (!allowance.isOver) {
 *   machine.goClass(set, byteClass)
 *   if (allowance.isDue) yield* allowance.rest()
 * }
 */
export class Allowance {
  /** What the work counts at the end, and where it is to rest. */
  end: number
  due: number

  /** @param whole of which this is a part */
  constructor(
    private readonly work: Work,
    steps: number,
    private readonly whole?: Allowance,
  ) {
    this.end = Math.min(work.steps + steps, whole?.end ?? Infinity)
    this.due = whole?.due ?? work.steps + SLICE
  }

  get isOver(): boolean {
    return this.work.steps > this.end
  }

  get isDue(): boolean {
    return this.work.steps > this.due
  }

  /** Lets others run. */
  *rest(): Steps {
    const before = this.work.steps
    yield
    this.forgive(this.work.steps - before)
  }

  private forgive(steps: number): void {
    this.end += steps
    this.due = this.work.steps + SLICE
    this.whole?.forgive(steps)
  }
}
