/** A run's answers in a file that survives whatever ends the process. */
import { open, readFile, rm, type FileHandle } from 'node:fs/promises'
import { UserError } from '../../errors.js'
import { isJsonObject } from '../../json.js'
import { reasonOf } from '../../system-error.js'
import { difference, type RunIdentity } from './identity.js'
import type { AnswerRecord, RecordStore } from './record.js'

/** One object a line: first the run's identity, then an answer each. A line counts when its end is there. */
export class Journal implements RecordStore {
  private last: Promise<unknown> = Promise.resolve()

  private constructor(
    private readonly path: string,
    private readonly file: FileHandle,
    readonly kept: readonly AnswerRecord[],
  ) {}

  /**
   * Goes on with the file, or begins it.
   * @throws UserError where it is of another run, naming what differs, or of a process that still runs
   */
  static async open(path: string, identity: RunIdentity): Promise<Journal> {
    await claim(path)
    try {
      const text = await readFile(path, 'utf8').catch(() => '')
      // What has no line end was being written when the process ended.
      const whole = text.slice(0, text.lastIndexOf('\n') + 1)
      const [head, ...lines] = whole.split('\n').filter((line) => line !== '')
      if (head !== undefined) checkSame(path, identity, head)
      const kept = lines.map((line, i) => recordOf(line, `${path}, line ${i + 2}`))
      const file = await open(path, 'a').catch((cause: unknown) => cannotWrite(path, cause))
      if (head === undefined) await file.truncate(0)
      else await file.truncate(Buffer.byteLength(whole))
      const journal = new Journal(path, file, kept)
      if (head === undefined) await journal.write({ run: identity })
      return journal
    } catch (error) {
      await release(path)
      throw error
    }
  }

  /** Lines are written one after the other, each whole and on the disk before the next. */
  append(record: AnswerRecord): Promise<void> {
    return this.write(record)
  }

  async close(): Promise<void> {
    await this.last
    await this.file.close()
    await release(this.path)
  }

  private write(value: object): Promise<void> {
    const written = this.last.then(async () => {
      await this.file.appendFile(`${JSON.stringify(value)}\n`)
      await this.file.datasync()
    })
    this.last = written.catch(() => undefined)
    return written
  }
}

function checkSame(path: string, identity: RunIdentity, head: string): void {
  const found = objectOf(head, `${path}, line 1`)['run'] as RunIdentity | undefined
  if (!found) throw new UserError(`${path}: expected a run's identity in line 1`, 'invalid_file')
  const differs = difference(found, identity) ?? subjectDifference(found, identity)
  if (!differs) return
  throw new UserError(
    `${path} is of another run: its ${differs.field} is ${differs.a}, here it is ${differs.b}. Take another folder for the results.`,
    'invalid_argument',
  )
}

/** A run goes on with the model that it began with. */
function subjectDifference(a: RunIdentity, b: RunIdentity): { field: string; a: string; b: string } | undefined {
  for (const field of ['model', 'precision', 'template', 'engine'] as const)
    if (a.subject[field] !== b.subject[field]) return { field, a: a.subject[field], b: b.subject[field] }
  const [first, second] = [a, b].map(({ subject }) => JSON.stringify(subject.settings))
  return first === second ? undefined : { field: 'settings', a: first!, b: second! }
}

function recordOf(line: string, place: string): AnswerRecord {
  const value = objectOf(line, place)
  if (typeof value['doc_id'] === 'number' && typeof value['repeat'] === 'number' && isJsonObject(value['scores']))
    return value as unknown as AnswerRecord
  throw new UserError(`${place}: expected an answer with doc_id, repeat and scores. Delete the file.`, 'invalid_file')
}

function objectOf(line: string, place: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(line)
    if (isJsonObject(value)) return value
  } catch (cause) {
    throw new UserError(`${place}: expected JSON. Delete the file.`, 'invalid_file', { cause })
  }
  throw new UserError(`${place}: expected a JSON object. Delete the file.`, 'invalid_file')
}

/** One process at a time writes a journal: the claim names it, and one of a process that is gone counts for nothing. */
async function claim(path: string): Promise<void> {
  const lock = lockOf(path)
  for (let attempt = 0; ; attempt++) {
    try {
      const file = await open(lock, 'wx')
      await file.writeFile(String(process.pid))
      return await file.close()
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) cannotWrite(path, error)
    }
    const owner = Number(await readFile(lock, 'utf8').catch(() => ''))
    if (attempt > 0 || (owner > 0 && owner !== process.pid && isAlive(owner)))
      throw new UserError(
        `${path}: process ${owner} writes it now. Wait for it, or take another folder; if that process is another program, delete ${lock}.`,
        'invalid_argument',
      )
    await rm(lock, { force: true })
  }
}

function cannotWrite(path: string, cause: unknown): never {
  throw new UserError(`${path}: cannot be written: ${reasonOf(cause)}`, 'invalid_argument', { cause })
}

async function release(path: string): Promise<void> {
  await rm(lockOf(path), { force: true })
}

function lockOf(path: string): string {
  return `${path}.lock`
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    // It is there, and of somebody else.
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}
