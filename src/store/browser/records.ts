/** Which models a page has: a small file for each, in the private file system. */
import { listDigest } from '../hubs/answers.js'
import type { ModelReference } from '../reference-types.js'
import { fileIn, privateFolder } from './opfs-disk.js'

export interface ModelRecord {
  /** With the tag of the quantisation that it is. */
  readonly reference: ModelReference
  readonly name: string
  /** Whether it is the one that is taken without a tag. */
  readonly isDefault: boolean
  readonly commit: string
  /** The file to open, of a GGUF. */
  readonly main: string | undefined
  readonly files: readonly { readonly path: string; readonly size: number; readonly blob: string }[]
  /** When it was last opened, ms. */
  readonly used: number
  readonly isComplete: boolean
}

export class ModelRecords {
  private folder(): Promise<FileSystemDirectoryHandle> {
    return privateFolder('kaiyuan', 'models')
  }

  async write(record: ModelRecord): Promise<void> {
    const handle = await (await this.folder()).getFileHandle(await fileName(record), { create: true })
    const stream = await handle.createWritable()
    await stream.write(JSON.stringify(record))
    await stream.close()
  }

  async all(): Promise<ModelRecord[]> {
    const records: ModelRecord[] = []
    const folder = await this.folder()
    for await (const name of folder.keys()) {
      const record = name.endsWith('.json') ? await readRecord(folder, name) : undefined
      if (record) records.push(record)
    }
    return records.sort((a, b) => (a.name < b.name ? -1 : 1))
  }

  /** The quantisation that the tag names; without a tag, the one that was pulled without. */
  async find({ source, id, tag, revision }: ModelReference): Promise<ModelRecord | undefined> {
    const all = (await this.all()).filter(({ reference: own }) => own.source === source && own.id === id)
    const fits = all.filter(
      ({ reference: own, commit }) => revision === undefined || own.revision === revision || commit === revision,
    )
    const isWanted = ({ reference: own, isDefault, files }: ModelRecord): boolean =>
      tag === undefined
        ? isDefault
        : own.tag?.toLowerCase() === tag.toLowerCase() || files.some(({ path }) => path === tag)
    return fits.find(isWanted)
  }

  async remove(record: ModelRecord): Promise<void> {
    const folder = await this.folder()
    const name = await fileName(record)
    if (await fileIn(folder, name)) await folder.removeEntry(name)
  }
}

async function fileName({ name }: ModelRecord): Promise<string> {
  return `${await listDigest([{ path: name, size: 0 }])}.json`
}

/** A file that a closed tab has not finished says nothing. */
async function readRecord(folder: FileSystemDirectoryHandle, name: string): Promise<ModelRecord | undefined> {
  try {
    const text = await (await folder.getFileHandle(name)).getFile().then((file) => file.text())
    return JSON.parse(text) as ModelRecord
  } catch {
    return undefined
  }
}
