import type { NamedChoice, NamedToken } from '../../remote/engine-like.js'

/** A logarithm that JSON can say: what cannot come has none. */
export const LOWEST = -9999

/** A token as chat completions and responses show it. */
function shownToken({ text, bytes, logprob }: NamedToken) {
  return { token: text, logprob: Math.max(LOWEST, logprob), bytes }
}

export function chatLogprobs(choices: readonly NamedChoice[]) {
  return choices.map((choice) => ({ ...shownToken(choice), top_logprobs: choice.top.map(shownToken) }))
}
