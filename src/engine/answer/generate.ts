import type { RowResult } from '../../backends/backend.js'
import { UserError } from '../../errors.js'
import type { TokenIndex } from '../../grammar/token-index.js'
import { AnswerTokens, type ChooseRun } from '../sample/choose.js'
import { AnswerText, type TextRun } from './answer-text.js'
import type { GenerationResult, PromptCount, PromptProgress } from './generation.js'
import { draftingOf, type Drafting } from './drafting.js'
import { JumpForward } from './jump.js'
import type { SessionModel } from './model.js'
import type { ComputeOptions, SharedRunner } from '../schedule/scheduler.js'
import type { Sequence } from '../schedule/sequence.js'

export interface GenerateRun extends ChooseRun, TextRun {
  /** Special tokens that the parser wants to see. */
  readonly markers: readonly string[]
  /** Of the grammar's vocabulary. */
  readonly index: (() => TokenIndex) | undefined
  /** When the caller asked, in performance.now() milliseconds. */
  readonly called: number
  /** Told when the first token is there. */
  readonly begin: (prompt: PromptCount) => void
  /** Told how much of a prompt of several steps is read, where that was asked for. */
  readonly reading: ((progress: PromptProgress) => void) | undefined
}

/**
 * Prompt in, tokens out: each step of the sequence gives one token, and more where drafts were right, until something ends
 * the answer.
 */
export async function generateTokens(
  model: SessionModel,
  sequence: Sequence,
  prompt: readonly number[],
  run: GenerateRun,
): Promise<GenerationResult> {
  // What a caller's own constraint allows is known for the next token only.
  const speculate = run.constraint ? 'off' : (run.speculate ?? model.speculate)
  const drafting = draftingOf(speculate, model, sequence)
  try {
    return await stepByStep(model, sequence, prompt, { ...run, speculate, drafting })
  } finally {
    await drafting?.close()
  }
}

async function stepByStep(
  model: SessionModel,
  sequence: Sequence,
  prompt: readonly number[],
  run: GenerateRun & { readonly drafting: Drafting | undefined },
): Promise<GenerationResult> {
  const { constraint, form, drafting, speculate } = run
  // Nothing to do must take no turn of those that have.
  const isPrepared = !form && !constraint?.prepare
  const jump = jumpOf(model, run)
  let jumped = false
  const written = new AnswerText(model.tokenizer?.decoder(run.markers), run)
  const room = Math.min(run.maxTokens, model.shared.contextLength - prompt.length)
  const tokens = new AnswerTokens(run, prompt, model.stopIds, room, (id) => written.push(id))
  const { ids } = tokens
  const started = performance.now()
  const kept = run.signal.aborted ? 0 : sequence.reuse(prompt)
  let cachedTokens = kept
  let firstToken = started
  let lastToken = started
  while (tokens.finishReason === undefined) {
    const isPrompt = ids.length === 0
    // The model's own draft is of what comes after the last step, not after text that was forced since.
    const mayDraft = !isPrompt && !sequence.ties.any && !sequence.repeats && !(jumped && speculate === 'mtp')
    const drafter = mayDraft && drafting
    const guessed = drafter ? await drafter.next(tokens.sequence, room - ids.length - 1) : []
    const drafts = form && guessed.length > 0 ? guessed.slice(0, form.follow(guessed)) : guessed
    const prepare = async (): Promise<void> => {
      await form?.prepare(drafts)
      await constraint?.prepare?.()
    }
    const onAdvance =
      isPrompt && run.reading ? progressOf(prompt.length, () => kept + sequence.adoptedTokens, run.reading) : undefined
    onAdvance?.(kept)
    const rows = await advance(model.shared, sequence, tokens, drafts, {
      signal: run.signal,
      meanwhile: isPrepared ? undefined : prepare,
      onAdvance,
    })
    if (isPrompt && rows) {
      cachedTokens = kept + sequence.adoptedTokens
      run.begin({ promptTokens: prompt.length, cachedTokens })
    }
    const chosen = rows ? choose(sequence, tokens, rows, drafts) : 0
    if (chosen === 0) {
      tokens.finishReason = 'abort'
      break
    }
    lastToken = performance.now()
    if (isPrompt && model.isDraft) sequence.beginTrial()
    if (isPrompt) firstToken = lastToken
    else drafting?.count(drafts.length, chosen)
    if (tokens.finishReason !== undefined) break
    const forced = jump?.next(ids) ?? []
    tokens.take(forced)
    jumped = forced.length > 0
  }
  written.end(tokens.finishReason !== 'stop')
  const times = { called: run.called, started, firstToken, lastToken }
  const timings = timingsOf(times, prompt.length - cachedTokens, ids.length)
  const { text, reasoning, toolCalls, partialCall, stopText, reasoningTokens } = written
  const { finishReason } = tokens
  const calls = { toolCalls, ...(partialCall && { partialCall }) }
  const said = { text, reasoning, ...calls, ids, finishReason, stopText, reasoningTokens }
  const speculation = drafting && { speculation: drafting.counts }
  return { ...said, promptTokens: prompt.length, cachedTokens, timings, ...speculation }
}

/** Tells how far a prompt is, with the tokens that the cache had. */
function progressOf(
  promptTokens: number,
  cached: () => number,
  tell: (progress: PromptProgress) => void,
): (computed: number) => void {
  return (computed) => tell({ promptTokens, cachedTokens: cached(), readTokens: computed })
}

/** Undefined where every token is asked of the model. */
function jumpOf(
  { tokenizer }: SessionModel,
  { form, index, constraint, logprobs, jumpForward }: GenerateRun,
): JumpForward | undefined {
  if (!tokenizer || !form || !index || constraint || logprobs !== undefined || !jumpForward) return undefined
  return new JumpForward(form, tokenizer, index)
}

/** Computes the end of the answer that is not in the cache, with drafts after it; undefined when `signal` ended it. */
async function advance(
  shared: SharedRunner,
  sequence: Sequence,
  tokens: AnswerTokens,
  drafts: readonly number[],
  how: Pick<ComputeOptions, 'meanwhile' | 'onAdvance'> & { readonly signal: AbortSignal },
): Promise<readonly RowResult[] | undefined> {
  const { signal } = how
  if (signal.aborted) return undefined
  // Checked drafts need the logits: which of their rows count is known when they are read.
  const want = drafts.length > 0 ? 'logits' : tokens.want
  try {
    const missing = tokens.sequence.slice(sequence.length)
    const rows = await shared.scheduler.compute(sequence, missing, { drafts, want, ...how })
    if (rows && signal.aborted) sequence.accept([])
    return signal.aborted ? undefined : rows
  } catch (error) {
    // Without the drafts there may be memory enough.
    if (drafts.length === 0 || !(error instanceof UserError) || error.code !== 'out_of_memory') throw error
    return advance(shared, sequence, tokens, [], how)
  }
}

/** Reads as many rows as the sequence could check, and keeps the drafts that were right. Returns how many tokens came of it. */
function choose(
  sequence: Sequence,
  tokens: AnswerTokens,
  rows: readonly RowResult[],
  drafts: readonly number[],
): number {
  let chosen: readonly number[] = []
  try {
    chosen = tokens.read(rows, drafts.slice(0, sequence.checkedDrafts))
  } finally {
    sequence.accept(chosen)
  }
  return chosen.length
}

function timingsOf(
  times: { called: number; started: number; firstToken: number; lastToken: number },
  promptTokens: number,
  tokens: number,
): GenerationResult['timings'] {
  const prefillMs = times.firstToken - times.started
  const decodeMs = times.lastToken - times.firstToken
  const perSecond = (count: number, ms: number): number => (count > 0 && ms > 0 ? (count / ms) * 1000 : 0)
  return {
    prefillMs,
    decodeMs,
    prefillTokensPerSecond: perSecond(promptTokens, prefillMs),
    // The first token comes out of the prefill.
    decodeTokensPerSecond: perSecond(tokens - 1, decodeMs),
    firstTokenMs: times.firstToken - times.called,
  }
}
