import { parentPort } from 'node:worker_threads'
import { loadEngine } from '../engine/load.js'
import { invariant } from '../errors.js'
import { hostEngine } from './host.js'
import type { ToEngine } from './protocol.js'

/** The file that a worker thread of Node runs: it loads the model that it is sent, and serves it until it is closed. */
invariant(parentPort, 'this file is the beginning of a worker')
const port = parentPort
hostEngine(loadEngine, {
  send: (message) => port.postMessage(message),
  onMessage: (handler) => void port.on('message', (message: ToEngine) => handler(message)),
})
