import type { RowResult } from '../../backends/backend.js'
import { UserError } from '../../errors.js'
import { checkPrompt } from '../prompt.js'
import { Timeline, type SharedRunner } from '../schedule/timeline.js'

/** last: the state of the last token, which has seen all others. mean: of all tokens. */
export type Pooling = 'last' | 'mean'

/** The states after the final norm, [T, D], as one vector [D] of length 1. @throws UserError. */
export async function embeddingOf(
  shared: SharedRunner,
  ids: readonly number[],
  pooling: Pooling,
  signal?: AbortSignal,
): Promise<Float32Array> {
  checkPrompt(ids, shared.vocabSize, shared.contextLength)
  const { runner } = shared
  if (!runner.hasHidden)
    throw new UserError(`the ${runner.backend} backend gives no embeddings`, 'unsupported_platform')
  const chunk = pooling === 'last' ? ids.length : Math.min(runner.stepTokens, runner.maxLogitRows)
  const rows = pooling === 'last' ? 'last' : 'all'
  const timeline = new Timeline(shared)
  let sum: Float64Array | undefined
  try {
    for (let start = 0; start < ids.length; start += chunk) {
      const part = ids.slice(start, start + chunk)
      const add = (states: readonly RowResult[]): true => {
        for (const { hidden } of states) {
          sum ??= new Float64Array(hidden!.length)
          for (let i = 0; i < sum.length; i++) sum[i]! += hidden![i]!
        }
        return true
      }
      const done = await timeline.step(part, rows, add, signal, undefined, 'hidden', ids.length)
      if (!done || signal?.aborted) throw new UserError('cancelled', 'aborted')
    }
  } finally {
    timeline.release()
  }
  return normalized(sum!)
}

function normalized(vector: Float64Array): Float32Array {
  const length = Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0))
  return Float32Array.from(vector, (value) => (length > 0 ? value / length : 0))
}
