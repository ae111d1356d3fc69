import { yieldToEvents } from '../slices.js'

/** At most this many milliseconds of rest follow a slice, however long it was. */
const LONGEST_REST = 50

interface Waiting {
  readonly done: number
  readonly go: () => void
}

/**
 * Works of one thread that take long do a slice each in turn, whoever has done least first: so one piece of many works delays others
 * no more than one of a single work, and a small work does not wait for large ones. While others are at work, a slice is
 * followed by a rest of its length.
 * @example
 * const turns = new Turns(() => scheduler.active > 0)
 * await turns.next(0, 0)
 */
export class Turns {
  private readonly waiting: Waiting[] = []
  private serving = false
  private owed = 0

  /** @param isBusy whether others are at work */
  constructor(private readonly isBusy: () => boolean = () => false) {}

  /** Resolves when it is the turn of a work of which `done` milliseconds are done, `slice` of them since its last turn. */
  next(done: number, slice: number): Promise<void> {
    this.owed += slice
    return new Promise((go) => {
      this.waiting.push({ done, go })
      if (!this.serving) void this.serve()
    })
  }

  private async serve(): Promise<void> {
    this.serving = true
    while (this.waiting.length > 0) {
      const rest = this.isBusy() ? Math.min(this.owed, LONGEST_REST) : 0
      this.owed = 0
      if (rest >= 1) await new Promise((resolve) => setTimeout(resolve, rest))
      await yieldToEvents()
      const least = this.waiting.reduce((one, other) => (other.done < one.done ? other : one))
      this.waiting.splice(this.waiting.indexOf(least), 1)
      // Its slice is over before the event loop takes its next turn.
      least.go()
    }
    this.serving = false
  }
}
