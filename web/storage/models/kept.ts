import { FOLDER, SOURCE, type Source } from './download.js'

/** A model that this browser keeps. */
export interface KeptModel {
  readonly name: string
  readonly bytes: number
  /** Of one that is not whole yet. */
  readonly source?: Source | undefined
}

/** Models in the origin's private file system: a folder for each. */
export interface KeptModels {
  list(): Promise<KeptModel[]>
  /** @throws Error where files are no model, or where there is no room */
  add(files: readonly File[]): Promise<string>
  files(name: string): Promise<File[]>
  /** A download is whole. */
  complete(name: string): Promise<void>
  remove(name: string): Promise<void>
}

/** Of a folder's files, those that a model is made of. */
const PARTS = /\.(gguf|safetensors|json|jinja|model|tekken|tiktoken|txt)$/i
/** Written last: a folder without it is one whose copying was cut off. */
const COMPLETE = '.complete'

export function keptModels(): KeptModels {
  return {
    async list() {
      const found: KeptModel[] = []
      for await (const [name, entry] of await folder()) {
        if (entry.kind !== 'directory') continue
        const files = await filesOf(entry)
        const bytes = files.reduce((sum, file) => sum + (file.name.startsWith('.') ? 0 : file.size), 0)
        const source = files.find((file) => file.name === SOURCE)
        if (files.some((file) => file.name === COMPLETE)) found.push({ name, bytes })
        else if (source) found.push({ name, bytes, source: JSON.parse(await source.text()) as Source })
      }
      return found.sort((a, b) => (a.name < b.name ? -1 : 1))
    },
    async add(files) {
      const parts = files.filter(({ name }) => PARTS.test(name))
      const name = nameOf(parts)
      await checkRoom(parts)
      const models = await folder()
      await models.removeEntry(name, { recursive: true }).catch(() => undefined)
      const own = await models.getDirectoryHandle(name, { create: true })
      try {
        for (const part of parts) await write(own, part)
        await write(own, new File([], COMPLETE))
      } catch (error) {
        await models.removeEntry(name, { recursive: true })
        throw error
      }
      return name
    },
    async files(name) {
      const own = await (await folder()).getDirectoryHandle(name)
      return (await filesOf(own)).filter((file) => !file.name.startsWith('.'))
    },
    async complete(name) {
      await write(await (await folder()).getDirectoryHandle(name), new File([], COMPLETE))
    },
    remove: async (name) => (await folder()).removeEntry(name, { recursive: true }),
  }
}

function folder(): Promise<FileSystemDirectoryHandle> {
  return navigator.storage.getDirectory().then((root) => root.getDirectoryHandle(FOLDER, { create: true }))
}

async function filesOf(handle: FileSystemDirectoryHandle): Promise<File[]> {
  const files: File[] = []
  for await (const [, entry] of handle) if (entry.kind === 'file') files.push(await entry.getFile())
  return files
}

/** The name of the .gguf, or of the folder. */
function nameOf(parts: readonly File[]): string {
  const gguf = parts.find(({ name }) => /\.gguf$/i.test(name))
  const first = parts[0]
  const isFolder = parts.some(({ name }) => name === 'config.json')
  if (!first || !(gguf || isFolder))
    throw new Error('expected a .gguf file, or a folder with config.json and .safetensors; found neither')
  const name = gguf ? gguf.name.replace(/\.gguf$/i, '') : (first.webkitRelativePath.split('/')[0] ?? '')
  return name.replace(/[^\p{L}\p{N} ._-]/gu, '').replace(/^\.+/, '') || 'model'
}

async function checkRoom(parts: readonly File[]): Promise<void> {
  const needed = parts.reduce((sum, { size }) => sum + size, 0)
  const { quota = Infinity, usage = 0 } = await navigator.storage.estimate()
  await navigator.storage.persist()
  if (needed <= quota - usage) return
  const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(1)} GB`
  throw new Error(`the browser has room for ${gigabytes(quota - usage)}, and the model takes ${gigabytes(needed)}`)
}

async function write(into: FileSystemDirectoryHandle, file: File): Promise<void> {
  const handle = await into.getFileHandle(file.name, { create: true })
  await file.stream().pipeTo(await handle.createWritable())
}
