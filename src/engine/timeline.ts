import type { Runner } from '../backends/backend.js'
import { UserError, invariant } from '../errors.js'
import { PagePool, pagesFor } from './cache.js'
import { Queue } from './queue.js'

/** A runner that several timelines share: their steps come one after the other, their pages from one pool. */
export interface SharedRunner {
  readonly runner: Runner
  readonly queue: Queue
  readonly pool: PagePool
  readonly vocabSize: number
  readonly contextLength: number
}

export function shareRunner(runner: Runner, vocabSize: number, contextLength: number): SharedRunner {
  return { runner, queue: new Queue(), pool: new PagePool(runner), vocabSize, contextLength }
}

/** One sequence of tokens whose keys and values are in the cache, and the pages that hold them. */
export class Timeline {
  private readonly tokens: number[] = []
  private readonly pages: number[] = []

  constructor(private readonly shared: SharedRunner) {}

  /** Tokens in the cache. */
  get length(): number {
    return this.tokens.length
  }

  /**
   * Keeps what the cache and `ids` have in common from the start, drops the rest, and returns how many were kept. The
   * last of `ids` always stays to be fed, since its logits are what the caller wants.
   */
  reuse(ids: readonly number[]): number {
    const limit = Math.min(this.tokens.length, ids.length - 1)
    let kept = 0
    while (kept < limit && this.tokens[kept] === ids[kept]) kept++
    this.truncate(kept)
    return kept
  }

  /** Forgets everything behind the first `length` tokens and gives their pages back. */
  truncate(length: number): void {
    this.tokens.length = Math.min(this.tokens.length, length)
    this.shared.pool.give(this.pages.splice(pagesFor(this.tokens.length)))
  }

  /**
   * Feeds `ids` (at most runner.maxTokens) behind what is cached.
   * @param rows whose logits are wanted
   * @param read gets the logits [R, V], which are overwritten by the next step
   * @throws UserError context_length_exceeded, out_of_memory
   */
  step<R>(ids: readonly number[], rows: 'none' | 'last' | 'all', read: (logits: Float32Array) => R): Promise<R> {
    const { runner, queue, contextLength } = this.shared
    const start = this.tokens.length
    const count = ids.length
    invariant(count > 0 && count <= runner.maxTokens, `a step of ${count} tokens; at most ${runner.maxTokens}`)
    if (start + count > contextLength) throw contextExceeded(start + count, contextLength)
    return queue.run(async () => {
      this.growTo(start + count)
      const logits = await runner.step({
        tokens: Int32Array.from(ids),
        positions: Int32Array.from(ids, (_, i) => start + i),
        sequences: new Int32Array(count),
        pageTables: [Int32Array.from(this.pages)],
        logitRows:
          rows === 'all' ? Int32Array.from(ids, (_, i) => i) : Int32Array.from(rows === 'last' ? [count - 1] : []),
      })
      this.tokens.push(...ids)
      return read(logits)
    })
  }

  /** Gives all pages back. */
  release(): void {
    this.truncate(0)
  }

  private growTo(positions: number): void {
    const missing = pagesFor(positions) - this.pages.length
    if (missing > 0) this.pages.push(...this.shared.pool.take(missing))
  }
}

/** @throws UserError when `ids` cannot be a prompt: empty, not token ids of this model, or longer than the context. */
export function checkPrompt(ids: readonly number[], vocabSize: number, contextLength = Infinity): void {
  if (ids.length === 0) {
    throw new UserError(
      'the prompt is empty: expected at least one token; write some text or give token ids',
      'invalid_argument',
    )
  }
  ids.forEach((id, i) => {
    if (Number.isInteger(id) && id >= 0 && id < vocabSize) return
    const expected = `expected a whole number from 0 to ${vocabSize - 1}, the model's vocabulary`
    throw new UserError(`token id ${id} at position ${i} of the prompt: ${expected}`, 'invalid_argument')
  })
  if (ids.length > contextLength) throw contextExceeded(ids.length, contextLength)
}

function contextExceeded(found: number, limit: number): UserError {
  return new UserError(
    `the prompt has ${found} tokens, but the context holds ${limit}; shorten the prompt or the conversation`,
    'context_length_exceeded',
  )
}
