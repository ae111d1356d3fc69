// An engine's worker that ends when it is asked to go on with "crash", and throws at "throw".
import { parentPort, workerData } from 'node:worker_threads'
import { loadEngine } from '../../dist/engine/load.js'
import { answerCalls } from '../../dist/remote/host.js'

const engine = await loadEngine(workerData.model, workerData.options)
answerCalls(engine, {
  send: (message) => parentPort.postMessage(message),
  onMessage(handler) {
    parentPort.on('message', (message) => {
      if (message.call?.prompt === 'crash') process.exit(3)
      if (message.call?.prompt === 'throw') throw new Error('thrown in the worker')
      handler(message)
    })
  },
})
