import type { LoadProgress } from '../engine/options.js'
import { MINI } from '../checkpoint/files/mini.js'
import { connectEngine, type ConnectedEngine } from './connect.js'
import { portLine } from './port.js'
import type { SentLoadOptions, SentModel } from './protocol.js'

export interface EngineWorkerOptions extends SentLoadOptions {
  readonly onProgress?: ((progress: LoadProgress) => void) | undefined
  /** Ends the loading. */
  readonly signal?: AbortSignal | undefined
}

/**
 * As in Node, in a Web Worker: the page neither computes nor schedules. For a worker made of a file of your own, call
 * `hostEngine(loadEngine, portLine(self))` in that file and `connectEngine(portLine(worker), { model })` in the page.
 * @throws UserError as loadEngine does
 *
 * @example
 * import { startEngineWorker } from 'kaiyuan/worker'
 *
 * const engine = await startEngineWorker('https://example.org/Qwen3-0.6B/')
 * for await (const part of engine.chat([{ role: 'user', content: 'Hello' }])) document.body.append(part.text)
 */
export function startEngineWorker(model: SentModel, options: EngineWorkerOptions = {}): Promise<ConnectedEngine> {
  const { onProgress, signal, ...sent } = options
  // Bundlers look for this very form, and make a bundle of the worker's file.
  const worker = new Worker(new URL('./web-worker.js', import.meta.url), { type: 'module' })
  return connectEngine(portLine(worker), { model: absolute(model), options: sent, onProgress, signal })
}

/** Seen from the page: the file of the worker lies elsewhere. What is no address is the engine's to refuse. */
function absolute(model: SentModel): SentModel {
  if (typeof model !== 'string' || model === MINI || !URL.canParse(model, location.href)) return model
  return new URL(model, location.href).href
}
