import { UserError } from '../errors.js'
import { DEAD, type Automaton } from './automaton/automaton.js'
import type { AnswerGrammar, ForcedText } from './answer-grammar.js'
import type { TokenMasks } from './masks/masks.js'
import type { Pauses, Steps } from './pauses.js'

/** A compiled grammar with its masks for one vocabulary, which several answers use at the same time. */
export interface GrammarInUse {
  readonly automaton: Automaton
  readonly masks: TokenMasks
  readonly stopIds: ReadonlySet<number>
  readonly forcedTexts: Map<string, readonly number[]>
  /** For work that takes longer than a slice. */
  pauses(): Pauses
  /** Keeps the states as they are until what is returned is called. */
  hold(): () => void
  /** Called after each token; it may rename the states of all who use the grammar. */
  tidy(): void
  release(constraint: GrammarConstraint): void
}

/** The state of one answer in its grammar. States are numbers, so that drafts are walked and left again. */
export class GrammarConstraint implements AnswerGrammar {
  private ended = false
  private closed = false
  private failure: Error | undefined
  /** The mask of this place, once it was prepared. */
  private mask: Int32Array | undefined

  constructor(
    private readonly grammar: GrammarInUse,
    /** Where the answer stands. */
    public state: number,
  ) {}

  prepare(drafts: readonly number[] = []): void | Promise<void> {
    const steps = this.preparing(drafts)
    const pauses = this.grammar.pauses()
    while (!steps.next().done) if (pauses.due) return this.rest(steps, pauses)
  }

  /** What a slice did not suffice for; nothing more once the answer is over. */
  private async rest(steps: Steps, pauses: Pauses): Promise<void> {
    const letGo = this.grammar.hold()
    try {
      do await pauses.breathe()
      while (!this.closed && !steps.next().done)
    } finally {
      letGo()
    }
  }

  private *preparing(drafts: readonly number[]): Steps {
    const { masks, stopIds } = this.grammar
    let { state } = this
    let at = -1
    try {
      while (!this.ended) {
        const mask = yield* masks.making(state)
        if (at < 0) this.mask = mask
        const id = drafts[++at]
        if (id === undefined || stopIds.has(id)) return
        state = masks.after(state, id)
        if (state === DEAD) return
      }
    } catch (error) {
      // After drafts, it is said once they are the answer's.
      if (at < 0)
        this.failure = error instanceof Error ? error : new Error('internal error in a grammar', { cause: error })
    }
  }

  follow(ids: readonly number[]): number {
    const { masks, automaton, stopIds } = this.grammar
    let state = this.state
    let at = 0
    try {
      for (; at < ids.length && !this.ended; at++) {
        if (stopIds.has(ids[at]!)) return automaton.accepts(state) ? at + 1 : at
        state = masks.after(state, ids[at]!)
        if (state === DEAD) return at
      }
    } catch (error) {
      if (!(error instanceof UserError)) throw error
      // Too complex there, which is said where the answer comes to it.
      return at
    }
    return ids.length
  }

  allowed(): Int32Array | undefined {
    if (this.failure) throw this.failure
    return this.ended ? undefined : (this.mask ?? this.grammar.masks.mask(this.state))
  }

  accept(id: number): void {
    if (this.ended) return
    this.mask = undefined
    if (this.grammar.stopIds.has(id)) {
      this.ended = true
      return
    }
    this.state = this.grammar.masks.after(this.state, id)
    if (this.state === DEAD) throw new Error(`internal error: token ${id} is outside of the grammar`)
    this.grammar.tidy()
  }

  /** Whether the text may continue with these bytes. */
  allows(bytes: Uint8Array): boolean {
    return this.ended || this.grammar.automaton.after(this.state, bytes) !== DEAD
  }

  /** The rest of a token that began before the grammar did. @throws UserError invalid_grammar where it may not come */
  acceptBytes(bytes: Uint8Array): void {
    const state = this.grammar.automaton.after(this.state, bytes)
    if (state === DEAD) {
      const found = JSON.stringify(new TextDecoder().decode(bytes))
      throw new UserError(`the answer begins with ${found}, which the grammar does not allow`, 'invalid_grammar')
    }
    this.mask = undefined
    this.state = state
  }

  forced(): ForcedText | undefined {
    if (this.ended || this.failure) return undefined
    const { automaton, forcedTexts: memory } = this.grammar
    const bytes = automaton.forced(this.state)
    if (bytes.length === 0) return undefined
    const after = automaton.after(this.state, bytes)
    return { bytes, allows: (rest) => automaton.after(after, rest) !== DEAD, place: this.state, memory }
  }

  close(): void {
    if (this.closed) return
    this.closed = true
    this.ended = true
    this.grammar.release(this)
  }
}
