import { startWorker } from '../../page/trusted.js'
import { namesOf, nobody, type DownloadNews, type DownloadOrder, type Pull } from './download.js'
import workerUrl from './download-worker.ts?worker&url'
import type { KeptModels } from './kept.js'

/** Downloads a model in a worker, whose writing does not keep the page. @throws Error for an address of none */
export function startPull(address: string, kept: KeptModels): Pull {
  const order = namesOf(address)
  const worker = startWorker(workerUrl)
  const send = (message: DownloadOrder): void => worker.postMessage(message)
  const pull = {
    name: order.name,
    onProgress: nobody,
    pause: () => send('pause'),
  }
  const ended = new Promise<boolean>((resolve, reject) => {
    worker.addEventListener('error', ({ message }) => reject(new Error(message)))
    worker.addEventListener('message', ({ data }: MessageEvent<DownloadNews>) => {
      if (data.kind === 'progress') return pull.onProgress(data.loaded, data.total)
      worker.terminate()
      if (data.kind === 'failed') reject(new Error(data.message))
      else if (data.kind === 'paused') resolve(false)
      else kept.complete(order.name).then(() => resolve(true), reject)
    })
  })
  send(order)
  return Object.assign(pull, { ended })
}
