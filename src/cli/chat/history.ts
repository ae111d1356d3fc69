import { randomBytes } from 'node:crypto'
import { link, open, readFile, rename, rm, stat } from 'node:fs/promises'
import { isAlive } from '../../store/cache/lock.js'
import { writeWhole } from '../whole-file.js'

/** Lines that are kept. */
const MOST_LINES = 500
const MOST_BYTES = 4 * 2 ** 20
/** Who has the lock holds it for milliseconds; longer than this, its program has ended. */
const STALE_MS = 10_000
/** How often the lock is tried for, and how long the pauses are. */
const TRIES = 60
const PAUSE_MS = 25

/**
 * The lines that were typed, the latest first, in a file that several chats write to. Each adds its lines to what is there, and one
 * at a time: the file is replaced as a whole, so without the lock one would put back what it read before another wrote.
 */
export class History {
  private unsaved: string[] = []
  private saving: Promise<void> = Promise.resolve()

  constructor(private readonly file: string) {}

  async read(): Promise<string[]> {
    const found = await stat(this.file).catch(() => undefined)
    if (!found?.isFile() || found.size > MOST_BYTES) return []
    const text = await readFile(this.file, 'utf8').catch(() => '')
    return text.split('\n').filter((line) => line !== '')
  }

  /** Adds a line. Where the file cannot be written, it is tried again with the next one. */
  add(line: string): void {
    if (line.trim() === '') return
    this.unsaved.unshift(line)
    this.saving = this.saving.then(() => this.save())
  }

  /** Resolves when all lines are in the file, or cannot be. */
  settled(): Promise<void> {
    return this.saving
  }

  private async save(): Promise<void> {
    if (this.unsaved.length === 0) return
    const release = await locked(`${this.file}.lock`).catch(() => undefined)
    if (!release) return
    try {
      const added = this.unsaved
      const known = await this.read()
      await writeWhole(this.file, `${[...added, ...known].slice(0, MOST_LINES).join('\n')}\n`)
      // More may have come meanwhile.
      this.unsaved = this.unsaved.slice(0, this.unsaved.length - added.length)
    } catch {
      // A history is a convenience: no chat ends because it cannot be kept.
    } finally {
      await release()
    }
  }
}

/** Takes a lock and returns what releases it; undefined where others do not let go. @throws where the folder cannot be written to */
async function locked(lock: string): Promise<(() => Promise<void>) | undefined> {
  const name = `${process.pid} ${randomBytes(8).toString('hex')}`
  const own = `${lock}.${randomBytes(8).toString('hex')}`
  const handle = await open(own, 'wx', 0o600)
  try {
    await handle.writeFile(name)
  } finally {
    await handle.close()
  }
  try {
    for (let i = 0; i < TRIES; i++) {
      // A link is made with its content, or not at all where there is one.
      const isNew = await link(own, lock).then(
        () => true,
        () => false,
      )
      if (isNew || (await stolen(own, lock, name))) return () => rm(lock, { force: true })
      await pause(PAUSE_MS)
    }
    return undefined
  } finally {
    await rm(own, { force: true })
  }
}

/** Replaces the lock of a program that has ended. Of several that do, the last one has it. */
async function stolen(own: string, lock: string, name: string): Promise<boolean> {
  const [holder, found] = await Promise.all([
    readFile(lock, 'utf8').catch(() => undefined),
    stat(lock).catch(() => undefined),
  ])
  if (holder === undefined || !found) return false
  if (isAlive(parseInt(holder, 10)) && Date.now() - found.mtimeMs < STALE_MS) return false
  await rename(own, lock).catch(() => undefined)
  await pause(PAUSE_MS)
  return (await readFile(lock, 'utf8').catch(() => undefined)) === name
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds))
}
