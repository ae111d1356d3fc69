import type { CatalogueModel } from '../../src/store/names/catalogue.js'

/** What a page may take of the machine, as far as the browser says it. */
export interface Room {
  /** Bytes that may still be kept. */
  readonly storage?: number | undefined
  /** Bytes of memory; browsers say 8 GiB of every machine that has more. */
  readonly memory?: number | undefined
}

export type Fit =
  | { readonly kind: 'fits' }
  /** More than browsers tell of: it may fit. */
  | { readonly kind: 'perhaps'; readonly needs: number }
  | { readonly kind: 'storage' | 'memory'; readonly needs: number; readonly has: number }

const MOST_TOLD = 8 * 2 ** 30
/** Of the memory, what is left after the system and the browser. */
const SHARE = 0.75

/** Whether a model can be kept and run here, before a byte of it is fetched. */
export function fitOf(
  { bytes, memoryBytes: needs }: Pick<CatalogueModel, 'bytes' | 'memoryBytes'>,
  { storage, memory }: Room,
): Fit {
  if (storage !== undefined && bytes > storage) return { kind: 'storage', needs: bytes, has: storage }
  if (memory === undefined) return needs > MOST_TOLD * SHARE ? { kind: 'perhaps', needs } : { kind: 'fits' }
  if (needs <= memory * SHARE) return { kind: 'fits' }
  return memory < MOST_TOLD ? { kind: 'memory', needs, has: memory } : { kind: 'perhaps', needs }
}

/** Asks the browser. */
export async function roomHere(): Promise<Room> {
  const { deviceMemory, storage } = navigator as { deviceMemory?: number; storage?: StorageManager }
  const { quota, usage = 0 } = (await storage?.estimate().catch(() => undefined)) ?? {}
  return {
    storage: quota === undefined ? undefined : Math.max(0, quota - usage),
    memory: deviceMemory === undefined ? undefined : deviceMemory * 2 ** 30,
  }
}
