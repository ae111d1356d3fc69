import type { LoadProgress } from '../engine/options.js'
import type { EngineClient } from './client.js'
import { connectEngine } from './connect.js'
import { portLine } from './port.js'
import type { ClientSide, SentLoadOptions, SentModel } from './protocol.js'

export interface EngineWorkerOptions extends SentLoadOptions {
  readonly onProgress?: ((progress: LoadProgress) => void) | undefined
  /** Ends the loading. */
  readonly signal?: AbortSignal | undefined
}

/** As in Node, in a Web Worker: the page neither computes nor schedules. @throws UserError as loadEngine does. */
export function startEngineWorker(model: SentModel, options: EngineWorkerOptions = {}): Promise<EngineClient> {
  const { onProgress, signal, ...sent } = options
  // Bundlers look for this very form, and make a bundle of the worker's file.
  const worker = new Worker(new URL('./web-worker.js', import.meta.url), { type: 'module' })
  return connectEngine(webWorkerLine(worker), { model, options: sent, onProgress, signal })
}

/** A Web Worker whose file calls `hostEngine`. */
export function webWorkerLine(worker: Worker): ClientSide {
  return {
    ...portLine(worker),
    onExit: (handler) =>
      worker.addEventListener('error', (event) => handler(event.message || 'its file cannot be run')),
    terminate: async () => worker.terminate(),
  }
}
