import { Worker } from 'node:worker_threads'
import type { EngineSetup, FromEngine, ServerSide } from './protocol.js'

/** Starts a worker with an engine of its own. */
export function startWorker(setup: EngineSetup): ServerSide {
  const worker = new Worker(new URL('./node-worker.js', import.meta.url), { workerData: setup })
  return workerLine(worker)
}

/** The server's end of the line to a worker. */
export function workerLine(worker: Worker): ServerSide {
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
