import type { Runner } from '../../backends/backend.js'
import { UserError, type Remedy } from '../../errors.js'
import { NgramDrafter, type Drafter, type Speculation } from './drafter.js'
import type { SpeculationCount } from './generation.js'
import { ModelDrafter, type DraftModel } from './model-drafter.js'
import type { SessionModel } from './model.js'
import type { SharedRunner } from '../schedule/scheduler.js'
import type { Sequence } from '../schedule/sequence.js'
import type { StepCost } from '../schedule/step-cost.js'

type Drafts = readonly number[]

/** After so many steps without a draft one token is drafted anyway, for what follows may be easier. */
const STEPS_TO_TRY = 8
/** Older drafts weigh less after each step, by this factor: an answer that copies a text soon writes something new. */
const FADING = 0.85
/** A draft's token is right with this chance until something is known, which weighs as much as so many tokens. */
const CHANCE = 0.7
const WEIGHT = 2
/** Of shorter steps it is not the rows that take the time. */
const SHORT_STEP_MS = 2

/** How often the tokens of the last drafts were right. */
class Acceptance {
  private right = 0
  private tried = 0

  /** Of `drafted` tokens the first `accepted` were right; what came after a wrong one says nothing. */
  count(drafted: number, accepted: number): void {
    this.right = this.right * FADING + accepted
    this.tried = this.tried * FADING + Math.min(drafted, accepted + 1)
  }

  get chance(): number {
    return (this.right + CHANCE * WEIGHT) / (this.tried + WEIGHT)
  }
}

/** What decides how long a draft should be. */
interface DraftCost {
  readonly steps: StepCost
  /** Sequences that share the step, each with a token of its own. */
  readonly others: number
  /** Milliseconds to draft a token. */
  readonly perToken: number
}

/**
 * How many tokens to draft so that a step gives the most tokens for its time: with a chance p for each, a draft of k gives
 * 1 + p + ... + p^k tokens (Leviathan et al., arXiv 2211.17192), and the step has k rows more.
 */
export function draftWorth(most: number, chance: number, { steps, others, perToken }: DraftCost): number {
  const plain = steps.of(others + 1)
  if (plain === undefined || plain < SHORT_STEP_MS) return most
  let [best, bestRate, tokens] = [0, 0, 0]
  for (let k = 0; k <= most; k++) {
    tokens += chance ** k
    const rate = (others + tokens) / (steps.of(others + 1 + k)! + k * perToken)
    if (rate > bestRate) [best, bestRate] = [k, rate]
  }
  return best
}

/** The drafts of one answer, limited to what a step has room for, and how many of their tokens were accepted. */
export class Drafting {
  private drafted = 0
  private accepted = 0
  private steps = 0
  private withoutDraft = 0
  private msPerToken = 0
  private readonly acceptance = new Acceptance()

  constructor(
    private readonly draft: (sequence: readonly number[], most: number) => Drafts | Promise<Drafts>,
    private readonly shared: SharedRunner,
    /** Whether the cost of steps limits the length of drafts; otherwise the drafter decides alone. */
    private readonly isWeighed = false,
    /** Frees what the drafts took. */
    readonly close: () => Promise<void> = () => Promise.resolve(),
  ) {}

  /** A draft of what follows `sequence`, of `most` tokens at most. */
  async next(sequence: readonly number[], most: number): Promise<Drafts> {
    const { runner, scheduler, vocabSize } = this.shared
    // Rows and tokens of a step are for all who answer at the same time.
    const share = Math.floor(Math.min(runner.maxLogitRows, runner.stepTokens) / Math.max(1, scheduler.lately))
    const count = this.worth(Math.min(most, share - 1))
    if (count <= 0) return []
    const started = performance.now()
    const drafts = (await this.draft(sequence, count)).slice(0, count)
    if (drafts.length > 0) this.msPerToken = (this.msPerToken + (performance.now() - started) / drafts.length) / 2
    const strange = drafts.findIndex((id) => !Number.isInteger(id) || id < 0 || id >= vocabSize)
    return strange < 0 ? drafts : drafts.slice(0, strange)
  }

  private worth(most: number): number {
    if (!this.isWeighed || most <= 0) return most
    const { cost: steps, lately } = this.shared.scheduler
    const cost = { steps, others: Math.max(0, lately - 1), perToken: this.msPerToken }
    const count = draftWorth(most, this.acceptance.chance, cost)
    this.withoutDraft = count > 0 ? 0 : (this.withoutDraft + 1) % STEPS_TO_TRY
    return count === 0 && this.withoutDraft === 0 ? 1 : count
  }

  /** After a step with `drafted` tokens, of which `chosen` came. */
  count(drafted: number, chosen: number): void {
    const accepted = Math.min(drafted, Math.max(0, chosen - 1))
    this.steps++
    this.drafted += drafted
    this.accepted += accepted
    if (drafted > 0) this.acceptance.count(drafted, accepted)
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
  if (speculate === 'ngram') return draftingBy(new NgramDrafter(), shared, true)
  if (typeof speculate === 'object') return draftingBy(speculate, shared, false)
  if (draftModel?.name !== speculate) throw notLoaded(speculate, draftModel)
  const drafter = new ModelDrafter(draftModel.engine)
  return draftingBy(drafter, shared, true, () => drafter.close())
}

function draftingBy(drafter: Drafter, shared: SharedRunner, isWeighed: boolean, close?: () => Promise<void>): Drafting {
  return new Drafting((tokens, most) => drafter.draft(tokens, most), shared, isWeighed, close)
}

function notLoaded(asked: string, loaded: DraftModel | undefined): UserError {
  const remedies: Remedy[] = loaded ? [{ option: 'speculate', value: loaded.name }] : []
  return new UserError(
    `: the model was loaded ${loaded ? `with ${loaded.name}` : 'without a draft model'}; load it with this option`,
    'invalid_argument',
    { at: { option: 'speculate', value: asked }, remedies },
  )
}

function checkRunner(speculate: Speculation | Drafter, { hasDraft }: Runner): void {
  if (speculate === 'mtp' && !hasDraft)
    throw new UserError(
      ': the model was loaded without its layer for multi-token prediction; load it with this option too',
      'invalid_argument',
      { at: { option: 'speculate', value: 'mtp' }, remedies: [{ option: 'speculate', value: 'ngram' }] },
    )
}
