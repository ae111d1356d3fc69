/** Runs jobs one after the other, in the order in which they were asked for. A failed job does not stop the next. */
export class Queue {
  private tail: Promise<unknown> = Promise.resolve()

  run<R>(job: () => Promise<R>): Promise<R> {
    const result = this.tail.then(job, job)
    this.tail = result.catch(() => undefined)
    return result
  }
}
