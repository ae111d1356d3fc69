/** Runs jobs one after the other, in the order in which they were asked for. A failed job does not stop the next. */
export class Queue {
  private tail: Promise<unknown> = Promise.resolve()

  run<R>(job: () => Promise<R>): Promise<R> {
    const result = this.tail.then(job, job)
    this.tail = result.catch(() => undefined)
    return result
  }
}

/** Lets timers, signals and input run: a step may keep the event loop busy from its first to its last token. */
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
