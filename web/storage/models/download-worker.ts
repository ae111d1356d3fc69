/** Downloads one file into the origin's private file system, from where it was left. */
import { FOLDER, SOURCE, type DownloadNews, type DownloadOrder, type Source } from './download.js'

/** News of progress come so often, milliseconds. */
const NEWS_MS = 200

interface SyncHandle {
  write(bytes: Uint8Array, options: { at: number }): number
  getSize(): number
  truncate(size: number): void
  flush(): void
  close(): void
}

const tell = (news: DownloadNews): void => postMessage(news)
const stop = new AbortController()

addEventListener('message', ({ data }: MessageEvent<DownloadOrder>) => {
  if (data === 'pause') return stop.abort()
  download(data).then(
    () => tell({ kind: 'done' }),
    (error: unknown) =>
      tell(
        stop.signal.aborted
          ? { kind: 'paused' }
          : { kind: 'failed', message: error instanceof Error ? error.message : String(error) },
      ),
  )
})

async function download({ name, file, address }: Exclude<DownloadOrder, 'pause'>): Promise<void> {
  const root = await navigator.storage.getDirectory()
  const models = await root.getDirectoryHandle(FOLDER, { create: true })
  const folder = await models.getDirectoryHandle(name, { create: true })
  const handle = await folder.getFileHandle(file, { create: true })
  // Only workers have it, and the declarations of pages do not.
  const access = await (handle as unknown as { createSyncAccessHandle(): Promise<SyncHandle> }).createSyncAccessHandle()
  try {
    const before = await sourceOf(folder)
    const had = before?.address === address ? access.getSize() : 0
    const response = await fetch(address, {
      signal: stop.signal,
      headers: had > 0 ? { range: `bytes=${had}-`, ...(before?.tag && { 'if-range': before.tag }) } : {},
    })
    const isRest = response.status === 206
    if (!response.ok || !response.body) throw new Error(`${address}: ${response.status} ${response.statusText}`)
    const begin = isRest ? had : 0
    access.truncate(begin)
    const length = Number(response.headers.get('content-length') ?? 0)
    const total = begin + length
    await checkRoom(length)
    const tag = response.headers.get('etag') ?? undefined
    await write(folder, SOURCE, JSON.stringify({ address, file, total, tag } satisfies Source))
    await copy(response.body, access, begin, total)
    if (total > 0 && access.getSize() !== total)
      throw new Error(`${address}: expected ${total} bytes, found ${access.getSize()}`)
  } finally {
    access.flush()
    access.close()
  }
}

async function copy(body: ReadableStream<Uint8Array>, access: SyncHandle, from: number, total: number): Promise<void> {
  let loaded = from
  let toldAt = 0
  const reader = body.getReader()
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    access.write(next.value, { at: loaded })
    loaded += next.value.length
    const now = performance.now()
    if (now - toldAt < NEWS_MS) continue
    toldAt = now
    tell({ kind: 'progress', loaded, total })
  }
}

async function sourceOf(folder: FileSystemDirectoryHandle): Promise<Source | undefined> {
  try {
    return JSON.parse(await (await (await folder.getFileHandle(SOURCE)).getFile()).text()) as Source
  } catch {
    return undefined
  }
}

async function write(folder: FileSystemDirectoryHandle, name: string, text: string): Promise<void> {
  const writable = await (await folder.getFileHandle(name, { create: true })).createWritable()
  await writable.write(text)
  await writable.close()
}

async function checkRoom(needed: number): Promise<void> {
  const { quota = Infinity, usage = 0 } = await navigator.storage.estimate()
  if (needed <= quota - usage) return
  const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(1)} GB`
  throw new Error(`the browser has room for ${gigabytes(quota - usage)}, and the model takes ${gigabytes(needed)}`)
}
