import { Worker } from 'node:worker_threads'
import type { LoadOptions } from '../engine/options.js'
import { connectEngine, type ConnectedEngine } from './connect.js'
import { threadOptions } from './node-work-thread.js'
import type { ClientSide, FromEngine, SentLoadOptions, SentModel } from './protocol.js'

/** Those of `loadEngine` of `kaiyuan`. */
export interface WorkerLoadOptions extends SentLoadOptions, Pick<LoadOptions, 'onProgress' | 'onDownload' | 'signal'> {}

/**
 * `loadEngine` of `kaiyuan`, with the same calls, in a worker thread of its own: this thread's event loop stays free, and `close()` gives
 * the memory back at once.
 * @throws UserError as loadEngine of `kaiyuan` does
 *
 * @example
 * import { loadEngine } from 'kaiyuan/worker'
 *
 * const engine = await loadEngine('mini', { threads: 1 })
 * for await (const part of engine.chat([{ role: 'user', content: 'What is 12 + 30?' }]))
 *   if (part.kind === 'text') process.stdout.write(part.text)
 * await engine.close()
 */
export function loadEngine(model: SentModel, options: WorkerLoadOptions = {}): Promise<ConnectedEngine> {
  const { onProgress, onDownload, signal, ...sent } = options
  return connectEngine(workerThreadLine(), { model, options: sent, onProgress, onDownload, signal })
}

/** A worker thread that waits for a model to load. */
export function workerThreadLine(file: URL = new URL('./node-worker.js', import.meta.url)): ClientSide {
  const worker = new Worker(file, { execArgv: threadOptions() })
  let failure: Error | undefined
  worker.on('error', (error) => (failure = error))
  return {
    send: (message) => worker.postMessage(message),
    onMessage: (handler) => void worker.on('message', (message: FromEngine) => handler(message)),
    onExit: (handler) => void worker.on('exit', (code) => handler(failure?.message ?? `exit code ${code}`)),
    terminate: async () => {
      await worker.terminate()
    },
  }
}
