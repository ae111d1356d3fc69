import { UserError } from '../../errors.js'
import { shortText } from '../../json.js'
import type { ByteSource, FileSet } from '../files/source.js'
import { readGgufHeader, type GgufHeader, type GgufTensor } from './header.js'

/** A GGUF file, with all its parts when it is split. Its sources are open. */
export interface GgufFile {
  /** For messages. */
  readonly name: string
  readonly metadata: ReadonlyMap<string, unknown>
  readonly tensors: readonly GgufTensor[]
  /** The metadata as it is stored: each key with its type and value. */
  keys(): Promise<ReadonlyMap<string, Uint8Array>>
  /** Frees the metadata's lists, which may be of a million entries. */
  freeLists(): void
  close(): Promise<void>
}

const SPLIT = /^(.*)-(\d{5})-of-(\d{5})\.gguf$/

/**
 * Opens the file `main` and its other parts. Only headers are read.
 * @throws UserError when a part is missing or a file is damaged.
 */
export async function openGgufFile(files: FileSet, main: string): Promise<GgufFile> {
  const opened: ByteSource[] = []
  const close = async (): Promise<void> => {
    await Promise.all(opened.map((source) => source.close()))
  }
  try {
    const headers: GgufHeader[] = []
    for (const part of partNames(files, main)) {
      const source = await files.open(part)
      if (!source) throw missingPart(files, part, main)
      opened.push(source)
      headers.push(await readGgufHeader(source))
    }
    const name = `${files.name}/${main}`
    checkSplit(name, main, headers)
    const tensors = headers.flatMap((header) => header.tensors)
    const metadata = headers[0]?.metadata ?? new Map<string, unknown>()
    const freeLists = (): void => {
      for (const [key, value] of metadata) if (typeof value === 'object') metadata.delete(key)
    }
    return { name, metadata, tensors, keys: () => storedKeys(opened[0], headers[0]), freeLists, close }
  } catch (error) {
    await close()
    throw error
  }
}

async function storedKeys(source?: ByteSource, header?: GgufHeader): Promise<ReadonlyMap<string, Uint8Array>> {
  const keys = new Map<string, Uint8Array>()
  for (const [key, { start, end }] of header?.places ?? [])
    if (source) keys.set(key, await source.read(start, end - start))
  return keys
}

/** The parts of a model that is split over files, by the name of one. @throws UserError for a number that no part has */
export function partNames(files: FileSet, main: string): string[] {
  const [, stem, , total] = SPLIT.exec(main) ?? []
  if (stem === undefined || total === undefined) return [main]
  const parts: string[] = []
  for (let i = 1; i <= Number(total); i++) {
    const part = `${stem}-${String(i).padStart(5, '0')}-of-${total}.gguf`
    parts.push(part)
  }
  if (parts.includes(main)) return parts
  throw new UserError(`${files.name}/${main}: the part's number is not within 1 and ${Number(total)}.`, 'invalid_file')
}

function missingPart(files: FileSet, part: string, main: string): UserError {
  return new UserError(
    part === main
      ? `${files.name}/${main}: no such file.`
      : `${files.name}: ${main} is one part of a split model; expected the part ${part} next to it, found no such file. ` +
          'Download all parts into one folder.',
    'file_not_found',
  )
}

function checkSplit(where: string, main: string, headers: readonly GgufHeader[]): void {
  const count = headers[0]?.metadata.get('split.count')
  if (count === undefined || count === 0 || count === headers.length) return
  throw new UserError(
    `${where}: the file says that it is one of ${shortText(count)} parts, but its name stands for ${headers.length}. ` +
      `Keep the published names (NAME-00001-of-0000N.gguf, not ${main}).`,
    'invalid_file',
  )
}
