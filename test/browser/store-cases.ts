// The page's store against the fake hub, in a browser.
import { openStore, UserError, type ModelReference, type PullProgress } from '../../src/store-web.js'

const reference = (id: string, tag?: string): ModelReference => ({
  source: 'hugging-face',
  id,
  ...(tag !== undefined && { tag }),
})

function inWorker(what: 'answer' | 'ways', ...inputs: unknown[]): Promise<Record<string, unknown>> {
  const worker = new Worker(new URL('./store-worker.ts', import.meta.url), { type: 'module' })
  return new Promise<Record<string, unknown>>((resolve, reject) => {
    worker.onmessage = ({ data }: MessageEvent<{ result?: Record<string, unknown>; error?: string }>) =>
      data.result ? resolve(data.result) : reject(new Error(data.error))
    worker.onerror = ({ message }) => reject(new Error(message))
    worker.postMessage({ what, inputs })
  }).finally(() => worker.terminate())
}

export const storeCases = {
  /** Begins a pull that never ends by itself; the page is closed in its middle. */
  async storeBegin(endpoint: string, id: string) {
    const store = openStore({ endpoint })
    void store.pull(reference(id), {
      onProgress: ({ doneBytes }: PullProgress) => ((globalThis as { done?: number }).done = doneBytes),
    })
    return 'begun'
  },
  async storePull(endpoint: string, id: string) {
    const store = openStore({ endpoint })
    let last: PullProgress | undefined
    const model = await store.pull(reference(id), { onProgress: (progress) => (last = progress) })
    if (!model.complete || last?.phase !== 'done') throw new Error(JSON.stringify({ model, last }))
    const again = await store.find(reference(id))
    if (again?.commit !== model.commit) throw new Error('it is not found')
    const { isPersistent, usedBytes } = await store.storage()
    store.close()
    return `${model.bytes} bytes, kept ${last.keptBytes}; used ${usedBytes}, persistent ${isPersistent}`
  },
  async storeAnswer(endpoint: string, id: string) {
    const { text, isDirect } = await inWorker('answer', endpoint, reference(id), "How many r's are in strawberry?")
    if (isDirect !== true) throw new Error('the bytes did not go straight to where they were wanted')
    if (!/\b(3|three)\b/i.test(String(text)))
      throw new Error(`expected an answer with 3, found ${JSON.stringify(text)}`)
    return String(text).trim()
  },
  async storeWays(endpoint: string, id: string) {
    const found = await inWorker('ways', endpoint, reference(id))
    const { direct, sliced } = found as Record<'direct' | 'sliced', { speed: number; sum: number }>
    if (direct.sum !== sliced.sum) throw new Error(JSON.stringify(found))
    return `${direct.speed.toFixed(0)} MB/s by handle, ${sliced.speed.toFixed(0)} by slices`
  },
  async storeRemove(endpoint: string, ids: string[]) {
    const store = openStore({ endpoint })
    const before = (await store.list()).map(({ name }) => name)
    if (before.length !== ids.length) throw new Error(`expected ${ids.join()}, found ${before.join()}`)
    let bytes = 0
    for (const id of ids) bytes += (await store.remove(reference(id))).bytes
    if ((await store.list()).length > 0) throw new Error('something is left')
    store.close()
    return `${bytes} bytes`
  },
  async storeError(endpoint: string, id: string, code: string, text: string) {
    const store = openStore({ endpoint })
    try {
      await store.pull(reference(id))
    } catch (error) {
      if (error instanceof UserError && error.code === code && error.message.includes(text)) return error.message
      throw error
    } finally {
      store.close()
    }
    throw new Error('expected a UserError, found none')
  },
}
