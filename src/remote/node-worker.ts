import { parentPort, workerData } from 'node:worker_threads'
import { loadEngine } from '../engine/load.js'
import { invariant } from '../errors.js'
import { answerCalls, sentError } from './host.js'
import type { EngineSetup, EngineSide, ToEngine } from './protocol.js'

/** The file that a worker runs: it loads one model, says so, and serves it until it is closed. */
invariant(parentPort, 'this file is the beginning of a worker')
const port = parentPort
const line: EngineSide = {
  send: (message) => port.postMessage(message),
  onMessage: (handler) => void port.on('message', (message: ToEngine) => handler(message)),
}
const { model, options } = workerData as EngineSetup
loadEngine(model, options).then(
  (engine) => answerCalls(engine, line),
  (error: unknown) => line.send({ type: 'not-loaded', error: sentError(error) }),
)
