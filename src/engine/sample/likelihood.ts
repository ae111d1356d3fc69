import type { Tokenizer } from '../../tokenizer/tokenizer.js'
import { ScoredTokens } from './scored-tokens.js'

/** A token of an answer and how likely the model found it, before temperature, penalties and bias. */
export interface TokenChoice {
  readonly id: number
  /** Natural logarithm of its probability. */
  readonly logprob: number
  /** The most likely tokens at its place, falling. */
  readonly top: readonly { readonly id: number; readonly logprob: number }[]
}

/** A token and how likely it was, with its text. */
export interface NamedToken {
  readonly id: number
  readonly logprob: number
  /** Of the token alone: a special token has none, and half a character is U+FFFD. */
  readonly text: string
  /** What it adds to the answer, which may be half a character; none for a special token. */
  readonly bytes: readonly number[]
}

/** A `TokenChoice` whose tokens have their texts. */
export interface NamedChoice extends NamedToken {
  /** True for a token of a thought, of a call, of the marks around them, or of a stop string: it is no part of the answer's text. */
  readonly outside?: boolean | undefined
  readonly top: readonly NamedToken[]
}

/** @param logits [V] @param top how many alternatives to name */
export function choiceOf(logits: Float32Array, id: number, top: number): TokenChoice {
  const tokens = new ScoredTokens(logits)
  const normalizer = tokens.logSumExp()
  const ids = top > 0 ? [...tokens.largest(Math.min(top, logits.length))] : []
  return {
    id,
    logprob: logits[id]! - normalizer,
    top: ids.map((other) => ({ id: other, logprob: logits[other]! - normalizer })),
  }
}

/** Gives the tokens of a choice their texts; without a tokenizer they stay empty. */
export function nameChoice(tokenizer: Tokenizer | undefined, { id, logprob, top }: TokenChoice): NamedChoice {
  const name = (token: { readonly id: number; readonly logprob: number }): NamedToken => ({
    ...token,
    text: textOfToken(tokenizer, token.id),
    bytes: [...((hasToken(tokenizer, token.id) && tokenizer?.bytesOf(token.id)) || [])],
  })
  return { ...name({ id, logprob }), top: top.map(name) }
}

/** A token's text alone; none where there is no tokenizer, or no token of this id. */
export function textOfToken(tokenizer: Tokenizer | undefined, id: number): string {
  return hasToken(tokenizer, id) ? (tokenizer?.decode([id]) ?? '') : ''
}

/** False for ids that pad the vocabulary. */
export function hasToken(tokenizer: Tokenizer | undefined, id: number): boolean {
  return tokenizer !== undefined && id < tokenizer.vocabSize && tokenizer.bytesOf(id) !== null
}

/** log softmax(logits)[id], within 1e-6. */
export function logProbability(logits: Float32Array, id: number): number {
  return logits[id]! - new ScoredTokens(logits).logSumExp()
}
