import type { Runner } from '../../backends/backend.js'
import { UserError, type Remedy } from '../../errors.js'
import { NgramDrafter, type Drafter, type Speculation } from './drafter.js'
import type { SpeculationCount } from './generation.js'
import { ModelDrafter, type DraftModel } from './model-drafter.js'
import type { SessionModel } from './model.js'
import type { SharedRunner } from '../schedule/scheduler.js'
import type { Sequence } from '../schedule/sequence.js'

type Drafts = readonly number[]

/** The drafts of one answer, limited to what a step has room for, and how many of their tokens were accepted. */
export class Drafting {
  private drafted = 0
  private accepted = 0
  private steps = 0

  constructor(
    private readonly draft: (sequence: readonly number[], most: number) => Drafts | Promise<Drafts>,
    private readonly shared: SharedRunner,
    /** Frees what the drafts took. */
    readonly close: () => Promise<void> = () => Promise.resolve(),
  ) {}

  /** A draft of what follows `sequence`, of `most` tokens at most. */
  async next(sequence: readonly number[], most: number): Promise<Drafts> {
    const { runner, scheduler, vocabSize } = this.shared
    // Rows and tokens of a step are for all who answer at the same time.
    const share = Math.floor(Math.min(runner.maxLogitRows, runner.stepTokens) / Math.max(1, scheduler.lately))
    const count = Math.min(most, share - 1)
    if (count <= 0) return []
    const drafts = (await this.draft(sequence, count)).slice(0, count)
    const strange = drafts.findIndex((id) => !Number.isInteger(id) || id < 0 || id >= vocabSize)
    return strange < 0 ? drafts : drafts.slice(0, strange)
  }

  /** After a step with `drafted` tokens, of which `chosen` came. */
  count(drafted: number, chosen: number): void {
    this.steps++
    this.drafted += drafted
    this.accepted += Math.min(drafted, Math.max(0, chosen - 1))
  }

  get counts(): SpeculationCount {
    return { drafted: this.drafted, accepted: this.accepted, steps: this.steps }
  }
}

/** What `speculate` asks for; undefined: nothing. @throws UserError where the model cannot do it. */
export function draftingOf(
  speculate: Speculation | Drafter | 'off' | undefined,
  { shared, draftModel }: Pick<SessionModel, 'shared' | 'draftModel'>,
  sequence: Sequence,
): Drafting | undefined {
  sequence.speculation.wantsDraft = speculate === 'mtp'
  if (speculate === undefined || speculate === 'off') return undefined
  checkRunner(speculate, shared.runner)
  if (speculate === 'mtp') return new Drafting(() => shared.scheduler.drafted(sequence), shared)
  if (speculate === 'ngram') return draftingBy(new NgramDrafter(), shared)
  if (typeof speculate === 'object') return draftingBy(speculate, shared)
  if (draftModel?.name !== speculate) throw notLoaded(speculate, draftModel)
  const drafter = new ModelDrafter(draftModel.engine)
  return draftingBy(drafter, shared, () => drafter.close())
}

function draftingBy(drafter: Drafter, shared: SharedRunner, close?: () => Promise<void>): Drafting {
  return new Drafting((tokens, most) => drafter.draft(tokens, most), shared, close)
}

function notLoaded(asked: string, loaded: DraftModel | undefined): UserError {
  const remedies: Remedy[] = loaded ? [{ option: 'speculate', value: loaded.name }] : []
  return new UserError(
    `: the model was loaded ${loaded ? `with ${loaded.name}` : 'without a draft model'}; load it with this option`,
    'invalid_argument',
    { at: { option: 'speculate', value: asked }, remedies },
  )
}

function checkRunner(speculate: Speculation | Drafter, { slotBytes, hasDraft }: Runner): void {
  if (slotBytes > 0)
    throw new UserError(
      ': the model has recurrent layers, whose states cannot be rolled back after a wrong draft',
      'invalid_argument',
      { at: { option: 'speculate' }, remedies: [{ option: 'speculate', change: 'omit' }] },
    )
  if (speculate === 'mtp' && !hasDraft)
    throw new UserError(
      ': the model was loaded without its layer for multi-token prediction; load it with this option too',
      'invalid_argument',
      { at: { option: 'speculate', value: 'mtp' }, remedies: [{ option: 'speculate', value: 'ngram' }] },
    )
}
