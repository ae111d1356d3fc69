import type { BackendOptions } from '../../backends/backend.js'
import type { Program } from '../../graph/program.js'
import type { LoadOptions } from '../options.js'

/** Tokens of a prompt that one step takes unless asked otherwise. */
const DEFAULT_STEP_TOKENS = 256
/** Answers that one step continues with unless asked otherwise. */
const DEFAULT_CONCURRENCY = 16
/** Rows of logits are kept below 4 M floats (16 MB), whatever the vocabulary. */
const MAX_LOGITS = 4 * 2 ** 20

/** The largest step of an engine, by which buffers are sized. */
export function stepSizes(
  { vocabSize }: Program,
  contextLength: number,
  { stepTokens: asked, maxTokens, maxConcurrency = DEFAULT_CONCURRENCY }: LoadOptions = {},
): Pick<BackendOptions, 'stepTokens' | 'maxLogitRows'> {
  const stepTokens = Math.min(asked ?? maxTokens ?? DEFAULT_STEP_TOKENS, contextLength)
  const rows = Math.max(maxConcurrency, Math.floor(MAX_LOGITS / vocabSize))
  return { stepTokens, maxLogitRows: Math.min(stepTokens, rows) }
}
