/** A page's end of its store. */
import type { FoundModel } from '../listing.js'
import type { ModelReference } from '../reference-types.js'
import type { Removed, SearchOptions, StoredModel } from '../store.js'
import type { BrowserPullOptions, BrowserStoreOptions, StorageState } from './open.js'
import { receivedFault, type FromStore, type StoreCall, type StoreResult, type ToStore } from './protocol.js'

interface Open {
  readonly resolve: (result: unknown) => void
  readonly reject: (error: Error) => void
  readonly onProgress: BrowserPullOptions['onProgress']
}

/**
 * The models that this page keeps, in its private file system. The work is done in a worker; from the second visit on
 * nothing is fetched.
 * @example
 * const store = openStore()
 * button.onclick = async () => {
 *   await store.persist() // asks; within a click, or the browser says no
 *   await store.pull({ source: 'hugging-face', id: 'Qwen/Qwen3-0.6B' }, { onProgress: ({ doneBytes }) => show(doneBytes) })
 * }
 */
export function openStore(options: BrowserStoreOptions = {}): PageStore {
  return new PageStore(options)
}

export class PageStore {
  private readonly worker: Worker
  private readonly open = new Map<number, Open>()
  private last = 0

  constructor(options: BrowserStoreOptions) {
    // Bundlers look for this very form, and make a bundle of the worker's file.
    this.worker = new Worker(new URL('./worker.js', import.meta.url), { type: 'module' })
    this.worker.addEventListener('message', ({ data }: MessageEvent<FromStore>) => this.receive(data))
    this.worker.addEventListener('error', ({ message }) => this.fail(new Error(`the store's worker ended: ${message}`)))
    this.send({ kind: 'open', options })
  }

  /** @throws UserError as in Node; disk_full where the browser gives no more space. What came is kept. */
  pull(reference: ModelReference, { onProgress, signal, ...sent }: BrowserPullOptions = {}): Promise<StoredModel> {
    return this.call('pull', [reference, sent], signal, onProgress)
  }

  /** The model, if it is complete in this browser. Asks no server. */
  find(reference: ModelReference): Promise<StoredModel | undefined> {
    return this.call('find', [reference])
  }

  /** All models of this page, unfinished ones too. */
  list(): Promise<StoredModel[]> {
    return this.call('list', [])
  }

  /** @throws UserError when there is no such model */
  remove(reference: ModelReference): Promise<Removed> {
    return this.call('remove', [reference])
  }

  /** Deletes the files that no model names. */
  prune(): Promise<Removed> {
    return this.call('prune', [])
  }

  search(text: string, { signal, ...sent }: SearchOptions = {}): Promise<FoundModel[]> {
    return this.call('search', [text, sent], signal)
  }

  /** What the browser gives this page, and how much of it is used. */
  storage(): Promise<StorageState> {
    return this.call('storage', [])
  }

  /**
   * Asks the browser to keep the files when it needs space; within a click. Without it, a browser may delete all of a page's
   * files after some days without a visit.
   */
  async persist(): Promise<boolean> {
    return (await navigator.storage.persisted()) || (await navigator.storage.persist())
  }

  close(): void {
    this.worker.terminate()
    this.fail(new Error('the store was closed'))
  }

  private call<C extends StoreCall>(
    call: C,
    inputs: readonly unknown[],
    signal?: AbortSignal,
    onProgress?: BrowserPullOptions['onProgress'],
  ): Promise<StoreResult<C>> {
    const id = ++this.last
    const abort = (): void => this.send({ kind: 'abort', id })
    const result = new Promise<unknown>((resolve, reject) => this.open.set(id, { resolve, reject, onProgress }))
    this.send({ kind: 'call', id, call, inputs })
    if (signal?.aborted) abort()
    signal?.addEventListener('abort', abort, { once: true })
    return result.finally(() => signal?.removeEventListener('abort', abort)) as Promise<StoreResult<C>>
  }

  private send(message: ToStore): void {
    this.worker.postMessage(message)
  }

  private receive(message: FromStore): void {
    const open = this.open.get(message.id)
    if (message.kind === 'progress') return open?.onProgress?.(message.progress)
    this.open.delete(message.id)
    if (message.kind === 'result') open?.resolve(message.result)
    else open?.reject(receivedFault(message.error))
  }

  private fail(error: Error): void {
    for (const { reject } of this.open.values()) reject(error)
    this.open.clear()
  }
}
