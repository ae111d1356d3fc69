/** Long work that lets others run: between two slices the event loop takes a turn. */
import { UserError } from '../errors.js'

/** Work that may stop for a while wherever it yields. */
export type Steps<T = void> = Generator<undefined, T, undefined>

/** Milliseconds that pass before others get a turn. */
const SLICE = 12

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

  /** Cheap to call often: waits only where the slice is over. */
  async breathe(): Promise<void> {
    if (this.due) await this.pause()
  }

  /** Whether the slice is over, for loops that would rather not await each time. */
  get due(): boolean {
    return performance.now() - this.since > SLICE
  }

  async pause(): Promise<void> {
    await turn()
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

/** Pauses after which the work goes on only where somebody still wants it. */
export class CancellablePauses extends Pauses {
  constructor(private readonly signal: AbortSignal | undefined) {
    super()
  }

  override async pause(): Promise<void> {
    await super.pause()
    if (this.signal?.aborted) throw new UserError('nobody waits for the grammar any more', 'aborted')
  }
}

/** setImmediate of Node; in a page, which has none, a message to oneself: timers wait 4 ms there. */
function turn(): Promise<void> {
  const { setImmediate } = globalThis as { setImmediate?: (done: () => void) => void }
  if (setImmediate) return new Promise((resolve) => setImmediate(resolve))
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel()
    port1.onmessage = () => {
      port1.close()
      resolve()
    }
    port2.postMessage(undefined)
  })
}
