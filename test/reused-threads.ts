/**
 * Threads that are used again. Starting one takes 20 to 30 ms of work, and tests load hundreds of tiny models: in processes that import
 * this file a closed model's threads wait for the next. What they run is the backend's own code. test/cpu and the long suite start real ones.
 * Garbage is collected for it where a process has become large.
 */
import { MessageChannel, Worker, type MessagePort, type WorkerOptions } from 'node:worker_threads'

/** Runs the code of a thread on a port of its own, and says when that has returned. */
const LIFE = `const { parentPort } = require('node:worker_threads')
parentPort.on('message', (task) => {
  if (task === 'end') parentPort.postMessage('free')
  else new Function('require', task.code)(() => ({ parentPort: task.port }))
})`

const free: Worker[] = []

function freeWorker(): Worker {
  const worker = free.pop() ?? new Worker(LIFE, { eval: true, execArgv: [] })
  worker.unref()
  return worker
}

/** As much of a Worker as the backend sees (src/backends/cpu/platform.ts). */
class ReusedWorker {
  private readonly worker = freeWorker()
  private readonly port: MessagePort

  constructor(code: string) {
    const { port1, port2 } = new MessageChannel()
    this.port = port1
    this.worker.postMessage({ code, port: port2 }, [port2])
  }

  postMessage(message: unknown): void {
    this.port.postMessage(message)
  }

  on(event: 'message' | 'error', handler: (value: unknown) => void): void {
    if (event === 'message') this.port.on('message', handler)
    else this.worker.on('error', handler)
  }

  ref(): void {
    this.port.ref()
  }

  unref(): void {
    this.port.unref()
  }

  /** Resolves once the code has returned; of threads that hang in it others are not held up. */
  async terminate(): Promise<number> {
    await new Promise((resolve) => {
      this.worker.once('message', resolve)
      this.worker.postMessage('end')
    })
    this.port.close()
    this.worker.removeAllListeners('error')
    free.push(this.worker)
    return 0
  }
}

const builtin = process.getBuiltinModule.bind(process)
const threads = {
  ...builtin('node:worker_threads'),
  // A constructor may return another object. Other threads than the kernels' are started as ever.
  Worker: function (code: string, options: WorkerOptions) {
    return code.includes('new WebAssembly.Instance') ? new ReusedWorker(code) : new Worker(code, options)
  },
}

// Collections that the backend asks for: in a process full of tests each takes 50 ms, and there are hundreds.
const LARGE_PROCESS = 1.5e9
const vm = {
  ...builtin('node:vm'),
  runInNewContext(code: string): unknown {
    const made: unknown = builtin('node:vm').runInNewContext(code)
    if (code !== 'globalThis.gc') return made
    const collect = made as (options?: object) => void
    return (options?: object) => {
      if (process.memoryUsage.rss() > LARGE_PROCESS) collect(options)
    }
  },
}
const REPLACED: Readonly<Record<string, unknown>> = { 'node:worker_threads': threads, 'node:vm': vm }
process.getBuiltinModule = (name: string) => REPLACED[name] ?? builtin(name)
