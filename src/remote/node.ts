import { Worker } from 'node:worker_threads'
import type { LoadProgress } from '../engine/options.js'
import { connectEngine, type ConnectedEngine } from './connect.js'
import type { ClientSide, FromEngine, SentLoadOptions, SentModel } from './protocol.js'

export interface EngineWorkerOptions extends SentLoadOptions {
  readonly onProgress?: ((progress: LoadProgress) => void) | undefined
  /** Ends the loading. */
  readonly signal?: AbortSignal | undefined
}

/**
 * Loads a model into a worker thread of its own, so that this thread's event loop stays free.
 * @throws UserError as loadEngine does
 *
 * @example
 * import { startEngineWorker } from 'kaiyuan/worker'
 *
 * const engine = await startEngineWorker('mini', { threads: 1 })
 * for await (const part of engine.chat([{ role: 'user', content: 'What is 12 + 30?' }]))
 *   if (part.kind === 'text') process.stdout.write(part.text)
 * await engine.close()
 */
export function startEngineWorker(model: SentModel, options: EngineWorkerOptions = {}): Promise<ConnectedEngine> {
  const { onProgress, signal, ...sent } = options
  return connectEngine(workerThreadLine(), { model, options: sent, onProgress, signal })
}

/** A worker thread that waits for a model to load. */
export function workerThreadLine(file: URL = new URL('./node-worker.js', import.meta.url)): ClientSide {
  const worker = new Worker(file)
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
