import { parentPort } from 'node:worker_threads'
import { loadEngine } from '../engine/load.js'
import type { LongPrompts } from '../engine/options.js'
import { invariant } from '../errors.js'
import { hostEngine } from './host.js'
import { PromptThreads } from './node-prompts.js'
import type { ToEngine } from './protocol.js'

/** The file that a worker thread of Node runs: it loads the model that it is sent, and serves it until it is closed. */
invariant(parentPort, 'this file is the beginning of a worker')
const port = parentPort
let threads: PromptThreads | undefined

/** Of the model, once it is named. */
const longPrompts: LongPrompts = {
  chat: (...asked) => loaded().chat(...asked),
  encode: (...asked) => loaded().encode(...asked),
}

function loaded(): PromptThreads {
  invariant(threads, 'a prompt before the model')
  return threads
}

hostEngine(
  (model, options) => {
    threads = new PromptThreads(model)
    return loadEngine(model, { ...options, longPrompts })
  },
  {
    send: (message) => port.postMessage(message),
    onMessage: (handler) => void port.on('message', (message: ToEngine) => handler(message)),
  },
  longPrompts,
)
