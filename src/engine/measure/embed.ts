import { UserError } from '../../errors.js'
import { checkPrompt } from '../prompt.js'
import type { SharedRunner } from '../schedule/scheduler.js'
import { Sequence } from '../schedule/sequence.js'

/** last: the state of the last token, which has seen all others. mean: of all tokens. */
export type Pooling = 'last' | 'mean'

/** The states after the final norm, [T, D], as one vector [D] of length 1. @throws UserError. */
export async function embeddingOf(
  shared: SharedRunner,
  ids: readonly number[],
  pooling: Pooling,
  signal?: AbortSignal,
  salt?: string,
): Promise<Float32Array> {
  checkPrompt(ids, shared.vocabSize, shared.contextLength)
  const { runner } = shared
  if (!runner.hasHidden)
    throw new UserError(`the ${runner.backend} backend gives no embeddings`, 'unsupported_platform')
  const chunk = pooling === 'last' ? ids.length : Math.min(runner.stepTokens, runner.maxLogitRows)
  const sequence = new Sequence(shared, salt)
  let sum: Float64Array | undefined
  try {
    for (let start = 0; start < ids.length; start += chunk) {
      const end = Math.min(start + chunk, ids.length)
      const rowsFrom = pooling === 'last' ? end - 1 : start
      // Normally those from `start` on; more where memory was short and the sequence was preempted.
      const missing = ids.slice(sequence.length, end)
      const options = { rowsFrom, want: 'hidden', end: ids.length, signal } as const
      const rows = await shared.scheduler.compute(sequence, missing, options)
      if (!rows || signal?.aborted) throw new UserError('cancelled', 'aborted')
      for (const { hidden } of rows) {
        sum ??= new Float64Array(hidden!.length)
        for (let i = 0; i < sum.length; i++) sum[i]! += hidden![i]!
      }
    }
  } finally {
    shared.scheduler.release(sequence)
  }
  return normalized(sum!)
}

function normalized(vector: Float64Array): Float32Array {
  const length = Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0))
  return Float32Array.from(vector, (value) => (length > 0 ? value / length : 0))
}
