import type { Tool, ToolContext } from '../tool.js'

/** No result came in time. */
export class ToolTimeout extends Error {
  override readonly name = 'ToolTimeout'
}

const TIMEOUT_MS = 60_000

/**
 * Runs a tool and does not wait longer than for its time or for the run's: a tool that ignores its signal is left behind.
 * @throws ToolTimeout, the signal's reason, and what the tool throws
 */
export async function execute(tool: Tool, input: unknown, context: ToolContext): Promise<unknown> {
  const { signal } = context
  signal.throwIfAborted()
  const milliseconds = tool.timeoutMs ?? TIMEOUT_MS
  const controller = new AbortController()
  const stop = (): void => controller.abort(signal.reason)
  signal.addEventListener('abort', stop, { once: true })
  // AbortSignal.timeout would let the process end while it waits.
  const timer = setTimeout(
    () => controller.abort(new ToolTimeout(`${tool.name} gave no result in ${milliseconds} ms`)),
    milliseconds,
  )
  try {
    return await untilAborted(lastOf(tool, input, { ...context, signal: controller.signal }), controller.signal)
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', stop)
  }
}

/** The last value that a tool gives; those before are progress. */
async function lastOf(tool: Tool, input: unknown, context: ToolContext): Promise<unknown> {
  const given: unknown = await tool.execute?.(input, context)
  if (!isIterable(given)) return given
  const iterator = given[Symbol.asyncIterator]() as AsyncIterator<unknown, unknown>
  let last: unknown
  let some = false
  for (;;) {
    const { value, done } = await iterator.next()
    if (context.signal.aborted) {
      void iterator.return?.()
      throw context.signal.reason
    }
    if (done) return value === undefined ? last : value
    if (some) context.progress(last)
    some = true
    last = value
  }
}

function isIterable(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value
}

/** What comes of `work`, unless the signal fires before. @throws the signal's reason */
export function untilAborted<T>(work: T | Promise<T>, signal: AbortSignal): Promise<T> {
  return Promise.race([work, rejection(signal)])
}

/** Rejects when the signal fires. */
function rejection(signal: AbortSignal): Promise<never> {
  const ended = new Promise<never>((_, reject) => {
    const fire = (): void => reject(signal.reason as Error)
    if (signal.aborted) fire()
    else signal.addEventListener('abort', fire, { once: true })
  })
  ended.catch(() => undefined)
  return ended
}
