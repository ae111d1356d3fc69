// An engine's worker that ends when it is asked to go on with "crash", and throws at "throw".
import { parentPort } from 'node:worker_threads'
import { loadEngine } from '../../dist/engine/load.js'
import { hostEngine } from '../../dist/remote/host.js'

hostEngine(loadEngine, {
  send: (message) => parentPort.postMessage(message),
  onMessage(handler) {
    parentPort.on('message', (message) => {
      if (message.ask?.prompt === 'crash') process.exit(3)
      if (message.ask?.prompt === 'throw') throw new Error('thrown in the worker')
      handler(message)
    })
  },
})
