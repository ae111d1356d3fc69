/**
 * Work in the background that hands over items and ends with a result. It runs whether or not it is read, and what came is kept, so that
 * several readers may follow it from its first item. Errors come out of every reader and of `result`; nobody has to listen.
 */
export class KeptStream<Item, Result> {
  readonly items: Item[] = []
  readonly result: Promise<Result>
  private readonly controller = new AbortController()
  private settled = false
  private waiters: (() => void)[] = []

  /** @param run does the work: it pushes every item, ends early when the signal says so, and returns the result */
  constructor(run: (push: (item: Item) => void, signal: AbortSignal) => Promise<Result>) {
    const push = (item: Item): void => {
      this.items.push(item)
      this.wake()
    }
    // A microtask later, so that a failure at once is still a rejection and never a throw of the constructor.
    this.result = Promise.resolve()
      .then(() => run(push, this.controller.signal))
      .finally(() => {
        this.settled = true
        this.wake()
      })
    this.result.catch(() => undefined)
  }

  /** Asks the work to end. */
  abort(): void {
    if (!this.settled) this.controller.abort()
  }

  /** Each item from the first. A reader that leaves early ends the work. */
  async *each(): AsyncGenerator<Item, void, undefined> {
    let next = 0
    for await (const length of this.lengths()) while (next < length) yield this.items[next++]!
  }

  /** The newest item each time that the reader asks; those between are left out. A reader that leaves early ends the work. */
  async *newest(): AsyncGenerator<Item, void, undefined> {
    for await (const length of this.lengths()) yield this.items[length - 1]!
  }

  /** How many items there are, each time that there are more. */
  private async *lengths(): AsyncGenerator<number, void, undefined> {
    try {
      for (let seen = 0; ;) {
        if (seen < this.items.length) yield (seen = this.items.length)
        else if (this.settled) break
        else await new Promise<void>((resolve) => this.waiters.push(resolve))
      }
      await this.result
    } finally {
      this.abort()
    }
  }

  private wake(): void {
    const waiters = this.waiters
    this.waiters = []
    for (const resolve of waiters) resolve()
  }
}
