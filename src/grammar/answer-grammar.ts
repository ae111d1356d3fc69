import type { GrammarSpec } from './spec.js'
import type { TokenIndex } from './token-index.js'

/** The grammars of one model. */
export interface AnswerGrammars {
  /**
   * The grammar of one answer, compiled, so that it is known to be one that can be enforced; close it when the answer ends.
   * @param prompt the chat's; until its reasoning is over anything may come but the answer's end
   * @param salt a grammar that was compiled for another salt is not found: nobody learns from the time what others have asked
   * @throws UserError invalid_grammar, grammar_too_complex, invalid_tokenizer, aborted
   */
  open(spec: GrammarSpec, prompt: string | undefined, signal?: AbortSignal, salt?: string): Promise<OpenGrammar>
  /** Does now, in slices, what the first grammar would wait for. Where it fails, the first grammar says so. */
  prepare(): Promise<void>
  /** Nobody asks for grammars any more: what is being prepared ends. */
  close(): void
}

/** The grammar of one answer, and what finds the tokens of a text that it forces, once the form was prepared. */
export interface OpenGrammar {
  readonly form: AnswerGrammar
  readonly index: () => TokenIndex
}

/** One answer in its grammar: which tokens may come next, and what must. */
export interface AnswerGrammar {
  /**
   * Works out what may come next, now and after each of the drafts, while the logits are computed that it is for. The first time it
   * may take a while: it waits for the model's vocabulary to be arranged. Nothing else is to be asked before.
   * @throws UserError aborted when the model is closed meanwhile
   */
  prepare(drafts?: readonly number[]): void | Promise<void>
  /** How many of these tokens may come, one after the other. */
  follow(ids: readonly number[]): number
  /**
   * The ids that may come next, as a set of bits [V / 32]; undefined: all. Valid until the next call.
   * @throws UserError grammar_too_complex
   */
  allowed(): Int32Array | undefined
  /** Takes a token that was chosen. */
  accept(id: number): void
  /** The text that must come next; undefined where there is none. */
  forced(): ForcedText | undefined
  /** The answer is over. */
  close(): void
}

/** Text that a grammar forces, and what may follow it. */
export interface ForcedText {
  readonly bytes: Uint8Array
  /** Whether the text may continue with these bytes. */
  allows(rest: Uint8Array): boolean
  /** Which place of the grammar this is, for as long as {@link memory} is kept. */
  readonly place: number
  /** What was found out about forced texts of this grammar. */
  readonly memory: Map<string, readonly number[]>
}
