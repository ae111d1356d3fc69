/** Why a grammar is refused: each says what was expected, what was found and where. */
import { UserError } from '../../errors.js'

/** It cannot be used: malformed, contradictory or not supported. */
export function invalidGrammar(what: string, cause?: unknown): UserError {
  return new UserError(`the grammar cannot be used: ${what}`, 'invalid_grammar', cause === undefined ? {} : { cause })
}

/** It is well formed and larger, deeper or more work than a limit allows. */
export function grammarTooComplex(what: string): UserError {
  return new UserError(`the grammar is too complex: ${what}`, 'grammar_too_complex')
}
