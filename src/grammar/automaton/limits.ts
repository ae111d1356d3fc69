/** What bounds the work and the memory of one grammar. */
import { UserError } from '../../errors.js'

export interface GrammarLimits {
  /** Nodes of the grammar's tree. */
  readonly nodes: number
  /** Frames of a stack: nesting that is deeper is not allowed by a mask. */
  readonly depth: number
  /** Configurations of a set, which are the ways that a text may be read in so far. */
  readonly configurations: number
  /** Steps of one mask; tokens that are not decided by then are left out of it. */
  readonly steps: number
  /** Steps of the search for an accepting state, where languages are intersected. */
  readonly search: number
  /** Steps of all such searches of a grammar before it is used. */
  readonly searches: number
}

/** Steps done for one grammar, the languages within it included: what bounds work is counted, so that the same seed gives the same text. */
export interface Work {
  steps: number
}

export const DEFAULT_LIMITS: GrammarLimits = {
  nodes: 60_000,
  depth: 10_000,
  configurations: 20_000,
  steps: 250_000,
  search: 1_000_000,
  searches: 1_200_000,
}

/** @param advice what may help, as it stands after `try` */
export function tooComplex(found: string, advice: string): UserError {
  return new UserError(`the grammar is too complex: ${found}`, 'grammar_too_complex', { remedies: [{ advice }] })
}

/** More configurations than a set may have: to leave some out would forbid texts in silence. */
export function tooManyAtOnce(most: number): UserError {
  return tooComplex(
    `at one place more than ${most} of its parts are possible at once`,
    'alternatives that begin with the same parts, or fewer of them; counts that do not overlap',
  )
}

export function invalidGrammar(fault: string, advice?: string): UserError {
  return new UserError(fault, 'invalid_grammar', advice === undefined ? {} : { remedies: [{ advice }] })
}
