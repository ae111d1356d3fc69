import { randomBytes } from 'node:crypto'
import { open, rename, rm, type FileHandle } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { UserError } from '../errors.js'
import { reasonOf } from '../system-error.js'

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
  static async create(target: string): Promise<WholeFile> {
    const part = join(dirname(target), `.${basename(target)}.${randomBytes(8).toString('hex')}.part`)
    // Exclusively: neither a file nor a link that is there is opened.
    return new WholeFile(target, part, await open(part, 'wx', 0o600))
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

/** Writes a file as a whole or not at all. @throws where it cannot be written */
export async function writeWhole(target: string, content: string | Uint8Array): Promise<void> {
  const file = await WholeFile.create(target)
  try {
    await file.handle.writeFile(content)
  } catch (error) {
    await file.discard()
    throw error
  }
  await file.commit()
}

/** Of a file that a person named. @throws UserError with the system's reason where it cannot be written */
export function writeNamed(target: string, content: string | Uint8Array): Promise<void> {
  return writeWhole(target, content).catch((cause: unknown) => cannotWrite(target, cause))
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
