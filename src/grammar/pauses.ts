/** Long work that lets others run: between two slices the event loop takes a turn. */
import { UserError } from '../errors.js'
import { Turns } from './turns.js'

/** Work that may stop for a while wherever it yields. */
export type Steps<T = void> = Generator<undefined, T, undefined>

/** Milliseconds that pass before others get a turn. */
const SLICE = 8

/**
 * Gives the event loop a turn every few milliseconds.
 * @example
 * const pauses = new Pauses()
 * for (const property of properties) {
 *   compile(property)
 *   await pauses.breathe()
 * }
 */
export class Pauses {
  private since = performance.now()
  private done = 0

  /** @param turns of all long works of this thread */
  constructor(private readonly turns = new Turns()) {}

  /** Cheap to call often: waits only where the slice is over. */
  async breathe(): Promise<void> {
    if (this.due) await this.pause()
  }

  /** Whether the slice is over, for loops that would rather not await each time. */
  get due(): boolean {
    return performance.now() - this.since > SLICE
  }

  async pause(): Promise<void> {
    const slice = performance.now() - this.since
    this.done += slice
    await this.turns.next(this.done, slice)
    this.since = performance.now()
  }

  /** Does all of the steps, with a turn for others where the slice is over. */
  async run<T>(steps: Steps<T>): Promise<T> {
    for (;;) {
      const step = steps.next()
      if (step.done) return step.value
      if (this.due) await this.pause()
    }
  }
}

/** Does all of the steps without letting others run. */
export function atOnce<T>(steps: Steps<T>): T {
  for (;;) {
    const step = steps.next()
    if (step.done) return step.value
  }
}

/** Pauses after which the work continues only where somebody still wants it. */
export class CancellablePauses extends Pauses {
  constructor(
    private readonly signal: AbortSignal | undefined,
    turns?: Turns,
  ) {
    super(turns)
  }

  override async pause(): Promise<void> {
    await super.pause()
    if (this.signal?.aborted) throw new UserError('nobody waits for the grammar any more', 'aborted')
  }
}
