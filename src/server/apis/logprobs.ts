import type { NamedChoice, NamedToken } from '../../remote/engine-like.js'

/** A logarithm that JSON can say: what cannot come has none. */
export const LOWEST = -9999

/** A token as chat completions and responses show it. */
function shownToken({ text, bytes, logprob }: NamedToken) {
  return { token: text, logprob: Math.max(LOWEST, logprob), bytes }
}

/** Of the answer's text: thoughts, calls, marks and stop strings have no place there. */
export function chatLogprobs(choices: readonly NamedChoice[]) {
  return choices
    .filter(({ outside }) => !outside)
    .map((choice) => ({ ...shownToken(choice), top_logprobs: choice.top.map(shownToken) }))
}
