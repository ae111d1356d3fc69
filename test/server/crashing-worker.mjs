// An engine's worker that ends when it is asked to continue with "crash", throws at "throw", loses a compute thread at "trap", and
// never comes back at "spin".
import { createRequire, syncBuiltinESMExports } from 'node:module'
import { parentPort } from 'node:worker_threads'
import { loadEngine } from '../../dist/engine/load.js'
import { hostEngine } from '../../dist/remote/host.js'

const workers = createRequire(import.meta.url)('node:worker_threads')
const threads = []
workers.Worker = class extends workers.Worker {
  constructor(...args) {
    super(...args)
    threads.push(this)
  }
}
syncBuiltinESMExports()

hostEngine(loadEngine, {
  send: (message) => parentPort.postMessage(message),
  onMessage(handler) {
    parentPort.on('message', (message) => {
      if (message.ask?.prompt === 'crash') process.exit(3)
      if (message.ask?.prompt === 'throw') throw new Error('thrown in the worker')
      if (message.ask?.prompt === 'trap') threads.at(-1).emit('message', { error: 'RuntimeError: unreachable' })
      while (message.ask?.prompt === 'spin');
      handler(message)
    })
  },
})
