import type { NamedChoice } from '../../../remote/engine-like.js'
import { LOWEST } from '../logprobs.js'

/** The older form of /v1/completions; `offset` is where the first token stands in the text. */
export class CompletionLogprobs {
  constructor(
    /** Ids whose text is not shown, since they end the answer. */
    private readonly silent: ReadonlySet<number> = new Set(),
    private offset = 0,
  ) {}

  /** The first token of a prompt has no likelihood. */
  prompt(first: { text: string }, choices: readonly NamedChoice[]) {
    const start = this.offset
    this.offset += first.text.length
    const rest = this.rows(choices, new Set())
    return {
      tokens: [first.text, ...rest.tokens],
      token_logprobs: [null, ...rest.token_logprobs],
      top_logprobs: [null, ...rest.top_logprobs],
      text_offset: [start, ...rest.text_offset],
    }
  }

  answer(choices: readonly NamedChoice[]) {
    return this.rows(choices, this.silent)
  }

  private rows(choices: readonly NamedChoice[], silent: ReadonlySet<number>) {
    const texts = choices.map(({ id, text }) => (silent.has(id) ? '' : text))
    return {
      tokens: texts,
      token_logprobs: choices.map(({ logprob }) => Math.max(LOWEST, logprob)),
      // The alternatives, and the token itself, which need not be one of the best.
      top_logprobs: choices.map(({ top, logprob }, i) =>
        Object.fromEntries(
          [...top, { text: texts[i]!, logprob }].map((token) => [token.text, Math.max(LOWEST, token.logprob)]),
        ),
      ),
      text_offset: texts.map((text) => {
        const at = this.offset
        this.offset += text.length
        return at
      }),
    }
  }
}
