import type { LoadOptions } from '../engine/options.js'
import { draftModelOf } from './engine-like.js'
import { MINI } from '../checkpoint/files/mini.js'
import { isHubName } from '../store/names/hub-name.js'
import { connectEngine, type ConnectedEngine } from './connect.js'
import { portLine } from './port.js'
import type { SentLoadOptions, SentModel } from './protocol.js'

/** Those of `loadEngine` of `kaiyuan`. */
export interface WorkerLoadOptions extends SentLoadOptions, Pick<LoadOptions, 'onProgress' | 'onDownload' | 'signal'> {}

/**
 * `loadEngine` of `kaiyuan`, with the same calls, in a Web Worker: the page neither computes nor schedules. `close()` ends the worker,
 * and so gives its memory back at once. For a worker made of a file of your own, call `hostEngine(loadEngine, portLine(self))` in that
 * file and `connectEngine(portLine(worker), { model })` in the page.
 * @throws UserError as loadEngine of `kaiyuan` does
 *
 * @example
 * import { loadEngine } from 'kaiyuan/worker'
 *
 * const engine = await loadEngine('https://example.org/Qwen3-0.6B/')
 * for await (const part of engine.chat([{ role: 'user', content: 'Hello' }])) document.body.append(part.text)
 */
export function loadEngine(model: SentModel, options: WorkerLoadOptions = {}): Promise<ConnectedEngine> {
  const { onProgress, onDownload, signal, ...sent } = options
  // Bundlers look for this very form, and make a bundle of the worker's file.
  const worker = new Worker(new URL('./web-worker.js', import.meta.url), { type: 'module' })
  const draft = draftModelOf(sent.speculate)
  const load = draft === undefined ? sent : { ...sent, speculate: `draft:${absoluteAddress(draft)}` as const }
  return connectEngine(portLine(worker), { model: absolute(model), options: load, onProgress, onDownload, signal })
}

/** Seen from the page: the file of the worker lies elsewhere. */
function absolute(model: SentModel): SentModel {
  if (typeof model === 'string') return absoluteAddress(model)
  return isTexts(model) ? model.map(absoluteAddress) : model
}

function isTexts(model: Exclude<SentModel, string>): model is readonly string[] {
  return Array.isArray(model) && model.every((file) => typeof file === 'string')
}

/** What is no address is the engine's to refuse. */
function absoluteAddress(model: string): string {
  const isName = model === MINI || isHubName(model)
  return isName || !URL.canParse(model, location.href) ? model : new URL(model, location.href).href
}
