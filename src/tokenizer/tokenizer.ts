/** Text to token ids and back. */
export interface Tokenizer {
  /** One more than the largest id. */
  readonly vocabSize: number
  readonly bosId?: number
  /** Every id that ends a text or a turn. */
  readonly eosIds: readonly number[]
  /**
   * addSpecial: with the ids that the model wants around a text; parseSpecial: `<|name|>` becomes its id. Half a pair of UTF-16 is
   * U+FFFD, as in the bytes of the text.
   */
  encode(text: string, options?: EncodeOptions): number[]
  /** Special tokens are left out. @throws UserError for ids that are not in the vocabulary. */
  decode(ids: readonly number[]): string
  /** shown: special tokens that are given out as text, by their names. */
  decoder(shown?: readonly string[]): StreamDecoder
  idOf(token: string): number | undefined
  /** What a token adds to a text: undefined for a special one, null for an id without a token. */
  bytesOf(id: number): Uint8Array | undefined | null
}

export interface EncodeOptions {
  /** Default true. */
  readonly addSpecial?: boolean
  /** Default true. */
  readonly parseSpecial?: boolean
}

/** Decodes token by token; what a push returns is final and never ends inside of a character. */
export interface StreamDecoder {
  push(id: number): string
  flush(): string
}
