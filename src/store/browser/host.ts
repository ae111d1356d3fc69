import { BrowserStore } from './open.js'
import { sentFault, type FromStore, type StoreCall, type ToStore } from './protocol.js'

/** A worker's own line, as far as it is used here. */
export interface StoreLine {
  postMessage(message: FromStore): void
  addEventListener(type: 'message', handler: (event: MessageEvent<ToStore>) => void): void
}

/** Serves a store to the page at the other end of a line. */
export function hostStore(line: StoreLine): void {
  let store = new BrowserStore()
  const running = new Map<number, AbortController>()
  const answer = async (id: number, call: StoreCall, inputs: readonly unknown[]): Promise<void> => {
    const controller = new AbortController()
    running.set(id, controller)
    try {
      const more = {
        signal: controller.signal,
        onProgress: (progress: never) => line.postMessage({ kind: 'progress', id, progress }),
      }
      line.postMessage({ kind: 'result', id, result: await run(store, call, inputs, more) })
    } catch (error) {
      line.postMessage({ kind: 'error', id, error: sentFault(error) })
    } finally {
      running.delete(id)
    }
  }
  line.addEventListener('message', ({ data }) => {
    if (data.kind === 'open') store = new BrowserStore(data.options)
    else if (data.kind === 'abort') running.get(data.id)?.abort()
    else void answer(data.id, data.call, data.inputs)
  })
}

/** What cannot be sent, a signal and a function, is the host's own. */
function run(store: BrowserStore, call: StoreCall, inputs: readonly unknown[], more: object): Promise<unknown> {
  const [first, second] = inputs as readonly [never, object | undefined]
  if (call === 'pull' || call === 'search') return store[call](first, { ...second, ...more })
  return store[call](first)
}
