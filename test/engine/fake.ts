import {
  PAGE_SIZE,
  firstTied,
  type DraftStep,
  type Runner,
  type Step,
  type StepResult,
  type Ticket,
} from '../../src/backends/backend.js'
import { rowOf, rowResults } from '../../src/backends/rows.js'
import { think } from '../../src/chat/dialects/families.js'
import type { CacheLimit } from '../../src/engine/schedule/cache.js'
import { drawToken } from '../../src/engine/sample/choose.js'
import { ModelGrammars } from '../../src/engine/sample/constrain.js'
import { GREEDY } from '../../src/engine/sample/sampler.js'
import type { SessionModel } from '../../src/engine/answer/model.js'
import { shareRunner } from '../../src/engine/load.js'
import { UserError } from '../../src/errors.js'
import type { Tokenizer } from '../../src/tokenizer/tokenizer.js'

export const VOCAB = 64

/** The token that the fake model says after a prefix: it depends on every token and on its place. */
export function nextOf(prefix: readonly number[], vocab = VOCAB): number {
  return prefix.reduce((hash, token, position) => (hash * 31 + token * 7 + position) % 9973, 1) % vocab
}

/** What the fake model says after `prompt`. */
export function continuation(prompt: readonly number[], count: number, vocab = VOCAB): number[] {
  const ids = Array.from(prompt)
  while (ids.length < prompt.length + count) ids.push(nextOf(ids, vocab))
  return ids.slice(prompt.length)
}

export interface FakeOptions {
  readonly stepTokens?: number
  readonly maxLogitRows?: number
  readonly maxPages?: number
  /** Tokens of the vocabulary; VOCAB by default. */
  readonly vocab?: number
  /** The model has recurrent states, and so many slots at most. */
  readonly maxSlots?: number
  /** From this position on an indexer finds equal scores. */
  readonly tiedFrom?: number
  /** Such scores are chosen among for the text as it stands, as in `fast`. */
  readonly keepsTies?: boolean
  /** Called before each step; may throw or wait. */
  readonly onStep?: (step: Step) => void | Promise<void>
  /** What comes after a prefix; by default nextOf. */
  readonly next?: (prefix: readonly number[]) => number
  /** Its logit, where the others have 0; 5 by default, which makes it 70 % likely. */
  readonly logit?: number
  /** A draft for multi-token prediction: what it drafts after a prefix whose last token it was given. */
  readonly draftNext?: (prefix: readonly number[]) => number
}

/**
 * A runner whose cache holds tokens instead of keys and values: each step reads its prefix back through the page table,
 * so a wrong page, a page given to two sequences or a wrong position changes the answer.
 */
export class FakeRunner implements Runner {
  readonly backend = 'fake'
  readonly activeWeightBytes = 1
  readonly weightBytes = 1
  readonly pageBytes = 64
  readonly maxInFlight = 1
  readonly hasHidden = false
  readonly slotBytes: number
  readonly stepTokens: number
  readonly maxLogitRows: number
  /** Tokens of each step. */
  readonly steps: number[] = []
  /** All ends of texts that steps were told. */
  readonly ends = new Set<number>()
  reserved = 0
  closed = false
  drafts = 0
  private last: Step | undefined
  private readonly cells = new Map<number, number>()
  /** The tokens that a sequence's recurrent state has seen. */
  private readonly slots: number[][] = []
  private busy = false

  constructor(private readonly options: FakeOptions = {}) {
    this.slotBytes = options.maxSlots === undefined ? 0 : 64
    this.stepTokens = options.stepTokens ?? 16
    this.maxLogitRows = options.maxLogitRows ?? 4
  }

  async reservePages(count: number): Promise<void> {
    if (this.busy) throw new Error('memory grows while a step runs')
    // A real backend may know only later whether it has the memory.
    await new Promise((resolve) => setImmediate(resolve))
    if (count > (this.options.maxPages ?? Infinity)) throw new UserError(`${count} cache pages`, 'out_of_memory')
    this.reserved = count
  }

  async reserveSlots(count: number): Promise<void> {
    if (this.busy) throw new Error('memory grows while a step runs')
    await new Promise((resolve) => setImmediate(resolve))
    if (count > this.options.maxSlots!) throw new UserError(`${count} slots`, 'out_of_memory')
    while (this.slots.length < count) this.slots.push([])
  }

  copySlot(from: number, to: number): void {
    if (this.busy) throw new Error('a copy while a step runs')
    if (!this.slots[from] || !this.slots[to]) throw new Error(`slots ${from} and ${to} of ${this.slots.length}`)
    this.slots[to] = [...this.slots[from]]
  }

  submit(step: Step): Ticket {
    return { done: this.step(step) }
  }

  submitDraft(step: DraftStep): Ticket {
    return { done: this.draft(step) }
  }

  private async step(step: Step): Promise<StepResult> {
    if (this.busy) throw new Error('two steps at once')
    if (step.tokens.length > this.stepTokens) throw new Error('step too long')
    if (step.logitRows.length > this.maxLogitRows) throw new Error('too many rows of logits')
    this.busy = true
    try {
      // A step that fails has changed states already.
      if (this.slotBytes > 0) this.remember(step)
      await this.options.onStep?.(step)
      // A real backend does not end in the microtask in which it began.
      await new Promise((resolve) => setImmediate(resolve))
      const { tiedFrom = Infinity, vocab = VOCAB } = this.options
      const logits = this.compute(step)
      return {
        rows: rowsOf(step, logits, vocab),
        [this.options.keepsTies ? 'unsharedFrom' : 'tiedFrom']: firstTied(step, (t) => step.positions[t]! >= tiedFrom),
      }
    } finally {
      this.busy = false
    }
  }

  get hasDraft(): boolean {
    return this.options.draftNext !== undefined
  }

  /** Checks that the draft's rows are those of the last step, and that each is told the token that came next. */
  private async draft(step: DraftStep): Promise<StepResult> {
    await new Promise((resolve) => setImmediate(resolve))
    const last = this.last!
    const logits = new Float32Array(step.logitRows.length * VOCAB)
    step.hiddenRows.forEach((row, t) => {
      if (t > 0 && row <= step.hiddenRows[t - 1]!) throw new Error('rows of the draft do not rise')
      const [from, position] = [last.sequences[row]!, last.positions[row]!]
      if (position !== step.positions[t]) throw new Error(`row ${row} is position ${position}`)
      // A page that became full may be given up for one of the same tokens, which another sequence computed.
      const table = step.pageTables[step.sequences[t]!]!
      for (let p = 0; p <= position; p++)
        if (this.tokenAt(table, p) !== this.tokenAt(last.pageTables[from]!, p)) throw new Error('another sequence')
      const following = last.tokens[row + 1]
      const here = last.sequences[row + 1] === from
      // Inside of a sequence's rows the next token is the one that was fed, unless that was a wrong draft.
      if (here && step.hiddenRows[t + 1] === row + 1 && step.tokens[t] !== following)
        throw new Error(`row ${row} is followed by ${following}`)
    })
    step.logitRows.forEach((t, row) => {
      const table = step.pageTables[step.sequences[t]!]!
      const prefix = Array.from({ length: step.positions[t]! + 1 }, (_, position) => this.tokenAt(table, position)!)
      logits[row * VOCAB + this.options.draftNext!([...prefix, step.tokens[t]!])] = 5
    })
    this.drafts++
    return { rows: rowsOf(step, logits, VOCAB) }
  }

  /** What the cache holds at a position of the sequence that has these pages. */
  private tokenAt(pageTable: Int32Array, position: number): number | undefined {
    return this.cells.get(pageTable[Math.floor(position / PAGE_SIZE)]! * PAGE_SIZE + (position % PAGE_SIZE))
  }

  close(): Promise<void> {
    this.closed = true
    return Promise.resolve()
  }

  private compute(step: Step): Float32Array {
    const cell = (t: number, position: number): number => {
      const page = step.pageTables[step.sequences[t]!]![Math.floor(position / PAGE_SIZE)]
      if (page === undefined || page >= this.reserved) throw new Error(`page ${String(page)} is not reserved`)
      return page * PAGE_SIZE + (position % PAGE_SIZE)
    }
    step.tokens.forEach((token, t) => this.cells.set(cell(t, step.positions[t]!), token))
    this.steps.push(step.tokens.length)
    for (const end of step.textLengths ?? []) this.ends.add(end)
    this.last = step
    const { vocab = VOCAB } = this.options
    const logits = new Float32Array(step.logitRows.length * vocab)
    step.logitRows.forEach((t, row) => {
      const prefix = Array.from({ length: step.positions[t]! + 1 }, (_, position) => {
        const token = this.cells.get(cell(t, position))!
        // Attention and the recurrent state must have seen the same; else the answer is another one.
        return this.slotBytes > 0 ? token * 2 - this.seen(step, t)[position]! : token
      })
      logits[row * vocab + (this.options.next ?? nextOf)(prefix)] = this.options.logit ?? 5
    })
    return logits
  }

  /** Every token goes into its sequence's state, which cannot be read or changed at any other place. */
  private remember(step: Step): void {
    const used = new Set(step.slots)
    if (used.size !== step.pageTables.length) throw new Error('two sequences in one slot')
    step.tokens.forEach((token, t) => {
      const seen = this.seen(step, t)
      if (step.positions[t] === 0) seen.length = 0
      if (seen.length !== step.positions[t]) throw new Error(`a state of ${seen.length} tokens at ${step.positions[t]}`)
      seen.push(token)
    })
  }

  private seen(step: Step, t: number): number[] {
    const slot = this.slots[step.slots![step.sequences[t]!]!]
    if (!slot) throw new Error('a slot that is not reserved')
    return slot
  }
}

function rowsOf(step: Step, logits: Float32Array, vocab: number): StepResult['rows'] {
  const hidden = (): never => {
    throw new Error('no states')
  }
  return rowResults(step, { logits: (row) => rowOf(logits, row, vocab), hidden }, drawToken)
}

/** One id per character: 0-25 are a-z, 26 a space, 27 `<think>`, 28 `</think>`, 29 the end; the rest are digits. */
export const letters: Tokenizer = {
  vocabSize: VOCAB,
  eosIds: [29],
  encode: (text) =>
    [...text.matchAll(/<\/?think>|[^]/g)].map(([piece]) => {
      const id = PIECES.indexOf(piece)
      if (id < 0) throw new Error(`no id for ${piece}`)
      return id
    }),
  decode: (ids) => ids.map((id) => PIECES[id] ?? '').join(''),
  decoder: () => ({ push: (id) => PIECES[id] ?? '', flush: () => '' }),
  bytesOf: (id) => (id === 29 ? undefined : new TextEncoder().encode(PIECES[id] ?? '')),
  idOf: (token) => (PIECES.includes(token) ? PIECES.indexOf(token) : undefined),
}
const characters = (text: string): string[] => Array.from(text)
const PIECES = [...characters('abcdefghijklmnopqrstuvwxyz '), '<think>', '</think>', '', ...characters('0123456789:')]

export function fakeModel(
  runner: FakeRunner,
  options: Partial<SessionModel> & { contextLength?: number; limit?: CacheLimit } = {},
): SessionModel {
  const { contextLength = 1000, limit, ...rest } = options
  return {
    name: 'fake',
    shared: shareRunner(runner, VOCAB, contextLength, limit),
    tokenizer: undefined,
    template: undefined,
    dialect: think,
    stopIds: new Set(),
    grammars: new ModelGrammars(undefined, VOCAB, new Set(), think),
    defaults: { sampling: GREEDY, samplingSource: 'model' as const },
    ...rest,
  }
}

/** Says `text` whatever the prompt is, then the end. */
export function sayer(text: string, promptLength: number): (prefix: readonly number[]) => number {
  const ids = [...letters.encode(text), 29]
  return (prefix) => ids[Math.min(prefix.length - promptLength, ids.length - 1)]!
}
