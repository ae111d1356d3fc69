/** Server-sent events from an async generator, at the speed of the reader. */

/** A comment this often while nothing comes, so that no proxy takes the connection for dead. */
const HEARTBEAT_MS = 15_000
/** A reader that takes nothing for this long is given up. */
const STALL_MS = 60_000

/** One event of a stream: its data, and its name where the API has names. */
export function frame(data: unknown, event?: string): string {
  const text = typeof data === 'string' ? data : JSON.stringify(data)
  return `${event === undefined ? '' : `event: ${event}\n`}data: ${text}\n\n`
}

/** How frames go over the line. */
export interface StreamForm {
  readonly contentType: string
  /** What readers skip, so that the connection is not idle; forms without such a thing have none. */
  readonly idle?: string
}

/** Server-sent events. */
export const EVENTS: StreamForm = { contentType: 'text/event-stream; charset=utf-8', idle: ': waiting\n\n' }

/** A JSON object on each line. */
export const LINES: StreamForm = { contentType: 'application/x-ndjson' }

/**
 * @param frames is asked for the next frame only when the reader has taken the last; it is returned when the reader leaves
 * @param cancel ends what the frames wait for
 */
export function eventStream(
  frames: AsyncGenerator<string, void, undefined>,
  cancel: () => void,
  form = EVENTS,
): Response {
  const encoder = new TextEncoder()
  let waiting = false
  let lastActive = performance.now()
  let timer: NodeJS.Timeout
  const stop = (): void => {
    clearInterval(timer)
    cancel()
    void frames.return()
  }
  const body = new ReadableStream<Uint8Array>(
    {
      start(controller) {
        timer = setInterval(() => {
          const idle = performance.now() - lastActive
          if (waiting && idle >= HEARTBEAT_MS) {
            lastActive = performance.now()
            if (form.idle !== undefined) controller.enqueue(encoder.encode(form.idle))
          } else if (!waiting && idle >= STALL_MS) {
            stop()
            controller.error(new Error('the reader of the stream takes nothing'))
          }
        }, HEARTBEAT_MS / 3)
        timer.unref()
      },
      async pull(controller) {
        waiting = true
        const { done, value } = await frames.next()
        waiting = false
        lastActive = performance.now()
        if (!done) return controller.enqueue(encoder.encode(value))
        clearInterval(timer)
        controller.close()
      },
      cancel: stop,
    },
    { highWaterMark: 0 },
  )
  return new Response(body, {
    headers: {
      'content-type': form.contentType,
      'cache-control': 'no-cache',
      'x-accel-buffering': 'no',
    },
  })
}

/** Reads to the end. */
export async function drained(source: AsyncIterable<unknown>): Promise<void> {
  const iterator = source[Symbol.asyncIterator]()
  while (!(await iterator.next()).done);
}

/** Items of all sources as they come, with the number of their source. Leaving early ends all of them. */
export async function* merge<T>(
  sources: readonly AsyncIterable<T>[],
): AsyncGenerator<{ source: number; item: T }, void, undefined> {
  const iterators = sources.map((source) => source[Symbol.asyncIterator]())
  const next = (source: number) => iterators[source]!.next().then((result) => ({ source, result }))
  const pending = new Map(iterators.map((_, source) => [source, next(source)]))
  try {
    while (pending.size > 0) {
      const { source, result } = await Promise.race(pending.values())
      if (result.done) pending.delete(source)
      else {
        pending.set(source, next(source))
        yield { source, item: result.value }
      }
    }
  } finally {
    for (const [source, promise] of pending) {
      promise.catch(() => undefined)
      void iterators[source]!.return?.().catch(() => undefined)
    }
  }
}
