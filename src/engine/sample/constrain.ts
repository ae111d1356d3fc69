import type { Dialect } from '../../chat/dialects/dialect.js'
import { UserError } from '../../errors.js'
import { Grammars, type GrammarConstraint, type GrammarSpec } from '../../grammar/constraint.js'
import type { StreamDecoder, Tokenizer } from '../../tokenizer/tokenizer.js'
import type { TokenConstraint } from './adjust.js'

/** The grammars of one model, made when the first is asked for. */
export class ModelGrammars {
  private readonly made = new Map<boolean, Promise<Grammars>>()

  constructor(
    private readonly tokenizer: Tokenizer | undefined,
    private readonly vocabSize: number,
    private readonly stopIds: ReadonlySet<number>,
    private readonly dialect: Dialect,
  ) {}

  /**
   * The constraint of one answer.
   * @param prompt the chat's; until its reasoning is over anything may come but the answer's end
   * @throws UserError invalid_grammar, invalid_tokenizer
   */
  async constraint(spec: GrammarSpec, prompt: string | undefined): Promise<TokenConstraint> {
    const { tokenizer } = this
    if (!tokenizer) throw new UserError('a grammar needs a tokenizer, and the checkpoint has none', 'invalid_tokenizer')
    const calls = spec.kind === 'tool-calls'
    const inner = await (await this.grammars(tokenizer, calls)).constraint(spec, this.dialect)
    const { markers } = this.dialect
    const start = prompt === undefined ? undefined : this.dialect.textStart?.(prompt, calls)
    return start === undefined ? inner : new AfterReasoning(inner, start, tokenizer.decoder(markers), this.stopIds)
  }

  /** Only calls have markers in them: in other answers they would be read as the beginning of a call. */
  private grammars(tokenizer: Tokenizer, calls: boolean): Promise<Grammars> {
    let made = this.made.get(calls)
    if (!made) {
      made = Grammars.of(tokenizer, this.vocabSize, this.stopIds, calls ? this.dialect.markers : [])
      this.made.set(calls, made)
    }
    return made
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
