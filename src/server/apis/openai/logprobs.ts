import type { NamedChoice, NamedToken } from '../../../remote/protocol.js'

/** A logarithm that JSON can say: what cannot come has none. */
const LOWEST = -9999

/** A token as chat completions and responses show it. */
function shownToken({ text, bytes, logprob }: NamedToken) {
  return { token: text, logprob: Math.max(LOWEST, logprob), bytes }
}

export function chatLogprobs(choices: readonly NamedChoice[]) {
  return choices.map((choice) => ({ ...shownToken(choice), top_logprobs: choice.top.map(shownToken) }))
}

/** The older form of /v1/completions; `offset` is where the first token stands in the text. */
export class CompletionLogprobs {
  constructor(private offset = 0) {}

  /** The first token of a prompt has no likelihood. */
  prompt(first: { text: string }, choices: readonly NamedChoice[]) {
    const start = this.offset
    this.offset += first.text.length
    const rest = this.answer(choices)
    return {
      tokens: [first.text, ...rest.tokens],
      token_logprobs: [null, ...rest.token_logprobs],
      top_logprobs: [null, ...rest.top_logprobs],
      text_offset: [start, ...rest.text_offset],
    }
  }

  answer(choices: readonly NamedChoice[]) {
    return {
      tokens: choices.map(({ text }) => text),
      token_logprobs: choices.map(({ logprob }) => Math.max(LOWEST, logprob)),
      top_logprobs: choices.map(({ top }) =>
        Object.fromEntries(top.map(({ text, logprob }) => [text, Math.max(LOWEST, logprob)])),
      ),
      text_offset: choices.map(({ text }) => {
        const at = this.offset
        this.offset += text.length
        return at
      }),
    }
  }
}
