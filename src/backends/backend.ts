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

/** Positions in one cache page. */
export const PAGE_SIZE = 64

/** Rows in one page of a state that has one for `every` so many positions (a power of two). */
export function rowsOfPage(every: number): number {
  return Math.max(1, PAGE_SIZE / every)
}

/** exact: f32 activations and weights as published. fast: int8 activations, float weights re-blocked to int8. */
export type Precision = 'exact' | 'fast'

/** How keys and values are kept in fast: f16, or int8 with an f16 scale for 32 columns. */
export type KvCache = 'f16' | 'q8'

export interface BackendOptions {
  readonly precision: Precision
  /** f16 unless said otherwise; exact keeps f32. */
  readonly kvCache?: KvCache
  /** Requantise float weights at load, to save memory (fast only). */
  readonly quantize?: 'q8' | 'q4'
  /** Most tokens in one step; the backend sizes its buffers by it. */
  readonly stepTokens: number
  /** Most rows of logits in one step. */
  readonly maxLogitRows: number
  /** Time every op of every step, for {@link Runner.takeProfile}; costs about a microsecond an op. */
  readonly profile?: boolean
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
  readonly ends?: Int32Array
  /** Per sequence: the slot with its recurrent states, where the program has any; zeros for a token at position 0. */
  readonly slots?: Int32Array
  /** [R] rows of this step whose logits are wanted, rising. */
  readonly logitRows: Int32Array
}

/** The ends of a step, given or not, [T]. */
export function endsOf({ ends, positions, sequences }: Step): Int32Array {
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

/** A step of the draft: tokens that came behind rows of the last ordinary step, with the positions of those rows. */
export interface DraftStep extends Step {
  /** [T] rows of the last ordinary step, rising. */
  readonly hiddenRows: Int32Array
}

/** A program with its weights in memory. One step at a time. */
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
  /** Makes cache pages [0, count) usable. @throws UserError out_of_memory. */
  reservePages(count: number): void
  /** Makes slots [0, count) usable. Between steps. @throws UserError out_of_memory. */
  reserveSlots(count: number): void
  /** Copies all recurrent states; neither slot may be in a step that runs. */
  copySlot(from: number, to: number): void
  /** Logits [R, V]; the array is valid until the next step. */
  step(step: Step): Promise<Float32Array>
  /** States after the final norm, [R, D], of the last {@link step}; valid until the next. Absent where a program has none. */
  hidden?(): Float32Array
  /**
   * Per sequence of the last step: the first position whose choice by an indexer hung on where the text ends
   * ({@link Step.ends}), and so all that is computed at it and behind; Infinity where there is none. Only in `exact`.
   */
  tiedFrom?(): readonly number[]
  /** Whether the program has a draft. */
  readonly hasDraft?: boolean
  /**
   * Logits [R, V] of the program's draft; the array is valid until the next step. Only right behind the step whose rows it
   * takes, which are lost then.
   */
  draft?(step: DraftStep): Promise<Float32Array>
  /** Bytes per second at which all threads together read the weights and do nothing else: the limit of decoding. */
  readSpeed?(): Promise<number>
  /** Times of the steps since the last call, if they are being taken. */
  takeProfile?(): OpTimes[]
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
export interface MemoryPlan {
  readonly weightBytes: number
  /** Bytes of weights that one token's decode step reads. */
  readonly activeWeightBytes: number
  /** Bytes of one cache page, over all layers. */
  readonly pageBytes: number
  /** Bytes of the recurrent states of one sequence. */
  readonly slotBytes: number
  /** Why it could not be loaded, whatever the machine. */
  readonly refusal: UserError | undefined
}

/** What a backend can do, so that nobody has to ask for its name. */
export interface Capabilities {
  /** Whether `exact` is as the reference computes. */
  readonly exact: boolean
  /** How it can keep keys and values in `fast`; without any they are f32 in both precisions. */
  readonly kvCaches: readonly KvCache[]
  /** Gives the states after the final norm, which embeddings are made of. */
  readonly hidden: boolean
  /** Runs a program's draft, for multi-token prediction. */
  readonly draft: boolean
  /** Takes the time of every op, {@link Runner.takeProfile}. */
  readonly profile: boolean
}

/** Whether a machine can run a backend, and if not why, as a sentence for its user. */
export type Availability = { readonly available: true } | { readonly available: false; readonly reason: string }

export interface Backend {
  readonly name: string
  readonly capabilities: Capabilities
  /** Whether this machine has what the backend needs; loads nothing. */
  available(): Promise<Availability>
  /** What loading with these options would take; reads no weights. */
  plan?(
    program: Program,
    checkpoint: Checkpoint,
    options: Pick<BackendOptions, 'precision' | 'quantize' | 'kvCache'>,
  ): MemoryPlan
  /**
   * Bytes per second at which the machine reads memory and does nothing else: the limit of decoding, before a load.
   * @throws UserError where it is not available
   */
  measureReadSpeed?(options: Pick<BackendOptions, 'cpu'>): Promise<number>
  /** @throws UserError with what the machine lacks, or the tensor that cannot be loaded */
  load(program: Program, checkpoint: Checkpoint, options: BackendOptions): Promise<Runner>
}
