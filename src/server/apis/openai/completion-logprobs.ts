import { codePointCount } from '../../../chat/python/values.js'
import type { NamedChoice } from '../../../remote/engine-like.js'
import { LOWEST } from '../logprobs.js'

/** The older form of /v1/completions. */
export class CompletionLogprobs {
  constructor(
    /** Ids whose text is not shown, since they end the answer. */
    private readonly silent: ReadonlySet<number> = new Set(),
  ) {}

  /** Where the next token stands in the text, in code points, as other servers count. */
  private offset = 0
  /** Bytes that the last letter still wants. */
  private missing = 0

  /** The first token of a prompt has no likelihood, and no place in the text where it is a mark that the tokenizer puts before it. */
  prompt(first: { text: string }, choices: readonly NamedChoice[], shown: string) {
    const start = this.offset
    this.begin(first.text, shown)
    const rest = this.rows(choices, new Set())
    return {
      tokens: [first.text, ...rest.tokens],
      token_logprobs: [null, ...rest.token_logprobs],
      top_logprobs: [null, ...rest.top_logprobs],
      text_offset: [start, ...rest.text_offset],
    }
  }

  /** Tokens of a stop string have no place in the text. */
  answer(choices: readonly NamedChoice[]) {
    const shown = choices.filter(({ outside }) => !outside)
    return this.rows(shown, this.silent)
  }

  private rows(choices: readonly NamedChoice[], silent: ReadonlySet<number>) {
    const texts = choices.map(({ id, text }) => (silent.has(id) ? '' : text))
    return {
      tokens: texts,
      token_logprobs: choices.map(({ logprob }) => Math.max(LOWEST, logprob)),
      // The alternatives, and the token itself, which need not be one of the best.
      top_logprobs: choices.map(({ top, logprob }, i) => byText([...top, { text: texts[i]!, logprob }])),
      text_offset: choices.map(({ id, bytes }) => this.place(silent.has(id) ? [] : bytes)),
    }
  }

  /** A first token may be the beginning of a letter, whose other bytes follow. */
  private begin(first: string, shown: string): void {
    const whole = first.replace(/\uFFFD$/, '')
    if (shown.startsWith(first)) this.offset += codePointCount(first)
    else if (whole !== first && shown.startsWith(whole)) {
      const letter = String.fromCodePoint(shown.codePointAt(whole.length) ?? 0)
      this.offset += codePointCount(whole) + 1
      this.missing = new TextEncoder().encode(letter).length - 1
    }
  }

  /** Where the letter stands with which a token begins; it may have begun in the token before. */
  private place(bytes: readonly number[]): number {
    const at = isContinuation(bytes[0] ?? 0) && this.missing > 0 ? this.offset - 1 : this.offset
    for (const byte of bytes) {
      // One that no letter wants is shown by a sign of its own.
      if (isContinuation(byte) && this.missing > 0) this.missing--
      else {
        this.offset++
        this.missing = followers(byte)
      }
    }
    return at
  }
}

/** Of tokens with one text, such as parts of letters, the likeliest. */
function byText(tokens: readonly { readonly text: string; readonly logprob: number }[]): Record<string, number> {
  const found = new Map<string, number>()
  for (const { text, logprob } of tokens) found.set(text, Math.max(LOWEST, logprob, found.get(text) ?? LOWEST))
  return Object.fromEntries(found)
}

/** Of UTF-8: not the first byte of a letter. */
function isContinuation(byte: number): boolean {
  return (byte & 0xc0) === 0x80
}

/** How many bytes of its letter follow the first one. */
function followers(byte: number): number {
  return byte >= 0xf0 ? 3 : byte >= 0xe0 ? 2 : byte >= 0xc0 ? 1 : 0
}
