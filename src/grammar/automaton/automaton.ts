/** One compiled grammar: an automaton over bytes without a vocabulary, so that any model can use it. */
import type { Pauses } from '../pauses.js'
import { NEVER, type Node } from '../syntax/nodes.js'
import type { ByteClasses } from './classes.js'
import { Facts, type LanguageOf, type RegularNode } from './facts.js'
import { languages } from './languages.js'
import { DEFAULT_LIMITS, invalidGrammar, type GrammarLimits } from './limits.js'
import { Machine } from './machine.js'
import { DEAD } from './sets.js'

export type { GrammarLimits } from './limits.js'
export { DEAD } from './sets.js'

/** Bytes of text that is forced, at most. */
const MOST_FORCED = 512
/** And configurations on its way, so that it takes no time. */
const MOST_WAYS = 16_384
/** No text has this byte and those after it: they spell special tokens. */
export const SPECIAL = 0xf8

/**
 * States are numbers, and continuing from one is a look-up once it was asked for.
 * @example
 * const automaton = new Automaton(sequence(text('["'), repeat(chars([[97, 122]]), 0, 1000), text('"]')))
 * let state = automaton.initial
 * for (const byte of new TextEncoder().encode('["abc"]')) state = automaton.go(state, byte)
 * automaton.accepts(state) // true
 */
export class Automaton {
  /** Names of the special tokens that the grammar asks for. */
  readonly specials: readonly string[]
  readonly classes: ByteClasses
  readonly limits: GrammarLimits
  /** For walks over many tokens. */
  readonly machine: Machine
  private start: number

  /**
   * @throws UserError invalid_grammar where a rule begins with itself by way of others, or where no text at all matches;
   * grammar_too_complex
   */
  constructor(root: Node | Machine, limits: Partial<GrammarLimits> = {}) {
    this.limits = { ...DEFAULT_LIMITS, ...limits }
    this.machine = root instanceof Machine ? root : machineOf(root, this.limits)
    this.start = this.machine.initial
    if (this.start === DEAD)
      throw invalidGrammar('the grammar allows nothing: no text matches it', 'parts that do not contradict each other')
    this.specials = this.machine.net.specials
    this.classes = this.machine.classes
  }

  /**
   * As the constructor, in slices that let others run.
   * @example
   * const automaton = await Automaton.of(root, new Pauses())
   */
  static async of(
    root: Node,
    pauses: Pick<Pauses, 'breathe'>,
    limits: Partial<GrammarLimits> = {},
  ): Promise<Automaton> {
    const all = { ...DEFAULT_LIMITS, ...limits }
    const work = { steps: 0 }
    const languageOf = languages(all, work)
    const facts = await Facts.inSlices(root, languageOf, all, pauses)
    return new Automaton(new Machine(facts, languageOf, all, work), all)
  }

  get initial(): number {
    return this.start
  }

  /** The state after a byte; 0 where no text continues so. */
  go(state: number, byte: number): number {
    return this.machine.go(state, byte)
  }

  /** The state after some bytes; 0 where no text continues so. */
  after(state: number, bytes: Uint8Array): number {
    return this.machine.after(state, bytes)
  }

  accepts(state: number): boolean {
    return this.machine.accepts(state)
  }

  /** Whether a text matches as a whole. */
  matches(text: string): boolean {
    return this.accepts(this.after(this.start, new TextEncoder().encode(text)))
  }

  goSpecial(state: number, name: string): number {
    if (!this.specials.includes(name)) return DEAD
    return this.machine.after(state, this.machine.net.specialBytes(name))
  }

  /** Bytes that must come next; they stop where the text may end, where a special token may come, or at a choice. */
  forced(state: number): Uint8Array {
    const bytes: number[] = []
    let ways = 0
    for (let at = state; bytes.length < MOST_FORCED && !this.accepts(at);) {
      if ((ways += this.machine.sets.lengthOf(at)) > MOST_WAYS) break
      const byte = this.onlyByte(at)
      if (byte === undefined || byte >= SPECIAL) break
      bytes.push(byte)
      at = this.go(at, byte)
    }
    return Uint8Array.from(bytes)
  }

  private onlyByte(state: number): number | undefined {
    const { count, example } = this.classes
    let only: number | undefined
    for (let byteClass = 0; byteClass < count; byteClass++) {
      if (this.machine.goClass(state, byteClass) === DEAD) continue
      const last = (example[byteClass + 1] ?? 256) - 1
      if (only !== undefined || last !== example[byteClass]) return undefined
      only = last
    }
    return only
  }

  /** Frees all but these states, which get the numbers that are returned, and the initial one. */
  trim(live: readonly number[]): number[] {
    const [start, ...moved] = this.machine.trim([this.start, ...live.filter((state) => state !== DEAD)])
    this.start = start!
    let next = 0
    return live.map((state) => (state === DEAD ? DEAD : moved[next++]!))
  }

  /** Steps done so far, in all. */
  get steps(): number {
    return this.machine.work.steps
  }

  /** An estimate of the memory in use. */
  get bytes(): number {
    return this.machine.bytes
  }
}

function machineOf(root: Node, limits: GrammarLimits): Machine {
  const work = { steps: 0 }
  const languageOf = languages(limits, work)
  return new Machine(Facts.of(root, languageOf, limits), languageOf, limits, work)
}

/**
 * Whether a text matches as a whole.
 * @throws UserError as {@link Automaton} does, but not for a grammar that allows nothing
 * @example
 * matches(choice([text('yes'), text('no')]), 'no') // true
 */
export function matches(root: Node, text: string): boolean {
  const machine = machineOf(root, DEFAULT_LIMITS)
  return machine.accepts(machine.after(machine.initial, new TextEncoder().encode(text)))
}

/**
 * Whether no text at all matches.
 * @throws UserError grammar_too_complex, invalid_grammar (left recursion)
 * @example
 * allowsNothing(both(text('yes'), text('no'))) // true
 */
export function allowsNothing(root: Node): boolean {
  return !Facts.of(root, languages(DEFAULT_LIMITS, { steps: 0 }), DEFAULT_LIMITS).ends(root)
}

/** Texts that meet several conditions. What is worked out for one question helps with the next, and all count as the work of one grammar. */
export class Conditions {
  private readonly languageOf: LanguageOf

  constructor(limits: Partial<GrammarLimits> = {}) {
    this.languageOf = languages({ ...DEFAULT_LIMITS, ...limits }, { steps: 0 })
  }

  /**
   * The texts that are in both, as a part that is not worked out again, for questions to this object alone; NEVER where there are none.
   * @throws UserError grammar_too_complex
   */
  both(left: Node, right: Node): Node {
    return this.made({ kind: 'both', left, right })
  }

  /** Those of the first that are not in the second. @throws UserError grammar_too_complex */
  without(left: Node, right: Node): Node {
    return this.made({ kind: 'without', left, right })
  }

  private made(node: RegularNode): Node {
    const language = this.languageOf(node)
    return language.start === 0 ? NEVER : { kind: 'language', language }
  }
}
