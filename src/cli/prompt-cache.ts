import { readFile } from 'node:fs/promises'
import { UserError } from '../errors.js'
import type { EngineLike, SessionLike } from '../remote/engine-like.js'
import { reasonOf } from '../system-error.js'
import { checkWritable, writeNamed } from './whole-file.js'

/**
 * A file that keeps what the cache holds of a session, so that the next process need not compute it again. A file that is there has to
 * be one of these: nothing else is overwritten.
 */
export class PromptCache {
  private constructor(
    private readonly file: string,
    private readonly bytes: Uint8Array | undefined,
  ) {}

  /** Read before a model is loaded. @throws UserError where the file is there and cannot be read, or cannot be written */
  static async open(file: string): Promise<PromptCache> {
    const bytes = await readFile(file).catch((cause: unknown) => {
      if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return undefined
      throw new UserError(`${file}: cannot be read: ${reasonOf(cause)}`, 'file_not_found', { cause })
    })
    await checkWritable(file)
    return new PromptCache(file, bytes)
  }

  /**
   * A session that finds what the file holds.
   * @param note is told where nothing of it can be used
   * @throws UserError invalid_file where it holds something else
   */
  async session(engine: EngineLike, note: (text: string) => void): Promise<SessionLike> {
    if (!this.bytes) return engine.session()
    try {
      const { session, dropped } = await engine.restore(this.bytes)
      if (dropped !== undefined) note(`${this.file} is not used: ${dropped}; it is written again`)
      return session
    } catch (error) {
      if (!(error instanceof UserError) || error.code !== 'invalid_file') throw error
      throw new UserError(`--prompt-cache ${this.file}: ${error.message}, or name another file`, 'invalid_file', {
        cause: error,
      })
    }
  }

  /** As a whole, for its owner alone. @throws UserError where it cannot be written */
  async save(session: SessionLike): Promise<void> {
    await writeNamed(this.file, await session.save(), { isPrivate: true })
  }
}
