import { loadEngine } from '../engine/load.js'
import { THREAD_NAME, runThread, threadsRun } from '../engine/threads.js'
import { hostEngine } from './host.js'
import { portLine } from './port.js'

/**
 * The file that a Web Worker runs: it loads the model that it is sent, and serves it until it is closed. Its threads run the same
 * file under another name, so that a policy of `worker-src 'self'` is enough, and nothing else is fetched for them.
 */
const { name, location } = globalThis as { readonly name?: string; readonly location: { readonly href: string } }
if (name === THREAD_NAME) runThread(globalThis)
else {
  threadsRun(location.href)
  hostEngine(loadEngine, portLine(globalThis))
}
