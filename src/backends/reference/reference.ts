/**
 * The truth: a plain interpreter of programs. f32 buffers, sums in double, one loop per line of the formulas in
 * graph/ops.ts. Slow and short on purpose; the other backends are tested against it.
 */
import type { Checkpoint } from '../../checkpoint/checkpoint.js'
import { UserError, invariant } from '../../errors.js'
import { finalHidden, type PlacedOp, type Program } from '../../graph/program.js'
import type { CacheState, Value } from '../../graph/ops.js'
import {
  firstTied,
  rowsOfPage,
  type Backend,
  type BackendOptions,
  type ChooseToken,
  type DraftStep,
  type RowResult,
  type Runner,
  type Step,
  type StepResult,
  type Ticket,
} from '../backend.js'
import { rowOf, rowResults } from '../rows.js'
import { PagedRows } from './paged-rows.js'
import { runOp } from './run.js'
import { Slots } from './slots.js'
import { StepBuffers } from './step.js'
import { Weights } from './tensors.js'

export const referenceBackend: Backend = {
  name: 'reference',
  capabilities: { exact: true, kvCaches: [], chooses: false, hidden: true, draft: true, profile: false },
  available: () => Promise.resolve({ available: true }),
  async load(program: Program, checkpoint: Checkpoint, options: BackendOptions): Promise<Runner> {
    return new ReferenceRunner(program, await Weights.load(program, checkpoint, options), options)
  },
}

class ReferenceRunner implements Runner {
  readonly backend = 'reference'
  readonly stepTokens: number
  readonly maxLogitRows: number
  readonly weightBytes: number
  readonly activeWeightBytes: number
  readonly pageBytes: number
  private readonly keys: PagedRows[]
  private readonly values: PagedRows[]
  private readonly slots: Slots
  readonly maxInFlight = 1
  private readonly choose: ChooseToken | undefined
  /** Of the last ordinary step, for the draft. */
  private drafted: Float32Array | undefined

  constructor(
    private readonly program: Program,
    private readonly weights: Weights,
    options: BackendOptions,
  ) {
    this.stepTokens = options.stepTokens
    this.maxLogitRows = options.maxLogitRows
    this.choose = options.choose
    this.weightBytes = this.activeWeightBytes = weights.storedBytes
    const floats = program.states.map((s) => rowsOfPage(s.every) * s.heads * (s.keyDim + s.valueDim))
    this.pageBytes = floats.reduce((sum, n) => sum + n, 0) * 4
    this.keys = program.states.map((s) => new PagedRows(s.heads * s.keyDim, s.every))
    this.values = program.states.map((s) => new PagedRows(s.heads * s.valueDim, s.every))
    this.slots = new Slots(program)
  }

  get hasDraft(): boolean {
    return this.program.draft !== undefined
  }

  get hasHidden(): boolean {
    return finalHidden(this.program) !== undefined
  }

  async reservePages(): Promise<void> {
    // Pages are made when written.
  }

  get slotBytes(): number {
    return this.slots.bytes
  }

  async reserveSlots(): Promise<void> {
    // So are slots.
  }

  copySlot(from: number, to: number): void {
    this.slots.copy(from, to)
  }

  submit(step: Step): Ticket {
    return { done: this.step(step) }
  }

  submitDraft(step: DraftStep): Ticket {
    return { done: this.draft(step) }
  }

  private async step(step: Step): Promise<StepResult> {
    const { ops, logits, draft } = this.program
    const tied = new Set<number>()
    const buf = this.run(ops, step, new StepBuffers(this.program, step), tied)
    if (draft) this.drafted = buf.all(draft.hidden)
    return { rows: this.rowsOf(step, buf, logits), tiedFrom: firstTied(step, (t) => tied.has(t)) }
  }

  private async draft(step: DraftStep): Promise<StepResult> {
    const { draft } = this.program
    invariant(draft && this.drafted, 'a draft without a step')
    const buf = new StepBuffers(this.program, step)
    const { width } = draft.hidden
    step.hiddenRows.forEach((row, t) => buf.row(draft.hidden, t).set(rowOf(this.drafted!, row, width)))
    return { rows: this.rowsOf(step, this.run(draft.ops, step, buf, new Set()), draft.logits, step.vocab) }
  }

  private rowsOf(step: Step, buf: StepBuffers, logits: Value, vocab = logits.width): RowResult[] {
    const states = finalHidden(this.program)
    const hidden = (row: number): Float32Array => {
      invariant(states, 'a program without final states')
      return buf.row(states, row)
    }
    return rowResults(step, { logits: (row) => buf.row(logits, row).subarray(0, vocab), hidden }, this.choose)
  }

  private run(ops: readonly PlacedOp[], step: Step, buf: StepBuffers, tied: Set<number>): StepBuffers {
    const { vocabSize } = this.program
    for (const id of step.tokens)
      if (id < 0 || id >= vocabSize)
        throw new UserError(
          `token id ${id}: expected 0 to ${vocabSize - 1}, the model's vocabulary`,
          'invalid_argument',
        )
    const context = {
      step,
      buf,
      weights: this.weights,
      keysOf: (state: CacheState) => this.keys[state.id]!,
      valuesOf: (state: CacheState) => this.values[state.id]!,
      slots: this.slots,
      tied,
    }
    for (const { op } of ops) runOp(op, context)
    return buf
  }

  close(): Promise<void> {
    return Promise.resolve()
  }
}
