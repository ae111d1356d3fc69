import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'

/** For one input. A guard against what does not end, far above what a busy machine needs. */
const LIMIT_MS = 60_000

/**
 * Calls a function of a module with each input, in a thread that can be ended: where an input is to be refused because it
 * would run for ever, a regression fails with its name, and does not hang the runner.
 * @param module URL of the module, of TypeScript too
 * @param name of an exported function of one argument; argument and result are copied between threads
 * @throws Error naming the first input that did not end
 */
export async function limited<I>(module: URL, name: string, inputs: readonly I[]): Promise<unknown[]> {
  const worker = new Worker(new URL('limited-worker.mjs', import.meta.url), {
    workerData: { module: fileURLToPath(module), name, inputs },
    resourceLimits: { maxOldGenerationSizeMb: 512 },
  })
  const results: unknown[] = []
  let timer: NodeJS.Timeout | undefined
  try {
    return await new Promise((resolve, reject) => {
      const wait = (): void => {
        clearTimeout(timer)
        const input = JSON.stringify(inputs[results.length])
        timer = setTimeout(() => reject(new Error(`not over after ${LIMIT_MS} ms: ${input}`)), LIMIT_MS)
      }
      worker.on('error', reject)
      worker.on('message', (message: 'ready' | { result: unknown }) => {
        if (message !== 'ready') results.push(message.result)
        if (results.length === inputs.length) resolve(results)
        else wait()
      })
      wait()
    })
  } finally {
    clearTimeout(timer)
    await worker.terminate()
  }
}
