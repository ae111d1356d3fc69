import type { Dialect } from '../chat/dialects/dialect.js'
import { UserError } from '../errors.js'
import type { Tokenizer } from '../tokenizer/tokenizer.js'
import { lackingSpecial, TokenMasks } from './masks/masks.js'
import type { Automaton } from './automaton/automaton.js'
import { GrammarConstraint, type GrammarInUse } from './constraint.js'
import { LargeWorks } from './large-works.js'
import { CancellablePauses, Pauses } from './pauses.js'
import type { GrammarSpec } from './spec.js'
import { TokenIndex } from './token-index.js'
import { Turns } from './turns.js'
import { addToMask, Vocabulary, wordsFor } from './vocabulary/vocabulary.js'

export interface GrammarMemory {
  /** Bytes of compiled grammars that a model keeps for the next request; those in use come on top. */
  readonly kept: number
  /** A grammar in use forgets the states that no answer is in when it is larger than this. */
  readonly trimmed: number
}

export interface GrammarsOptions extends Partial<GrammarMemory> {
  /** Whether answers are being computed, which grammars are not to hold up. */
  readonly isBusy?: (() => boolean) | undefined
}

export const MEMORY: GrammarMemory = { kept: 16 * 2 ** 20, trimmed: 4 * 2 ** 20 }

/** Characters of a grammar from which on it takes much memory while it is compiled: a hundred times as much, and more. */
const LARGE = 65_536

/** The vocabulary of a model as grammars need it. */
export interface ModelTokens {
  readonly vocabulary: Vocabulary
  readonly index: TokenIndex
  /** Every token that there is, but those that end an answer, as a set of bits. */
  readonly any: Int32Array
}

/** The grammars of one model: its vocabulary, and what was compiled lately. */
export class Grammars {
  private made: Promise<ModelTokens> | undefined
  /** By their specs; who was used least recently stands first. */
  private readonly entries = new Map<string, Entry>()
  private readonly memory: GrammarMemory
  private readonly turns: Turns
  private readonly large = new LargeWorks()
  private readonly closing = new AbortController()

  /**
   * @param vocabSize columns of the logits, which may be more than the tokenizer has
   * @param stopIds ids of which one ends the answer, where the grammar lets it end
   */
  constructor(
    private readonly tokenizer: Tokenizer,
    private readonly vocabSize: number,
    private readonly stopIds: ReadonlySet<number>,
    private readonly dialect: Dialect,
    { isBusy, ...memory }: GrammarsOptions = {},
  ) {
    this.memory = { ...MEMORY, ...memory }
    this.turns = new Turns(isBusy)
  }

  /**
   * Evicts what no answer uses, the least recently used first, until the rest is small enough. A field, as entries keep it: a function
   * that is made where an entry begins would keep the whole schema.
   */
  private readonly evict = (): void => {
    let { bytes } = this
    for (const [key, entry] of this.entries) {
      if (bytes <= this.memory.kept) return
      if (entry.isUsed) continue
      bytes -= entry.bytes
      this.entries.delete(key)
    }
  }

  /** Bytes of the grammars that are there. */
  get bytes(): number {
    return [...this.entries.values()].reduce((sum, { bytes }) => sum + bytes, 0)
  }

  /**
   * A constraint for one answer; close it when the answer ends. The same grammar is compiled once for all who ask for it.
   * @param signal ends the compilation where nobody else waits for it
   * @param salt the same grammar with another salt is another one
   * @throws UserError invalid_grammar, grammar_too_complex, aborted
   */
  async constraint(spec: GrammarSpec, signal?: AbortSignal, salt = ''): Promise<GrammarConstraint> {
    const { inner, ready } = await this.begin(spec, signal, salt)
    try {
      await abortable(ready, signal)
      return inner
    } catch (error) {
      inner.close()
      throw error
    }
  }

  /** As {@link constraint}, which is not to be used before the vocabulary is arranged. @throws UserError as that does */
  async begin(spec: GrammarSpec, signal?: AbortSignal, salt = ''): Promise<BegunConstraint> {
    if (this.stopIds.size === 0) throw new UserError('the model has no token that ends an answer', 'invalid_grammar')
    const key = salt + keyOf(spec)
    const known = this.entries.get(key)
    if (known) this.entries.delete(key)
    const entry =
      (known?.failed ? undefined : known) ??
      new Entry(
        (end) => this.inPlace(spec, key.length, salt, end),
        this.evict,
        this.turns,
        this.memory.trimmed,
        key.length,
      )
    this.entries.set(key, entry)
    try {
      const inner = await entry.open(signal)
      return { inner, ready: this.ready(entry) }
    } catch (error) {
      if (entry.failed && this.entries.get(key) === entry) this.entries.delete(key)
      throw error
    }
  }

  private async ready(entry: Entry): Promise<ModelTokens> {
    const tokens = await this.tokens()
    entry.addMasks((automaton) => new TokenMasks(automaton, tokens.vocabulary, this.stopIds))
    return tokens
  }

  private async inPlace(spec: GrammarSpec, size: number, salt: string, signal: AbortSignal): Promise<Compiled> {
    if (size < LARGE) return this.compile(spec, signal)
    const leave = await this.large.enter(salt, size, signal)
    try {
      return await this.compile(spec, signal)
    } finally {
      leave()
    }
  }

  private async compile(spec: GrammarSpec, signal: AbortSignal): Promise<Compiled> {
    const options = {
      signal,
      turns: this.turns,
      dialect: this.dialect,
      isSpecial: (name: string) => this.specialIdOf(name) !== undefined,
      isStop: (name: string) => this.isStop(name),
    }
    // What reads grammars is a third of the engine, and most pages never ask for one.
    const { automatonOf } = await import('./build.js')
    const automaton = await automatonOf(spec, options)
    const missing = automaton.specials.find((name) => this.specialIdOf(name) === undefined)
    if (missing !== undefined) throw lackingSpecial(missing)
    return { automaton, masks: undefined, stopIds: this.stopIds }
  }

  /**
   * Builds the vocabulary, and runs what grammars run until it is fast, so that the first grammar waits for neither.
   * @throws UserError aborted when it is closed meanwhile
   */
  async prepare(): Promise<void> {
    const { vocabulary } = await this.tokens()
    await new CancellablePauses(this.closing.signal, this.turns).run(vocabulary.complete())
    const { practise } = await import('./practice.js')
    await practise(vocabulary, this.stopIds, this.closing.signal, this.turns)
  }

  /** What is being prepared ends. */
  close(): void {
    this.closing.abort()
  }

  /** The tokens of the model, in the forms that grammars need. */
  tokens(): Promise<ModelTokens> {
    this.made ??= this.build().catch((error: unknown) => {
      this.made = undefined
      throw error
    })
    return this.made
  }

  private async build(): Promise<ModelTokens> {
    const { tokenizer } = this
    const pauses = new CancellablePauses(this.closing.signal, this.turns)
    const tokens: (Uint8Array | undefined)[] = []
    const any = new Int32Array(wordsFor(this.vocabSize))
    for (let id = 0; id < this.vocabSize; id++) {
      // Ids beyond the tokenizer's have no text, nor have gaps between its tokens.
      const bytes = id < tokenizer.vocabSize && !this.stopIds.has(id) ? tokenizer.bytesOf(id) : null
      if (bytes !== null) addToMask(any, id)
      tokens.push(bytes && bytes.length > 0 ? bytes : undefined)
      if ((id & 1023) === 0) await pauses.breathe()
    }
    const specials = new Map<string, number>()
    for (const name of this.dialect.markers) {
      const id = this.specialIdOf(name)
      if (id !== undefined) specials.set(name, id)
    }
    const index = await TokenIndex.of(tokens, pauses)
    return { vocabulary: await Vocabulary.of(tokens, specials, pauses), index, any }
  }

  /** The id of a marker that no text can spell and that ends no answer. */
  private specialIdOf(name: string): number | undefined {
    const { tokenizer } = this
    const id = tokenizer.idOf(name)
    const isSpecial =
      id !== undefined && id < this.vocabSize && !this.stopIds.has(id) && tokenizer.bytesOf(id) === undefined
    return isSpecial ? id : undefined
  }

  private isStop(name: string): boolean {
    const id = this.tokenizer.idOf(name)
    return id !== undefined && this.stopIds.has(id)
  }
}

/** A constraint, and what it waits for. */
export interface BegunConstraint {
  readonly inner: GrammarConstraint
  readonly ready: Promise<ModelTokens>
}

interface Compiled {
  readonly automaton: Automaton
  masks: TokenMasks | undefined
  readonly stopIds: ReadonlySet<number>
}

/** A grammar of the cache: being compiled, or compiled, and who uses it. */
class Entry implements GrammarInUse {
  failed = false
  readonly forcedTexts = new Map<string, readonly number[]>()
  private readonly users = new Set<GrammarConstraint>()
  private readonly controller = new AbortController()
  private readonly compiling: Promise<Compiled>
  private compiled: Compiled | undefined
  private waiting = 0
  /** Those for whom states keep their numbers. */
  private held = 0
  /** Bytes from which on it is trimmed. */
  private limit = Infinity

  constructor(
    compile: (signal: AbortSignal) => Promise<Compiled>,
    private readonly released: () => void,
    private readonly turns: Turns,
    private readonly trimmed: number,
    private readonly keyBytes: number,
  ) {
    this.compiling = compile(this.controller.signal)
    this.compiling.then(
      (compiled) => {
        this.compiled = compiled
        this.limit = trimmed + compiled.automaton.bytes
      },
      () => (this.failed = true),
    )
  }

  get isUsed(): boolean {
    return this.users.size + this.waiting > 0
  }

  get bytes(): number {
    return this.keyBytes + (this.compiled?.masks?.bytes ?? this.compiled?.automaton.bytes ?? 0)
  }

  get automaton(): Automaton {
    return this.ready.automaton
  }

  get masks(): TokenMasks {
    const { masks } = this.ready
    if (!masks) throw new Error('internal error: a grammar that waits for its vocabulary')
    return masks
  }

  /** Once. */
  addMasks(made: (automaton: Automaton) => TokenMasks): void {
    this.ready.masks ??= made(this.automaton)
  }

  get stopIds(): ReadonlySet<number> {
    return this.ready.stopIds
  }

  async open(signal: AbortSignal | undefined): Promise<GrammarConstraint> {
    this.waiting++
    try {
      await abortable(this.compiling, signal)
      const constraint = new GrammarConstraint(this, this.automaton.initial)
      this.users.add(constraint)
      return constraint
    } finally {
      this.waiting--
      if (!this.compiled && this.waiting === 0) {
        this.failed = true
        this.controller.abort()
      }
    }
  }

  pauses(): Pauses {
    return new Pauses(this.turns)
  }

  hold(): () => void {
    this.held++
    return () => this.held--
  }

  tidy(): void {
    if (this.held > 0 || this.bytes <= this.limit) return
    const users = [...this.users]
    const states = this.masks.trim(users.map(({ state }) => state))
    users.forEach((user, i) => (user.state = states[i]!))
    this.forcedTexts.clear()
    // What is left may be large itself: it is not gone through again for each token.
    this.limit = Math.max(this.trimmed, 2 * this.bytes)
  }

  release(constraint: GrammarConstraint): void {
    this.users.delete(constraint)
    this.released()
  }

  private get ready(): Compiled {
    if (!this.compiled) throw new Error('internal error: a grammar that is not compiled')
    return this.compiled
  }
}

/** What names a grammar. The order of a schema's properties counts. @throws UserError invalid_grammar for what is no plain data */
function keyOf(spec: GrammarSpec): string {
  try {
    return JSON.stringify(spec)
  } catch (cause) {
    throw new UserError('expected a grammar of plain data; found what JSON cannot write', 'invalid_grammar', { cause })
  }
}

/** @throws UserError aborted as soon as the signal says so */
function abortable<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return work
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(new UserError('the answer was cancelled', 'aborted'))
    if (signal.aborted) abort()
    signal.addEventListener('abort', abort, { once: true })
    work
      .then(resolve, reject)
      .finally(() => signal.removeEventListener('abort', abort))
      .catch(() => undefined)
  })
}
