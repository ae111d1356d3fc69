import type { ReasoningSplitter } from '../chat/reasoning.js'
import type { StreamDecoder } from '../tokenizer/tokenizer.js'
import type { FinishReason, GenerationResult, Part } from './generation.js'
import type { ResolvedOptions } from './options.js'
import { yieldToEvents } from './queue.js'
import { seededRandom } from './random.js'
import { sample } from './sampler.js'
import type { SessionModel } from './session.js'
import { StopText } from './stop.js'
import type { Timeline } from './timeline.js'

export interface GenerateRun extends ResolvedOptions {
  readonly splitter: ReasoningSplitter | undefined
  readonly signal: AbortSignal
  /** When the caller asked, in performance.now() milliseconds. */
  readonly called: number
  readonly emit: (part: Part) => void
}

/** Prompt in, tokens out: prefill in chunks, then one token a step until something ends the answer. */
export async function generateTokens(
  model: SessionModel,
  timeline: Timeline,
  prompt: readonly number[],
  run: GenerateRun,
): Promise<GenerationResult> {
  const answer = new Answer(model.tokenizer?.decoder(), run)
  const random = seededRandom(run.seed)
  const seen = new Set(run.sampling.repetitionPenalty === 1 ? [] : prompt)
  const choose = (logits: Float32Array): number => sample(logits, run.sampling, seen, random())
  const room = Math.min(run.maxTokens, model.shared.contextLength - prompt.length)
  const started = performance.now()
  const cachedTokens = run.signal.aborted ? 0 : timeline.reuse(prompt)
  const ids: number[] = []
  let finishReason: FinishReason | undefined = room > 0 ? undefined : 'length'
  let next = finishReason ? undefined : await prefill(model, timeline, prompt, run.signal, choose)
  const firstToken = performance.now()
  let lastToken = firstToken
  while (finishReason === undefined) {
    if (next === undefined || run.signal.aborted) {
      finishReason = 'abort'
      break
    }
    ids.push(next)
    seen.add(next)
    lastToken = performance.now()
    if (!run.ignoreEos && model.stopIds.has(next)) finishReason = 'stop'
    else if (answer.push(next)) finishReason = 'stop'
    else if (ids.length >= room) finishReason = 'length'
    else {
      await yieldToEvents()
      next = run.signal.aborted ? undefined : await timeline.step([next], 'last', choose)
    }
  }
  answer.end()
  const times = { called: run.called, started, firstToken, lastToken }
  const timings = timingsOf(times, prompt.length - cachedTokens, ids.length)
  const { text, reasoning } = answer
  return { text, reasoning, ids, finishReason, promptTokens: prompt.length, cachedTokens, timings }
}

/** Feeds what the cache lacks and returns the first token; undefined when cancelled. */
async function prefill(
  model: SessionModel,
  timeline: Timeline,
  prompt: readonly number[],
  signal: AbortSignal,
  choose: (logits: Float32Array) => number,
): Promise<number | undefined> {
  const chunk = model.shared.runner.maxTokens
  while (!signal.aborted) {
    const end = Math.min(prompt.length, timeline.length + chunk)
    const ids = prompt.slice(timeline.length, end)
    if (end === prompt.length) return timeline.step(ids, 'last', choose)
    await timeline.step(ids, 'none', () => undefined)
    await yieldToEvents()
  }
  return undefined
}

/** Ids on their way to the reader: decoded, cut at stop strings, split into reasoning and text. */
class Answer {
  text = ''
  reasoning = ''
  private readonly stop: StopText
  private stopped = false

  constructor(
    private readonly decoder: StreamDecoder | undefined,
    private readonly run: GenerateRun,
  ) {
    this.stop = new StopText(run.stop)
  }

  /** True when a stop string was found. */
  push(id: number): boolean {
    const { text, stopped } = this.stop.push(this.decoder?.push(id) ?? '')
    this.stopped = stopped
    this.deliver(text)
    return stopped
  }

  end(): void {
    if (!this.stopped) {
      const last = this.stop.push(this.decoder?.flush() ?? '')
      this.deliver(last.text + this.stop.flush())
    }
    for (const part of this.run.splitter?.flush() ?? []) this.give(part)
  }

  private deliver(text: string): void {
    if (text === '') return
    for (const part of this.run.splitter?.push(text) ?? [{ kind: 'text' as const, text }]) this.give(part)
  }

  private give(part: Part): void {
    if (part.text === '') return
    if (part.kind === 'text') this.text += part.text
    else this.reasoning += part.text
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
