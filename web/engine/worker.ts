import { signal } from '@preact/signals'
import workerUrl from './engine-worker.ts?worker&url'
import { connectEngine } from '../../src/remote/connect.js'
import { portLine } from '../../src/remote/port.js'
import { keptModels } from '../storage/models/kept.js'
import { startPull } from '../storage/models/pull.js'
import { MINI, MINI_FILES } from '../storage/models/mini.js'
import { STORED } from '../storage/models/stored-name.js'
import { StoredModels } from '../storage/models/stored.js'
import { startWorker } from '../page/trusted.js'
import { pageEngine, type ModelEntry, type Place } from './line.js'

const ADDRESSES = 'kaiyuan-addresses'

/** Engines in a worker of the page: the built-in model, models that this browser keeps, and models by address. */
export function workerPlace(): Place {
  const kept = keptModels()
  const stored = new StoredModels()
  // Names of the store, so that the others are not looked for there.
  const names = new Set<string>()
  const notice = signal<'oneThread' | 'offline' | undefined>(undefined)
  const look = (): void => void (notice.value = navigator.onLine ? threadsNotice() : 'offline')
  addEventListener('online', look)
  addEventListener('offline', look)
  look()
  return {
    kind: 'worker',
    notice,
    async models(): Promise<ModelEntry[]> {
      const own = (await kept.list()).map(({ name, bytes, source }): ModelEntry => ({
        name,
        bytes,
        state: source ? 'partial' : 'present',
        source,
        isRemovable: true,
      }))
      const named = await stored.list()
      for (const { name } of named) names.add(name)
      const pulled = named.map(({ name, bytes, complete }): ModelEntry => ({
        name,
        bytes,
        state: complete ? 'present' : 'partial',
        source: complete ? undefined : { address: name, total: 0 },
        isRemovable: true,
      }))
      const far = addresses().map((name): ModelEntry => ({ name, state: 'present', isRemovable: true }))
      return [{ name: MINI, state: 'present' }, ...own, ...pulled, ...far]
    },
    async open(name, { precision, onProgress }) {
      const far = addresses().includes(name)
      const model =
        name === MINI ? await miniFiles() : names.has(name) ? `${STORED}${name}` : far ? name : await kept.files(name)
      const worker = startWorker(workerUrl)
      const engine = await connectEngine(portLine(worker), { model, options: { precision }, onProgress })
      return pageEngine(Object.assign(engine, { info: { ...engine.info, name } }))
    },
    store: {
      add: (files) => kept.add(files),
      async addAddress(address) {
        const { href, protocol } = new URL(address)
        if (protocol !== 'https:' && protocol !== 'http:') throw new Error(`${address}: expected https://`)
        localStorage.setItem(ADDRESSES, JSON.stringify([...new Set([...addresses(), href])]))
        return href
      },
      pull: (name) => (/^https?:/.test(name) ? startPull(name, kept) : stored.pull(name)),
      async remove(name) {
        if (names.delete(name)) return stored.remove(name)
        if (!addresses().includes(name)) return kept.remove(name)
        localStorage.setItem(ADDRESSES, JSON.stringify(addresses().filter((address) => address !== name)))
      },
    },
  }
}

function threadsNotice(): 'oneThread' | undefined {
  return crossOriginIsolated ? undefined : 'oneThread'
}

async function miniFiles(): Promise<File[]> {
  return Promise.all(
    MINI_FILES.map(async (file) => {
      const response = await fetch(`models/mini/${file}`)
      if (!response.ok) throw new Error(`models/mini/${file}: ${response.status} ${response.statusText}`)
      return new File([await response.blob()], file)
    }),
  )
}

function addresses(): string[] {
  const saved: unknown = JSON.parse(localStorage.getItem(ADDRESSES) ?? '[]')
  return Array.isArray(saved) ? saved.filter((each) => typeof each === 'string') : []
}
