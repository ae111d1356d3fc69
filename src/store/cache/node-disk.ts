/** Files of a repository in the cache, as a pull writes them. */
import { errorCode, nodeCrypto, nodeFiles, nodeFilesSync, nodePath, nodeZlib, type FileHandle } from '../platform.js'
import { piecesOf, wordOf } from '../transfer/pieces.js'
import type { Disk, PartFile } from '../transfer/disk.js'
import { diskError, onDisk } from './disk-errors.js'
import type { Follower, HashThread } from './hash-thread.js'
import { JOURNAL_END, LOCK_END, PART_END, type RepositoryFolders } from './layout.js'
import { takeLock } from './lock.js'

export class NodeDisk implements Disk {
  readonly name: string

  constructor(
    private readonly folders: RepositoryFolders,
    private readonly thread: HashThread,
  ) {
    this.name = folders.root
  }

  blob(name: string): string {
    return nodePath().join(this.folders.blobs, name)
  }

  async sizeOf(blob: string): Promise<number | undefined> {
    const found = await nodeFiles()
      .stat(this.blob(blob))
      .catch(() => undefined)
    return found?.isFile() ? found.size : undefined
  }

  lock(blob: string): Promise<{ release(): Promise<void> } | undefined> {
    return this.guarded(takeLock(nodePath().join(this.folders.locks, `${blob}${LOCK_END}`)))
  }

  async open(blob: string, size: number): Promise<PartFile> {
    return this.guarded(NodePart.open(this.blob(blob), size, this.thread), size)
  }

  async put(blob: string, bytes: Uint8Array): Promise<void> {
    const { mkdir, open, rename } = nodeFiles()
    const temporary = `${this.blob(blob)}${PART_END}`
    const write = async (): Promise<void> => {
      await mkdir(this.folders.blobs, { recursive: true })
      const handle = await open(temporary, 'w')
      try {
        await handle.writeFile(bytes)
        await handle.sync()
      } finally {
        await handle.close()
      }
      await rename(temporary, this.blob(blob))
    }
    await this.guarded(write(), bytes.length)
  }

  crc32(bytes: Uint8Array): number {
    return nodeZlib().crc32(bytes)
  }

  hash(algorithm: 'sha1' | 'sha256', parts: readonly Uint8Array[]): Promise<string> {
    const hash = nodeCrypto().createHash(algorithm)
    for (const part of parts) hash.update(part)
    return Promise.resolve(hash.digest('hex'))
  }

  private guarded<T>(work: Promise<T>, needed?: number): Promise<T> {
    return onDisk(work, this.folders.root, needed)
  }
}

/** What has come since the system was last told to bring it to the disk: it does that meanwhile, and little is left at the end. */
const FLUSH = 64 << 20

class NodePart implements PartFile {
  private unflushed = 0
  private flushing: Promise<void> | undefined
  /** The system says it once, to whoever asks first. */
  private flushFailure: { readonly error: unknown } | undefined

  private constructor(
    private readonly path: string,
    private readonly data: FileHandle,
    private readonly words: FileHandle,
    readonly journal: Uint32Array<ArrayBuffer>,
    private readonly follower: Follower,
  ) {}

  static async open(path: string, size: number, thread: HashThread): Promise<NodePart> {
    await nodeFiles().mkdir(nodePath().dirname(path), { recursive: true })
    const data = await openKept(`${path}${PART_END}`)
    const words = await openKept(`${path}${JOURNAL_END}`)
    const journal = new Uint32Array(piecesOf(size))
    const bytes = new Uint8Array(journal.buffer)
    // A journal without its data, or of a file of another size, says nothing.
    if ((await data.stat()).size === size) await words.read(bytes, 0, bytes.length, 0)
    else await words.truncate(0)
    await data.truncate(size)
    await words.truncate(bytes.length)
    const follower = thread.follow({ path: `${path}${PART_END}`, size })
    return new NodePart(path, data, words, journal, follower)
  }

  async read(at: number, into: Uint8Array): Promise<void> {
    for (let done = 0; done < into.length;) {
      const { bytesRead } = await this.data.read(into, done, into.length - done, at + done)
      if (bytesRead === 0) throw new Error(`${this.path}: the unfinished file is shorter than it was made`)
      done += bytesRead
    }
  }

  async write(piece: number, at: number, bytes: Uint8Array): Promise<void> {
    try {
      // At once, into the page cache: the way to another thread and back would take as long.
      for (let done = 0; done < bytes.length;)
        done += nodeFilesSync().writeSync(this.data.fd, bytes, done, bytes.length - done, at + done)
      this.note(piece, wordOf(nodeZlib().crc32(bytes)))
      this.unflushed += bytes.length
      if (this.unflushed >= FLUSH) this.flush()
      await this.follower.room()
    } catch (error) {
      const left = this.journal.filter((known) => known === 0).length
      throw diskError(error, nodePath().dirname(this.path), left * (1 << 20))
    }
  }

  /** One at a time; a second would wait for the first. */
  private flush(): void {
    if (this.flushing) return
    this.unflushed = 0
    this.flushing = this.data
      .datasync()
      .catch((error: unknown) => {
        this.flushFailure ??= { error }
      })
      .finally(() => {
        this.flushing = undefined
      })
  }

  clear(piece: number): Promise<void> {
    this.note(piece, 0)
    return Promise.resolve()
  }

  private note(piece: number, word: number): void {
    this.journal[piece] = word
    nodeFilesSync().writeSync(this.words.fd, new Uint8Array(this.journal.buffer, 4 * piece, 4), 0, 4, 4 * piece)
  }

  trail(): Follower {
    return this.follower
  }

  async finish(): Promise<void> {
    await this.flushing
    await this.data.sync()
    if (this.flushFailure) throw this.flushFailure.error
    await nodeFiles().rename(`${this.path}${PART_END}`, this.path)
    await nodeFiles().rm(`${this.path}${JOURNAL_END}`, { force: true })
  }

  async discard(): Promise<void> {
    await nodeFiles().rm(`${this.path}${JOURNAL_END}`, { force: true })
    await nodeFiles().rm(`${this.path}${PART_END}`, { force: true })
  }

  async close(): Promise<void> {
    this.follower.close()
    await this.flushing
    await Promise.all([this.data.close(), this.words.close()])
  }
}

/** With what it holds; created where it is not there. */
async function openKept(path: string): Promise<FileHandle> {
  try {
    return await nodeFiles().open(path, 'r+')
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error
    return nodeFiles().open(path, 'w+')
  }
}
