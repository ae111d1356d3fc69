import type { NamedChoice } from '../../../remote/engine-like.js'
import { LOWEST } from '../logprobs.js'

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
