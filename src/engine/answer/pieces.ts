import type { Tokenizer } from '../../tokenizer/tokenizer.js'
import { nameChoice, type NamedChoice, type TokenChoice } from '../sample/likelihood.js'
import type { Part, Piece, PromptCount } from './generation.js'

/** Puts what is known of an answer into pieces: each part goes with the tokens chosen up to it. */
export class Pieces {
  private prompt: PromptCount | undefined
  private choices: NamedChoice[] = []

  constructor(
    private readonly push: (piece: Piece) => void,
    private readonly tokenizer: Tokenizer | undefined,
  ) {}

  begin(prompt: PromptCount): void {
    this.prompt = prompt
  }

  choose(choice: TokenChoice): void {
    this.choices.push(nameChoice(this.tokenizer, choice))
  }

  emit(part: Part): void {
    this.push({ ...this.take(), part })
  }

  /** Tokens without a text may be left, the stop id above all. */
  end(): void {
    const last = this.take()
    if (last.prompt ?? last.choices) this.push(last)
  }

  private take(): Pick<Piece, 'prompt' | 'choices'> {
    const { prompt, choices } = this
    this.prompt = undefined
    this.choices = []
    return { ...(prompt && { prompt }), ...(choices.length > 0 && { choices }) }
  }
}
