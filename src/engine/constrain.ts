import { UserError } from '../errors.js'
import { Grammars, type GrammarConstraint, type GrammarSpec } from '../grammar/constraint.js'
import type { StreamDecoder, Tokenizer } from '../tokenizer/tokenizer.js'
import type { TokenConstraint } from './adjust.js'

/** The grammars of one model, made when the first is asked for. */
export class ModelGrammars {
  private made: Promise<Grammars> | undefined

  constructor(
    private readonly tokenizer: Tokenizer | undefined,
    private readonly vocabSize: number,
    private readonly stopIds: ReadonlySet<number>,
    /** Special tokens that grammars may ask for by their names. */
    private readonly markers: readonly string[],
  ) {}

  /**
   * The constraint of one answer.
   * @param textStart what ends the reasoning that the prompt opened; until then anything may come but the answer's end
   * @throws UserError invalid_grammar, invalid_tokenizer
   */
  async constraint(spec: GrammarSpec, textStart: string | undefined): Promise<TokenConstraint> {
    const { tokenizer } = this
    if (!tokenizer) throw new UserError('a grammar needs a tokenizer, and the checkpoint has none', 'invalid_tokenizer')
    this.made ??= Grammars.of(tokenizer, this.vocabSize, this.stopIds, this.markers)
    const inner = await (await this.made).constraint(spec)
    return textStart === undefined
      ? inner
      : new AfterReasoning(inner, textStart, tokenizer.decoder(this.markers), this.stopIds)
  }
}

/** Lets the model think first: the grammar holds from the end of the reasoning on. */
class AfterReasoning implements TokenConstraint {
  private thought = ''
  private thinking = true

  constructor(
    private readonly inner: GrammarConstraint,
    private readonly end: string,
    private readonly decoder: StreamDecoder,
    private readonly stopIds: ReadonlySet<number>,
  ) {}

  prepare(): Promise<void> {
    return this.inner.prepare()
  }

  mask(scores: Float32Array): Float32Array {
    if (!this.thinking) return this.inner.mask(scores)
    const masked = scores.slice()
    for (const id of this.stopIds) if (id < masked.length) masked[id] = -Infinity
    return masked
  }

  accept(id: number): void {
    if (!this.thinking) return this.inner.accept(id)
    this.thought += this.decoder.push(id)
    const at = this.thought.indexOf(this.end)
    if (at < 0) {
      // Only what may be a beginning of the end is needed.
      this.thought = this.thought.slice(-this.end.length)
      return
    }
    this.thinking = false
    const rest = this.thought.slice(at + this.end.length).trimStart()
    if (rest !== '') this.inner.acceptText(rest)
  }

  close(): void {
    this.inner.close()
  }
}
