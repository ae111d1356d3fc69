import {
  receivedFault,
  type FromStore,
  type StoreCall,
  type StoreResult,
  type ToStore,
} from '../../../src/store/browser/protocol.js'
import type { ModelReference } from '../../../src/store/reference-types.js'
import type { StoredModel } from '../../../src/store/store.js'
import workerUrl from '../../../src/store/browser/worker.ts?worker&url'
import { nobody, type Pull } from './download.js'
import { startWorker } from '../../page/trusted.js'

interface Waiting {
  readonly resolve: (result: unknown) => void
  readonly reject: (error: Error) => void
  readonly onProgress?: ((done: number, total: number) => void) | undefined
}

/** Set with the first download: before it nobody needs the store, nor its code. */
const USED = 'kaiyuan-stored'

/** The library's store of models by name, whose work is done in a worker of its own. */
export class StoredModels {
  private worker: Worker | undefined
  private readonly waiting = new Map<number, Waiting>()
  private last = 0

  async list(): Promise<StoredModel[]> {
    return localStorage.getItem(USED) === null ? [] : this.call('list', []).result
  }

  async remove(name: string): Promise<void> {
    await this.call('remove', [await referenceOf(name)]).result
  }

  /** Downloads a model by its name, from where it was left. */
  pull(name: string): Pull {
    localStorage.setItem(USED, '1')
    let abort = (): void => undefined
    let isPaused = false
    const pull = {
      name,
      onProgress: nobody,
      pause() {
        isPaused = true
        abort()
      },
    }
    const run = async (): Promise<boolean> => {
      const reference = await referenceOf(name)
      const call = this.call('pull', [reference, {}], (done, total) => pull.onProgress(done, total))
      abort = call.abort
      if (isPaused) call.abort()
      await call.result
      return true
    }
    const ended = run().catch((error: unknown) => {
      if (isPaused) return false
      throw error
    })
    return Object.assign(pull, { ended })
  }

  private call<C extends StoreCall>(
    call: C,
    inputs: readonly unknown[],
    onProgress?: Waiting['onProgress'],
  ): { result: Promise<StoreResult<C>>; abort: () => void } {
    const worker = (this.worker ??= this.start())
    const id = ++this.last
    const send = (message: ToStore): void => worker.postMessage(message)
    const result = new Promise<unknown>((resolve, reject) => this.waiting.set(id, { resolve, reject, onProgress }))
    send({ kind: 'call', id, call, inputs })
    // The worker answers a call with what its kind has.
    return { result: result as Promise<StoreResult<C>>, abort: () => send({ kind: 'abort', id }) }
  }

  private start(): Worker {
    const worker = startWorker(workerUrl)
    worker.addEventListener('message', ({ data }: MessageEvent<FromStore>) => {
      const waiting = this.waiting.get(data.id)
      if (data.kind === 'progress') return waiting?.onProgress?.(data.progress.doneBytes, data.progress.totalBytes)
      this.waiting.delete(data.id)
      if (data.kind === 'result') waiting?.resolve(data.result)
      else waiting?.reject(receivedFault(data.error))
    })
    worker.addEventListener('error', ({ message }) => {
      for (const { reject } of this.waiting.values()) reject(new Error(message))
      this.waiting.clear()
    })
    return worker
  }
}

/** What a name means. @throws Error for what is none */
async function referenceOf(name: string): Promise<ModelReference> {
  const { parseReference } = await import('../../../src/store/names/reference.js')
  const reference = parseReference(name)
  if (reference) return reference
  throw new Error(`${name}: expected ORG/NAME, with a quantisation after a colon, or an address`)
}
