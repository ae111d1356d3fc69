import type { NamedChoice, NamedToken, Piece } from '../../remote/engine-like.js'

/** A logarithm that JSON can say: what cannot come has none. */
export const LOWEST = -9999

/** A token as chat completions and responses show it. */
function shownToken({ text, bytes, logprob }: NamedToken) {
  return { token: text, logprob: Math.max(LOWEST, logprob), bytes }
}

/** What was chosen for a piece of the answer's text: none of a thought or a call. */
export function choicesOfText({ part, choices }: Piece): readonly NamedChoice[] {
  return !part || part.kind === 'text' ? (choices ?? []) : []
}

/** Of the answer's text: thoughts, calls, marks and stop strings have no place there. */
export function chatLogprobs(choices: readonly NamedChoice[]) {
  return choices
    .filter(({ outside }) => !outside)
    .map((choice) => ({ ...shownToken(choice), top_logprobs: choice.top.map(shownToken) }))
}
