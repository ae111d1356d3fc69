import { UserError } from '../../errors.js'

/** How long prompts shall be, and how many of them. */
export interface Sizing {
  /** Tokens of a prompt with its answer. */
  readonly length: number
  readonly count: number
  /** By the tokenizer of the model that is asked. */
  readonly countTokens: (text: string) => Promise<number>
}

/** A prompt that was made. */
export interface RulerDocument {
  readonly input: string
  /** What the answer has to contain. */
  readonly outputs: readonly string[]
  /** The beginning of the answer. */
  readonly prefix: string
}

/** Seeds of lm-evaluation-harness: Python's and NumPy's by its own defaults, the others of these tasks. */
export const SEEDS = { python: 0, numpy: 1234, task: 42 } as const

/**
 * The first size whose text fits, going down by `step` from `size`.
 * @param made undefined where there can be no text of that size
 */
export async function fitting<T extends { readonly text: string }>(
  size: number,
  step: number,
  room: number,
  made: (size: number) => T | undefined,
  { length, countTokens }: Sizing,
): Promise<T> {
  for (let used = size; used > 0; used -= step) {
    const one = made(used)
    if (one && (await countTokens(one.text)) + room <= length) return one
  }
  throw new UserError(
    `a prompt of ${length} tokens has no room for the question. Take a greater length, such as 4096.`,
    'invalid_argument',
  )
}
