/**
 * What a backend is: something that computes programs (graph/) on one kind of machine. It holds the weights in its own
 * formats, and what sequences keep between steps: cache pages and slots of recurrent states, by number. It runs steps, any
 * mix of tokens of any sequences, and what a sequence gets never depends on what else is in the step.
 *
 * What it is not: it knows no model, no text and no user. Which sequences are in a step, which pages are theirs, when memory
 * is given back and how a token is chosen are the engine's to decide. It has no settings that change an answer but precision,
 * kvCache and quantize, and refuses what it cannot do ({@link Capabilities}) instead of doing something else.
 *
 * To add one: a folder with a {@link Backend}, and a line in registry.ts. backends/formats and backends/plan are for all.
 */
import type { Checkpoint } from '../checkpoint/checkpoint.js'
import type { UserError } from '../errors.js'
import type { Program } from '../graph/program.js'
import { PAGE_SIZE as POSITIONS } from './contract.generated.js'

/** Positions in one cache page. */
export const PAGE_SIZE: number = POSITIONS

/** Rows in one page of a state that has one for `every` so many positions (a power of two). */
export function rowsOfPage(every: number): number {
  return Math.max(1, PAGE_SIZE / every)
}

/** exact: f32 activations and weights as published. fast: int8 activations, float weights re-blocked to int8. */
export type Precision = 'exact' | 'fast'

/** How keys and values are kept in fast: f16, or int8 with an f16 scale for 32 columns. */
export type KvCache = 'f16' | 'q8'

/** Bits of a weight, about, that floats may be rounded to at load: q8 all in 8; of the others most in 6, 5 or 4, and the ends in 8. */
export const WEIGHT_BITS = ['q8', 'q6', 'q5', 'q4'] as const
export type WeightBits = (typeof WEIGHT_BITS)[number]

/** How a backend loads a program: precision, what is rounded, and the sizes of a step. */
export interface BackendOptions {
  readonly precision: Precision
  /** f16 unless said otherwise; exact keeps f32. */
  readonly kvCache?: KvCache
  /** Requantise float weights at load, to save memory (fast only). */
  readonly quantize?: WeightBits
  /** Most tokens in one step; the backend sizes its buffers by it. */
  readonly stepTokens: number
  /** Most rows of logits in one step. */
  readonly maxLogitRows: number
  /** Time every op of every step, for {@link Runner.takeProfile}; costs about a microsecond an op. */
  readonly profile?: boolean
  /**
   * How a token is chosen, for backends that have logits at hand and no rule of their own: a pure function of its arguments
   * that leaves `logits` [V] as they are. It may throw where they are not numbers.
   */
  readonly choose?: ChooseToken
  /** Called before anything is allocated, perhaps again as more is known, with what would be; it throws where that is too much. */
  readonly admit?: (needs: MemoryNeeds) => void
  readonly onProgress?: (progress: LoadProgress) => void
  readonly signal?: AbortSignal
  /** For the cpu backend; the others have no use for them. */
  readonly cpu?: CpuOptions
}

export interface CpuOptions {
  /** By default one per core, 16 at most. */
  readonly threads?: number
  /** Bytes of one WebAssembly memory into which layers are dealt; cache pages may grow beyond it. Default 4 GiB. */
  readonly bankBytes?: number
}

export interface LoadProgress {
  readonly loadedBytes: number
  readonly totalBytes: number
  readonly tensor: string
}

/**
 * One step of any mix of sequences: T tokens, each with its position and sequence; prefill and decode are the same. The
 * tokens of one sequence stand together, in order.
 */
export interface Step {
  /** [T] token ids. */
  readonly tokens: Int32Array
  /** [T] */
  readonly positions: Int32Array
  /** [T] index into pageTables. */
  readonly sequences: Int32Array
  /** Per sequence: page ids in order; page i holds positions [i * PAGE_SIZE, (i + 1) * PAGE_SIZE). */
  readonly pageTables: readonly Int32Array[]
  /**
   * [T] The length of the text that a token is a part of: of the whole prompt, also where a step has a piece of it, and
   * position + 1 for a token of an answer. An indexer's choice among equal scores hangs on it (graph/ops/sparse.ts).
   * Absent: the text ends with the sequence's tokens of this step.
   */
  readonly textLengths?: Int32Array
  /** Per sequence: the slot with its recurrent states, where the program has any; zeros for a token at position 0. */
  readonly slots?: Int32Array
  /** [R] rows of this step that give something, rising: one of a sequence's tokens says what comes after it. */
  readonly logitRows: Int32Array
  /** [R] What is wanted of each; absent: the logits of all. */
  readonly wants?: readonly RowWish[]
}

/** A row's logits [V], its state after the final norm [D], or the token that is chosen from its logits. */
export type RowWish = 'logits' | 'hidden' | Draw

/** A draw from a row's logits, as the engine's sampler defines it, without what needs to know the text. */
export interface Draw {
  /** Only ids below this one, where the vocabulary is padded; all by default. */
  readonly below?: number
  /** 0: the most likely token, the lowest id of equals. */
  readonly temperature: number
  /** 0: all. */
  readonly topK: number
  /** 1: all. */
  readonly topP: number
  /** 0: all. */
  readonly minP: number
  /** Uniform in [0, 1). */
  readonly u: number
}

export type ChooseToken = (logits: Float32Array, draw: Draw) => number

/** What a row gave, as it was wanted. Arrays are valid until the next step is submitted. */
export interface RowResult {
  readonly logits?: Float32Array
  readonly hidden?: Float32Array
  readonly chosen?: number
  /** Why no token could be chosen: the logits are not numbers. */
  readonly failure?: Error
}

export interface StepResult {
  /** [R] */
  readonly rows: readonly RowResult[]
  /**
   * Per sequence: the first position whose choice by an indexer depends on where the text ends ({@link Step.textLengths}), and so
   * all that is computed at it and after it; Infinity where there is none. Only in `exact`.
   */
  readonly tiedFrom?: readonly number[]
  /** The same in `fast`, where such a choice is made for the text as it stood and stays: it is not to be shared with other texts. */
  readonly unsharedFrom?: readonly number[]
}

/** A step that was submitted. */
export interface Ticket {
  /** @throws UserError where a token id is not in the vocabulary; {@link StepCancelled} */
  readonly done: Promise<StepResult>
  /** Ends it early, if it still runs: whatever it was to write, in the cache and in recurrent states, is there or not. */
  cancel?(): void
}

/** What becomes of a step that was cancelled. */
export class StepCancelled extends Error {
  constructor() {
    super('the step was cancelled')
  }
}

/** The ends of a step, given or not, [T]. */
export function textLengthsOf({ textLengths: ends, positions, sequences }: Step): Int32Array {
  if (ends) return ends
  const last = new Map<number, number>()
  positions.forEach((position, t) => last.set(sequences[t]!, position + 1))
  return positions.map((_, t) => last.get(sequences[t]!)!)
}

/** Per sequence of a step, the first position of a token that `isTied`; Infinity where there is none. */
export function firstTied({ positions, sequences, pageTables }: Step, isTied: (t: number) => boolean): number[] {
  const first = pageTables.map(() => Infinity)
  positions.forEach((position, t) => {
    if (isTied(t)) first[sequences[t]!] = Math.min(first[sequences[t]!]!, position)
  })
  return first
}

/** A step of the draft: tokens that came after rows of the last ordinary step, with the positions of those rows. */
export interface DraftStep extends Step {
  /** [T] rows of the last ordinary step, rising. */
  readonly hiddenRows: Int32Array
  /** Only the first so many tokens of the vocabulary may be drafted, a multiple of 64: the others have no logits. All by default. */
  readonly vocab?: number
}

/** A program with its weights in memory. Steps run in the order in which they were submitted. */
export interface Runner {
  readonly backend: string
  /** Threads that compute; absent: one. */
  readonly threads?: number
  /** Bytes of weights read by one token's decode step (dense weights once, topK experts), for GB/s. */
  readonly activeWeightBytes: number
  readonly weightBytes: number
  /** Bytes of one cache page, over all layers. */
  readonly pageBytes: number
  /** Bytes of the recurrent states of one sequence, over all layers; 0 where a model has none. */
  readonly slotBytes: number
  readonly stepTokens: number
  readonly maxLogitRows: number
  /** Steps that may be submitted before the first of them is done. */
  readonly maxInFlight: number
  /** Whether rows can give their state after the final norm. */
  readonly hasHidden: boolean
  /** Whether the program has a draft. */
  readonly hasDraft: boolean
  /** Makes cache pages [0, count) usable. While no step is in flight. @throws UserError out_of_memory. */
  reservePages(count: number): Promise<void>
  /** Makes slots [0, count) usable. While no step is in flight. @throws UserError out_of_memory. */
  reserveSlots(count: number): Promise<void>
  /** Copies all recurrent states, after the steps submitted before and before those submitted after. */
  copySlot(from: number, to: number): void
  submit(step: Step): Ticket
  /** Runs the program's draft. Only right after the step whose rows it takes, which are lost then. */
  submitDraft?(step: DraftStep): Ticket
  /** A copy of the bytes of a cache page, over all layers. While no step is in flight. */
  readPage?(page: number): Uint8Array
  /** Fills a cache page with bytes that {@link readPage} gave. While no step is in flight. */
  writePage?(page: number, bytes: Uint8Array): void
  /** Bytes per second at which all threads together read the weights and do nothing else: the limit of decoding. */
  readSpeed?(): Promise<number>
  /** Times of the steps since the last call, if they are being taken. */
  takeProfile?(): Promise<OpTimes[]>
  /** Resolves when something that computes has ended in an error, so that no step will succeed any more. */
  readonly failed?: Promise<Error> | undefined
  close(): Promise<void>
}

/** Where the time of an op went, per thread, in milliseconds. */
export interface OpTimes {
  /** The kernel and, where it has one, the weight with layer numbers left out. */
  readonly name: string
  readonly work: readonly number[]
  /** At the barrier before the op. */
  readonly wait: readonly number[]
}

/** What a program takes, worked out from shapes and formats alone. */
export interface MemoryNeeds {
  readonly weightBytes: number
  /** Bytes of weights that one token's decode step reads. */
  readonly activeWeightBytes: number
  /** Bytes of one cache page, over all layers. */
  readonly pageBytes: number
  /** Bytes of the recurrent states of one sequence. */
  readonly slotBytes: number
  /** Bytes of everything else that is allocated with the weights: activations, tables, scratch, rows on their way in. */
  readonly workBytes: number
  /** Why it could not be loaded, whatever the machine. */
  readonly refusal?: UserError | undefined
}

/** What a backend can do, so that nobody has to ask for its name. */
export interface Capabilities {
  /** Whether `exact` is as the reference computes. */
  readonly exact: boolean
  /** How it can keep keys and values in `fast`; without any they are f32 in both precisions. */
  readonly kvCaches: readonly KvCache[]
  /** Chooses tokens where the logits are, so that they need not come back; without it {@link BackendOptions.choose} does. */
  readonly chooses: boolean
  /** Gives the states after the final norm, which embeddings are made of. */
  readonly hidden: boolean
  /** Runs a program's draft, for multi-token prediction. */
  readonly draft: boolean
  /** Takes the time of every op, {@link Runner.takeProfile}. */
  readonly profile: boolean
}

/** Whether a machine can run a backend, and if not why, as a sentence for its user. */
export type Availability = { readonly available: true } | { readonly available: false; readonly reason: string }

/** Of the options, those that memory depends on. */
export type PlannedOptions = Pick<
  BackendOptions,
  'precision' | 'quantize' | 'kvCache' | 'stepTokens' | 'maxLogitRows' | 'cpu'
>

export interface Backend {
  readonly name: string
  readonly capabilities: Capabilities
  /** Whether this machine has what the backend needs. Loads nothing, but begins what {@link load} would wait for. */
  available(): Promise<Availability>
  /** Resolves when nothing is under way that other WebAssembly must not be compiled next to, such as what parses HTTP in Node. */
  settled?(): Promise<void>
  /** What loading with these options would take; reads no weights. */
  plan?(program: Program, checkpoint: Checkpoint, options: PlannedOptions): MemoryNeeds
  /**
   * Bytes per second at which the machine reads memory and does nothing else: the limit of decoding, before a load.
   * @throws UserError where it is not available
   */
  measureReadSpeed?(options: Pick<BackendOptions, 'cpu'>): Promise<number>
  /** @throws UserError with what the machine lacks, or the tensor that cannot be loaded */
  load(program: Program, checkpoint: Checkpoint, options: BackendOptions): Promise<Runner>
}
