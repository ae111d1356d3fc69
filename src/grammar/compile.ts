import type { Dialect } from '../chat/dialects/dialect.js'
import type { GrammarSpec } from './spec.js'

/** How a grammar is compiled. */
export interface CompileOptions {
  /** How the model writes calls, for grammars of kind tool-calls: `engine.dialect`. */
  readonly dialect?: Dialect | undefined
  readonly signal?: AbortSignal | undefined
}

/** A grammar that can be enforced, by any model. */
export interface CompiledGrammar {
  readonly spec: GrammarSpec
  /** Bytes that it takes by now; what may come next is worked out when it is asked for, and remembered. */
  readonly bytes: number
  /**
   * Whether a whole answer matches.
   * @example
   * const grammar = await compileGrammar({ kind: 'regex', pattern: '[a-z]+' })
   * console.log(grammar.accepts('abc'), grammar.accepts('ABC')) // true false
   */
  accepts(text: string): boolean
}

/**
 * Compiles a grammar, and so tells before a model is loaded whether it can be enforced: whatever it lets through matches, so what
 * cannot be held is refused. Long work is done in slices, between which others run.
 * @throws UserError invalid_grammar, with the keyword and its place or the line and the column; grammar_too_complex; aborted
 * @example
 * const schema = { type: 'object', properties: { due: { type: 'string', format: 'date' } }, required: ['due'] }
 * const grammar = await compileGrammar({ kind: 'json-schema', schema })
 * console.log(grammar.accepts('{"due": "2026-11-26"}')) // true
 */
export async function compileGrammar(spec: GrammarSpec, options: CompileOptions = {}): Promise<CompiledGrammar> {
  const { automatonOf } = await import('./build.js')
  const automaton = await automatonOf(spec, options)
  return {
    spec,
    get bytes() {
      return automaton.bytes
    },
    accepts: (text) => automaton.matches(text),
  }
}
