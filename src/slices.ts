/** Long work in slices: timers, input and other requests get their turn between two of them. */

/** Work that may pause where it yields, which is after a millisecond or two. */
export type Steps<T> = Generator<undefined, T, undefined>

/** Small steps, such as tokens of a vocabulary, between two places where work may pause. */
export const SMALL_STEPS = 2048
/** Milliseconds of work after which events get their turn. */
const SLICE_MS = 10

/** Work from its first to its last step, without a pause. */
export function atOnce<T>(steps: Steps<T>): T {
  for (;;) {
    const { done, value } = steps.next()
    if (done) return value
  }
}

/** Work in slices. */
export async function inSlices<T>(steps: Steps<T>, pace = new Pace()): Promise<T> {
  for (;;) {
    const { done, value } = steps.next()
    if (done) return value
    await pace.pause()
  }
}

/** Does `work` for every item; may pause every {@link SMALL_STEPS} of them. */
export function each<T>(items: readonly T[], work: (item: T, place: number) => void): Steps<void> {
  return eachPlace(items.length, (place) => work(items[place]!, place))
}

/** The same for every place of a list of so many items. */
export function* eachPlace(count: number, work: (place: number) => void): Steps<void> {
  for (let place = 0; place < count; place++) {
    work(place)
    if ((place + 1) % SMALL_STEPS === 0) yield
  }
}

/** Lets events in when a slice of work is done. */
export class Pace {
  private since = performance.now()

  /** @param turn what a slice is followed by */
  constructor(private readonly turn: () => Promise<void> = yieldToEvents) {}

  /** A place where work may pause: nothing happens before its slice is done. */
  async pause(): Promise<void> {
    if (performance.now() - this.since < SLICE_MS) return
    await this.turn()
    this.since = performance.now()
  }
}

/** Lets timers, signals and input run: work may keep the event loop busy from its first to its last step. */
export function yieldToEvents(): Promise<void> {
  return new Promise((resolve) => {
    if (typeof setImmediate === 'function') {
      setImmediate(resolve)
      return
    }
    // Browsers: a message arrives at once, where a nested timeout waits 4 ms.
    const { port1, port2 } = new MessageChannel()
    port1.onmessage = () => {
      port1.close()
      resolve()
    }
    port2.postMessage(undefined)
  })
}
