import { randomBytes } from 'node:crypto'
import { access, constants, open, readlink, realpath, rename, rm, stat, type FileHandle } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { UserError } from '../errors.js'
import { reasonOf } from '../system-error.js'

/** What {@link openOutput} and {@link WholeFile} have in common. */
export type Output = Pick<WholeFile, 'handle' | 'commit' | 'discard'>

/** Nobody else may read chats, histories and prompt caches. */
const PRIVATE = 0o600
/** Of links that lead to links. */
const MOST_LINKS = 40

/**
 * A file that gets its name when it is whole: until then it is written under a name that nobody else has, in the same folder. Whatever
 * ends the program leaves the old file as it was; a link of that name is replaced, and what it leads to is not touched.
 */
export class WholeFile {
  private constructor(
    private readonly target: string,
    private readonly part: string,
    /** Open for writing. */
    readonly handle: FileHandle,
  ) {}

  /** @throws where the folder cannot be written to */
  static async create(target: string, mode = PRIVATE): Promise<WholeFile> {
    const part = join(dirname(target), `.${basename(target)}.${randomBytes(8).toString('hex')}.part`)
    // Exclusively: neither a file nor a link that is there is opened.
    return new WholeFile(target, part, await open(part, 'wx', mode))
  }

  /** Gives it its name, on the disk too. @throws where that cannot be had, for example when it is a folder's */
  async commit(): Promise<void> {
    try {
      await this.handle.sync()
    } finally {
      await this.handle.close()
    }
    try {
      await rename(this.part, this.target)
    } catch (error) {
      await rm(this.part, { force: true })
      throw error
    }
    await syncFolder(dirname(this.target))
  }

  /** Leaves no trace. */
  async discard(): Promise<void> {
    await this.handle.close()
    await rm(this.part, { force: true })
  }
}

/**
 * What a person named as a place to write to. A device or a pipe is written into (/dev/stdout), a link is followed, and a file that is
 * there keeps its mode; a new one has that of the umask.
 * @throws where it cannot be written to
 */
export async function openOutput(out: string, isPrivate = false): Promise<Output> {
  const found = await stat(out).catch(() => undefined)
  const isStream = found !== undefined && !found.isFile() && !found.isDirectory()
  if (isStream || /^\/(dev|proc)\//.test(resolve(out))) {
    const handle = await open(out, 'w')
    const close = (): Promise<void> => handle.close()
    return { handle, commit: close, discard: close }
  }
  if (!found) return WholeFile.create(await linked(out), isPrivate ? PRIVATE : 0o666)
  const target = await realpath(out)
  // What replaces a file that may not be written to is not written either.
  if (found.isFile()) await access(target, constants.W_OK)
  const file = await WholeFile.create(target)
  if (!isPrivate) await file.handle.chmod(found.mode & 0o777).catch(() => undefined)
  return file
}

/** Where a link leads to that has no file yet. */
async function linked(out: string): Promise<string> {
  let target = out
  for (let links = 0; links < MOST_LINKS; links++) {
    const next = await readlink(target).catch(() => undefined)
    if (next === undefined) break
    target = resolve(dirname(target), next)
  }
  return target
}

/** Writes a file for its owner alone, as a whole or not at all. @throws where it cannot be written */
export async function writeWhole(target: string, content: string | Uint8Array): Promise<void> {
  await writeInto(await WholeFile.create(target), content)
}

/** @throws UserError with the system's reason, for a file that a person named */
export async function writeNamed(
  target: string,
  content: string | Uint8Array,
  { isPrivate = false } = {},
): Promise<void> {
  try {
    await writeInto(await openOutput(target, isPrivate), content)
  } catch (cause) {
    cannotWrite(target, cause)
  }
}

/** Before long work whose result goes there. @throws UserError with the system's reason */
export async function checkWritable(target: string): Promise<void> {
  const file = await openOutput(target, true).catch((cause: unknown) => cannotWrite(target, cause))
  await file.discard()
}

async function writeInto(file: Output, content: string | Uint8Array): Promise<void> {
  try {
    await file.handle.writeFile(content)
  } catch (error) {
    await file.discard()
    throw error
  }
  await file.commit()
}

/** @throws UserError with the system's reason */
export function cannotWrite(file: string, cause: unknown): never {
  throw new UserError(`${file}: cannot be written: ${reasonOf(cause)}`, 'invalid_argument', { cause })
}

/** The name is in the folder, which is written at its own time. Not every system lets it be asked for. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r').catch(() => undefined)
  await handle?.sync().catch(() => undefined)
  await handle?.close()
}
