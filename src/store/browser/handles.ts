/** The synchronous handles of workers, of which the types of a page know nothing. */

import { UserError } from '../../errors.js'

export interface SyncHandle {
  getSize(): number
  read(into: Uint8Array, options: { readonly at: number }): number
  write(bytes: Uint8Array, options: { readonly at: number }): number
  truncate(size: number): void
  flush(): void
  close(): void
}

interface OpensSync {
  createSyncAccessHandle(options?: { readonly mode: 'read-only' }): Promise<SyncHandle>
}

function opensSync(handle: object): handle is OpensSync {
  return 'createSyncAccessHandle' in handle
}

/** For this worker alone. @throws UserError outside of a worker */
export function writeHandle(handle: FileSystemFileHandle): Promise<SyncHandle> {
  if (!opensSync(handle)) {
    const fault =
      'a page keeps models by a worker: load by loadEngine of kaiyuan/worker, or pull by openStore of kaiyuan/store'
    return Promise.reject(new UserError(fault, 'unsupported_platform'))
  }
  return handle.createSyncAccessHandle()
}

/** One that shares with other readers, where the browser has them; undefined where none can be had. */
export async function readHandle(handle: FileSystemFileHandle): Promise<SyncHandle | undefined> {
  if (!opensSync(handle)) return undefined
  return handle.createSyncAccessHandle({ mode: 'read-only' }).catch(() => undefined)
}
