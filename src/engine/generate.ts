import type { AnswerParser, ToolCall } from '../chat/dialects/dialect.js'
import type { StreamDecoder } from '../tokenizer/tokenizer.js'
import { adjust } from './adjust.js'
import type { FinishReason, GenerationResult, Part, PromptCount } from './generation.js'
import { choiceOf, type TokenChoice } from './likelihood.js'
import type { ResolvedOptions } from './options.js'
import { seededRandom } from './random.js'
import { sample } from './sampler.js'
import type { SessionModel } from './session.js'
import { StopText } from './stop.js'
import type { Timeline } from './timeline.js'

export interface GenerateRun extends ResolvedOptions {
  /** Splits the answer of a chat. */
  readonly parser: AnswerParser | undefined
  /** Special tokens that the parser wants to see. */
  readonly markers: readonly string[]
  readonly signal: AbortSignal
  /** When the caller asked, in performance.now() milliseconds. */
  readonly called: number
  readonly emit: (part: Part) => void
  /** Told when the first token is there. */
  readonly begin: (prompt: PromptCount) => void
  /** Gets every token with its likelihood, if logprobs are asked for. */
  readonly choose: (choice: TokenChoice) => void
}

/** Prompt in, tokens out: each step of the timeline gives one token, until something ends the answer. */
export async function generateTokens(
  model: SessionModel,
  timeline: Timeline,
  prompt: readonly number[],
  run: GenerateRun,
): Promise<GenerationResult> {
  const answer = new Answer(model.tokenizer?.decoder(run.markers), run)
  const chooser = new Chooser(run, prompt)
  const room = Math.min(run.maxTokens, model.shared.contextLength - prompt.length)
  const started = performance.now()
  const kept = run.signal.aborted ? 0 : timeline.reuse(prompt)
  const ids: number[] = []
  let finishReason: FinishReason | undefined = room > 0 ? undefined : 'length'
  let next: number | undefined
  let cachedTokens = kept
  let firstToken = started
  let lastToken = started
  while (finishReason === undefined) {
    const feed = next === undefined ? prompt.slice(kept) : [next]
    next = run.signal.aborted ? undefined : await timeline.step(feed, 'last', chooser.choose, run.signal)
    if (next === undefined || run.signal.aborted) {
      finishReason = 'abort'
      break
    }
    lastToken = performance.now()
    if (ids.length === 0) {
      firstToken = lastToken
      cachedTokens = kept + timeline.adoptedTokens
      run.begin({ promptTokens: prompt.length, cachedTokens })
    }
    ids.push(next)
    if (!run.ignoreEos && model.stopIds.has(next)) finishReason = 'stop'
    else if (answer.push(next)) finishReason = 'stop'
    else if (ids.length >= room) finishReason = 'length'
  }
  answer.end()
  const times = { called: run.called, started, firstToken, lastToken }
  const timings = timingsOf(times, prompt.length - cachedTokens, ids.length)
  const { text, reasoning, toolCalls, stopText, reasoningTokens } = answer
  const said = { text, reasoning, toolCalls, ids, finishReason, stopText, reasoningTokens }
  return { ...said, promptTokens: prompt.length, cachedTokens, timings }
}

/** Chooses one token after the other, and notes how likely they were. */
class Chooser {
  private readonly random: () => number
  private readonly seen: Set<number>
  private readonly counts = new Map<number, number>()

  constructor(
    private readonly run: GenerateRun,
    prompt: readonly number[],
  ) {
    this.random = seededRandom(run.seed)
    this.seen = new Set(run.sampling.repetitionPenalty === 1 ? [] : prompt)
  }

  readonly choose = (logits: Float32Array): number => {
    const { run } = this
    const adjusted = adjust(logits, this.counts, run.adjustments)
    const scores = run.constraint?.mask(adjusted) ?? adjusted
    const id = sample(scores, run.sampling, this.seen, this.random())
    run.constraint?.accept(id)
    this.seen.add(id)
    this.counts.set(id, (this.counts.get(id) ?? 0) + 1)
    if (run.logprobs !== undefined) run.choose(choiceOf(logits, id, run.logprobs))
    return id
  }
}

/** Ids on their way to the reader: decoded, cut at stop strings, split into reasoning, text and calls. */
class Answer {
  text = ''
  reasoning = ''
  readonly toolCalls: ToolCall[] = []
  reasoningTokens = 0
  private readonly stop: StopText
  private stopped = false
  /** Of the latest part. */
  private kind: Part['kind'] | undefined

  constructor(
    private readonly decoder: StreamDecoder | undefined,
    private readonly run: GenerateRun,
  ) {
    this.stop = new StopText(run.stop)
  }

  get stopText(): string | undefined {
    return this.stop.found
  }

  /** True when a stop string was found. */
  push(id: number): boolean {
    const { text, stopped } = this.stop.push(this.decoder?.push(id) ?? '')
    this.stopped = stopped
    this.deliver(text)
    if (this.kind === 'reasoning') this.reasoningTokens++
    return stopped
  }

  end(): void {
    if (!this.stopped) {
      const last = this.stop.push(this.decoder?.flush() ?? '')
      this.deliver(last.text + this.stop.flush())
    }
    for (const part of this.run.parser?.flush() ?? []) this.give(part)
  }

  private deliver(text: string): void {
    if (text === '') return
    for (const part of this.run.parser?.push(text) ?? [{ kind: 'text' as const, text }]) this.give(part)
  }

  private give(part: Part): void {
    if (part.kind === 'tool-call') this.toolCalls.push(part.call)
    else if (part.text === '') return
    else if (part.kind === 'text') this.text += part.text
    else this.reasoning += part.text
    this.kind = part.kind
    this.run.emit(part)
  }
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
