/** One compiled grammar: an automaton over bytes without a vocabulary, so that any model can use it. */
import type { Node } from '../syntax/nodes.js'
import type { ByteClasses } from './classes.js'
import { Facts } from './facts.js'
import { languages } from './languages.js'
import { DEFAULT_LIMITS, invalidGrammar, type GrammarLimits } from './limits.js'
import { DEAD, Machine } from './machine.js'

export type { GrammarLimits } from './limits.js'
export { DEAD } from './machine.js'

/** Bytes of text that is forced, at most. */
const MOST_FORCED = 512

export class Automaton {
  /** Names of the special tokens that the grammar asks for. */
  readonly specials: readonly string[]
  readonly classes: ByteClasses
  readonly limits: GrammarLimits
  private readonly machine: Machine
  private start: number

  /**
   * @throws UserError invalid_grammar where a rule begins with itself by way of others, or where no text at all matches;
   * grammar_too_complex
   */
  constructor(root: Node, limits: Partial<GrammarLimits> = {}) {
    this.limits = { ...DEFAULT_LIMITS, ...limits }
    this.machine = new Machine(root, languages(), this.limits)
    this.start = this.machine.initial
    if (this.start === DEAD)
      throw invalidGrammar(
        'the grammar allows nothing: no text of any length matches it',
        'parts that contradict each other less',
      )
    this.specials = this.machine.net.specials
    this.classes = this.machine.classes
  }

  get initial(): number {
    return this.start
  }

  go(state: number, byte: number): number {
    return this.machine.go(state, byte)
  }

  /** By the class of a byte; see {@link classes}. */
  goClass(state: number, byteClass: number): number {
    return this.machine.goClass(state, byteClass)
  }

  accepts(state: number): boolean {
    return this.machine.accepts(state)
  }

  goSpecial(state: number, name: string): number {
    if (!this.specials.includes(name)) return DEAD
    let to = state
    for (const byte of this.machine.net.specialBytes(name)) to = this.machine.go(to, byte)
    return to
  }

  /** Bytes that must come next; they stop where the text may end, where a special token may come, or at a choice. */
  forced(state: number): Uint8Array {
    const bytes: number[] = []
    for (let at = state; bytes.length < MOST_FORCED && !this.accepts(at);) {
      const byte = this.onlyByte(at)
      if (byte === undefined || byte >= 0xf8) break
      bytes.push(byte)
      at = this.go(at, byte)
    }
    return Uint8Array.from(bytes)
  }

  private onlyByte(state: number): number | undefined {
    let only: number | undefined
    for (let byte = 0; byte < 256; byte++) {
      if (this.go(state, byte) === DEAD) continue
      if (only !== undefined) return undefined
      only = byte
    }
    return only
  }

  /** Frees all but these states, which get the numbers that are returned; the initial one is kept. */
  trim(live: readonly number[]): number[] {
    const [start, ...moved] = this.machine.trim([this.start, ...live])
    this.start = start!
    return moved
  }

  /** Steps done so far, in all. */
  get steps(): number {
    return this.machine.steps
  }

  get bytes(): number {
    return this.machine.bytes
  }
}

/** Whether a text matches as a whole. @throws UserError as {@link Automaton} does, but for a grammar that allows nothing */
export function matches(root: Node, text: string): boolean {
  const machine = new Machine(root, languages(), DEFAULT_LIMITS)
  let state = machine.initial
  for (const byte of new TextEncoder().encode(text)) state = machine.go(state, byte)
  return machine.accepts(state)
}

/** Whether no text at all matches. @throws UserError grammar_too_complex, invalid_grammar (left recursion) */
export function allowsNothing(root: Node): boolean {
  return !new Facts(root, languages(), DEFAULT_LIMITS).ends(root)
}
