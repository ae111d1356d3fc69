import { signal } from '@preact/signals'
import type { Part } from '../../src/engine/answer/generation.js'
import type { AnswerEnd, PageAnswer } from '../engine/line.js'
import type { Call, Message } from '../storage/types.js'

/** Where an answer is: the prompt is read, the model thinks, or it answers. */
export type Phase = 'reading' | 'thinking' | 'answering'

/** Counts are shown so often, milliseconds. */
const COUNT_MS = 250
/** And the text is stored so often. */
const STORE_MS = 1000

export interface Watcher {
  text(piece: string): void
  reasoning(piece: string): void
  ended(): void
}

/** An answer that is being made: what came so far, and who wants to hear of more. */
export class Running {
  readonly phase = signal<Phase>('reading')
  readonly pieces = signal(0)
  readonly seconds = signal(0)
  readonly calls = signal<readonly Call[]>([])
  text: string
  reasoning: string
  private readonly watchers = new Set<Watcher>()
  private readonly begun = performance.now()
  private thoughtAt = 0
  private thoughtSeconds: number | undefined
  private counted = 0
  private countedAt = 0
  private storedAt = performance.now()
  private stopped = false

  /** @param store keeps the message as it is by then */
  constructor(
    readonly message: Message,
    private readonly answer: PageAnswer,
    private readonly store: (message: Message) => void,
  ) {
    this.text = message.text
    this.reasoning = message.reasoning ?? ''
  }

  /** Ends the answer; what came stays. */
  stop(): void {
    this.stopped = true
    this.answer.abort()
  }

  watch(watcher: Watcher): () => void {
    this.watchers.add(watcher)
    return () => this.watchers.delete(watcher)
  }

  /** Reads the answer to its end. @returns the message as it stays */
  async run(): Promise<Message> {
    let end: AnswerEnd | undefined
    let reason: string | undefined
    try {
      for await (const part of this.answer) this.take(part)
      end = await this.answer.result
    } catch (error) {
      if (!this.stopped) reason = error instanceof Error ? error.message : String(error)
    }
    const whole = this.snapshot(end, reason)
    for (const watcher of this.watchers) watcher.ended()
    return whole
  }

  private take(part: Part): void {
    const now = performance.now()
    this.counted++
    if (part.kind === 'reasoning') {
      this.thoughtAt ||= now
      this.reasoning += part.text
      this.phase.value = 'thinking'
      for (const watcher of this.watchers) watcher.reasoning(part.text)
    } else if (part.kind !== 'tool-input' && part.kind !== 'tool-call') {
      this.endThought(now)
      this.text += part.text
      for (const watcher of this.watchers) watcher.text(part.text)
    } else {
      this.endThought(now)
      this.calls.value = withPart(this.calls.value, part)
    }
    if (now - this.countedAt >= COUNT_MS) this.count(now)
    if (now - this.storedAt >= STORE_MS) {
      this.storedAt = now
      this.store(this.snapshot())
    }
  }

  private endThought(now: number): void {
    if (this.thoughtAt && this.thoughtSeconds === undefined) this.thoughtSeconds = (now - this.thoughtAt) / 1000
    this.phase.value = 'answering'
  }

  private count(now: number): void {
    this.countedAt = now
    this.pieces.value = this.counted
    this.seconds.value = (now - this.begun) / 1000
  }

  private snapshot(end?: AnswerEnd, reason?: string): Message {
    const isCut = end !== undefined && end.finishReason !== 'stop'
    const calls = this.calls.value
    return {
      ...this.message,
      text: this.text,
      ...(this.reasoning !== '' && { reasoning: this.reasoning }),
      ...(this.thoughtSeconds !== undefined && { reasoningSeconds: this.thoughtSeconds }),
      ...(calls.length > 0 && { calls }),
      state: reason !== undefined ? 'failed' : end ? (isCut ? 'cut' : 'done') : this.stopped ? 'cut' : 'answering',
      reason: reason ?? (end?.finishReason === 'length' ? 'length' : isCut || this.stopped ? 'stopped' : undefined),
      recipe: {
        ...this.message.recipe,
        settings: this.message.recipe?.settings ?? {},
        ...(end && {
          tokens: end.tokens,
          promptTokens: end.promptTokens,
          cachedTokens: end.cachedTokens,
          tokensPerSecond: end.tokensPerSecond,
        }),
      },
    }
  }
}

/** A call grows by the pieces of its arguments; a whole call takes the place of what came of it. */
function withPart(calls: readonly Call[], part: Extract<Part, { kind: 'tool-input' | 'tool-call' }>): readonly Call[] {
  const index = part.kind === 'tool-call' ? part.call.index : part.index
  const before = calls[index]
  const call: Call =
    part.kind === 'tool-call'
      ? { id: part.call.id, name: part.call.name, arguments: part.call.arguments }
      : {
          id: part.id || (before?.id ?? ''),
          name: part.name || (before?.name ?? ''),
          arguments: (before?.arguments ?? '') + part.text,
        }
  return [...calls.slice(0, index), call, ...calls.slice(index + 1)]
}
