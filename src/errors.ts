/** Machine-readable reasons of a {@link UserError}. */
export type UserErrorCode =
  | 'invalid_argument'
  | 'file_not_found'
  | 'invalid_file'
  | 'unsupported_model'
  | 'unsupported_format'
  | 'tensor_mismatch'
  | 'invalid_tokenizer'
  | 'invalid_template'
  | 'invalid_grammar'
  | 'context_length_exceeded'
  | 'out_of_memory'
  | 'aborted'
  | 'unsupported_platform'

/**
 * A mistake that the user can mend: a broken file, a wrong flag, a prompt that is too long. The message says what was
 * expected, what was found, where, and what to do. The command line exits with 2, the server answers 4xx.
 */
export class UserError extends Error {
  override readonly name = 'UserError'
  constructor(
    message: string,
    readonly code: UserErrorCode,
    options?: ErrorOptions,
  ) {
    super(message, options)
  }
}

/** Throws when our own reasoning is wrong: a bug of ours, never the user's mistake. */
export function invariant(condition: unknown, message: string): asserts condition {
  if (!condition) throw new Error(`internal error: ${message} (this is a bug in kaiyuan; please report it)`)
}
