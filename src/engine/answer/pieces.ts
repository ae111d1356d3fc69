import type { Tokenizer } from '../../tokenizer/tokenizer.js'
import { nameChoice, type NamedChoice, type TokenChoice } from '../sample/likelihood.js'
import type { Part, Piece, PromptCount, PromptProgress } from './generation.js'

/** Puts what is known of an answer into pieces: each part goes with the tokens chosen up to it. */
export class Pieces {
  private prompt: PromptCount | undefined
  private choices: NamedChoice[] = []
  /** Of the choices, the last ones, of which it is not known yet where they belong. */
  private undecided = 0

  constructor(
    private readonly push: (piece: Piece) => void,
    private readonly tokenizer: Tokenizer | undefined,
  ) {}

  reading(progress: PromptProgress): void {
    this.push({ reading: progress })
  }

  begin(prompt: PromptCount): void {
    this.prompt = prompt
  }

  choose(choice: TokenChoice): void {
    this.choices.push(nameChoice(this.tokenizer, choice))
    this.undecided++
  }

  /** Says where the tokens since the last time belong. */
  place(outside: boolean): void {
    const known = this.choices.length - this.undecided
    if (outside) this.choices = this.choices.map((choice, i) => (i < known ? choice : { ...choice, outside }))
    this.undecided = 0
  }

  emit(part: Part): void {
    this.push({ ...this.take(), part })
  }

  /**
   * Tokens without a text may be left, the stop id above all.
   * @param stopped by a stop string, whose tokens are left then
   */
  end(stopped: boolean): void {
    if (stopped) this.choices = this.choices.map((choice) => ({ ...choice, outside: true }))
    const last = this.take()
    if (last.prompt ?? last.choices) this.push(last)
  }

  private take(): Pick<Piece, 'prompt' | 'choices'> {
    const { prompt, choices } = this
    this.prompt = undefined
    this.choices = []
    this.undecided = 0
    return { ...(prompt && { prompt }), ...(choices.length > 0 && { choices }) }
  }
}
