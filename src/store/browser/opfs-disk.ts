/**
 * Files of models in a page's private file system (OPFS), written and read through the synchronous handles that workers have.
 * A file has its name, the hash of its bytes, from the beginning: it is finished once its journal is gone.
 */
import { createCRC32, createSHA1, createSHA256, type IHasher } from 'hash-wasm'
import { UserError } from '../../errors.js'
import type { Disk, PartFile, Trail } from '../transfer/disk.js'
import { piecesOf, wordOf } from '../transfer/pieces.js'
import { writeHandle, type SyncHandle } from './handles.js'

const JOURNAL_END = '.pieces'
/** What the trail hashes at once. */
const STEP = 1 << 20

/** A folder of the private file system, created where it is not there. */
export async function privateFolder(...names: string[]): Promise<FileSystemDirectoryHandle> {
  let folder = await navigator.storage.getDirectory()
  for (const name of names) folder = await folder.getDirectoryHandle(name, { create: true })
  return folder
}

/** Undefined where there is none. */
export async function fileIn(
  folder: FileSystemDirectoryHandle,
  name: string,
): Promise<FileSystemFileHandle | undefined> {
  try {
    return await folder.getFileHandle(name)
  } catch (error) {
    if (isNamed(error, 'NotFoundError')) return undefined
    throw error
  }
}

function isNamed(error: unknown, name: string): boolean {
  return error instanceof DOMException && error.name === name
}

/** What the browser refuses, in words. */
function storageError(error: unknown): unknown {
  if (!isNamed(error, 'QuotaExceededError')) return error
  return new UserError(
    'the storage that the browser gives this page is full. What came is kept: delete another model or free some space on the ' +
      'disk, let the page ask for persistent storage, and pull again; or take a smaller quantisation.',
    'disk_full',
    { cause: error },
  )
}

export class OpfsDisk implements Disk {
  readonly name = "the browser's storage"

  private constructor(
    readonly folder: FileSystemDirectoryHandle,
    private readonly crc: IHasher,
  ) {}

  static async open(): Promise<OpfsDisk> {
    return new OpfsDisk(await privateFolder('kaiyuan', 'blobs'), await createCRC32())
  }

  async sizeOf(blob: string): Promise<number | undefined> {
    if (await fileIn(this.folder, `${blob}${JOURNAL_END}`)) return undefined
    const handle = await fileIn(this.folder, blob)
    return handle && (await handle.getFile()).size
  }

  /** Bytes that a file does not have yet: one that is begun is as long as it will be. */
  async lacks(blob: string, size: number): Promise<number> {
    const handle = await fileIn(this.folder, blob)
    return Math.max(0, size - (handle ? (await handle.getFile()).size : 0))
  }

  /** Between tabs, and gone with the tab that holds it. */
  lock(blob: string): Promise<{ release(): Promise<void> } | undefined> {
    return new Promise((resolve, reject) => {
      const hold = (lock: Lock | null): Promise<void> | undefined => {
        if (lock) return new Promise<void>((free) => resolve({ release: async () => free() }))
        resolve(undefined)
        return undefined
      }
      navigator.locks.request(`kaiyuan:${blob}`, { ifAvailable: true }, hold).catch(reject)
    })
  }

  async open(blob: string, size: number): Promise<PartFile> {
    try {
      // The journal first: without it the file would count as finished.
      const words = await this.handle(`${blob}${JOURNAL_END}`)
      const data = await this.handle(blob)
      return new OpfsPart(this, blob, size, data, words, await createSHA256())
    } catch (error) {
      throw storageError(error)
    }
  }

  private async handle(name: string): Promise<SyncHandle> {
    return writeHandle(await this.folder.getFileHandle(name, { create: true }))
  }

  async put(blob: string, bytes: Uint8Array): Promise<void> {
    const part = await this.open(blob, bytes.length)
    try {
      for (let piece = 0; piece < part.journal.length; piece++) {
        const at = piece * STEP
        await part.write(piece, at, bytes.subarray(at, at + STEP))
      }
      await part.finish()
    } finally {
      await part.close()
    }
  }

  /** The file and its journal. Returns its bytes. */
  async remove(blob: string): Promise<number> {
    const handle = await fileIn(this.folder, blob)
    const size = handle ? (await handle.getFile()).size : 0
    for (const name of [blob, `${blob}${JOURNAL_END}`])
      if (await fileIn(this.folder, name)) await this.folder.removeEntry(name)
    return size
  }

  /** Names of all blobs, unfinished ones too. */
  async blobs(): Promise<Set<string>> {
    const names = new Set<string>()
    for await (const name of this.folder.keys()) names.add(name.replace(JOURNAL_END, ''))
    return names
  }

  crc32(bytes: Uint8Array): number {
    const digest = this.crc.init().update(bytes).digest('binary')
    return new DataView(digest.buffer, digest.byteOffset).getUint32(0)
  }

  async hash(algorithm: 'sha1' | 'sha256', parts: readonly Uint8Array[]): Promise<string> {
    const hash = (await (algorithm === 'sha1' ? createSHA1() : createSHA256())).init()
    for (const part of parts) hash.update(part)
    return hash.digest('hex')
  }
}

class OpfsPart implements PartFile {
  readonly journal: Uint32Array<ArrayBuffer>
  private isOpen = true

  constructor(
    private readonly disk: OpfsDisk,
    private readonly blob: string,
    private readonly size: number,
    private readonly data: SyncHandle,
    private readonly words: SyncHandle,
    private readonly sha256: IHasher,
  ) {
    this.journal = new Uint32Array(piecesOf(size))
    const bytes = new Uint8Array(this.journal.buffer)
    if (data.getSize() === size) words.read(bytes, { at: 0 })
    else words.truncate(0)
    // All of the space at once: what does not fit is known before the first byte.
    data.truncate(size)
    words.truncate(bytes.length)
    if (data.getSize() < size)
      throw new DOMException('the file cannot be made as long as it must be', 'QuotaExceededError')
  }

  read(at: number, into: Uint8Array): Promise<void> {
    this.readNow(at, into)
    return Promise.resolve()
  }

  private readNow(at: number, into: Uint8Array): void {
    const count = this.data.read(into, { at })
    if (count !== into.length) throw new Error(`${this.blob}: the unfinished file is shorter than it was made`)
  }

  async write(piece: number, at: number, bytes: Uint8Array): Promise<void> {
    try {
      if (this.data.write(bytes, { at }) < bytes.length)
        throw new DOMException('fewer bytes were written than given', 'QuotaExceededError')
      this.note(piece, wordOf(this.disk.crc32(bytes)))
    } catch (error) {
      throw storageError(error)
    }
  }

  clear(piece: number): Promise<void> {
    this.note(piece, 0)
    return Promise.resolve()
  }

  private note(piece: number, word: number): void {
    this.journal[piece] = word
    this.words.write(new Uint8Array(this.journal.buffer, 4 * piece, 4), { at: 4 * piece })
  }

  trail(): Trail {
    const hash = this.sha256.init()
    const bytes = new Uint8Array(STEP)
    let at = 0
    return {
      advance: (to) => {
        for (; at < to; at += STEP) {
          const part = bytes.subarray(0, Math.min(STEP, to - at))
          this.readNow(at, part)
          hash.update(part)
        }
      },
      digest: () => Promise.resolve(hash.digest('hex')),
    }
  }

  async finish(): Promise<void> {
    this.data.flush()
    await this.close()
    await this.disk.folder.removeEntry(`${this.blob}${JOURNAL_END}`)
  }

  async discard(): Promise<void> {
    await this.close()
    await this.disk.folder.removeEntry(this.blob)
    await this.disk.folder.removeEntry(`${this.blob}${JOURNAL_END}`)
  }

  async close(): Promise<void> {
    if (!this.isOpen) return
    this.isOpen = false
    this.data.close()
    this.words.close()
  }
}
