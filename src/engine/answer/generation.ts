import type { Part, ToolCall } from '../../chat/dialects/dialect.js'
import type { TokenChoice } from '../sample/likelihood.js'

export type { Part, ToolCall }

/** stop: a stop id or string, with calls or without; length: maxTokens or the context's end; abort: cancelled. */
export type FinishReason = 'stop' | 'length' | 'abort'

export interface Timings {
  /** Milliseconds from the first step to the first token. */
  readonly prefillMs: number
  /** Milliseconds from the first token to the last. */
  readonly decodeMs: number
  readonly prefillTokensPerSecond: number
  readonly decodeTokensPerSecond: number
  /** Milliseconds from the call to the first token, with the wait for other sessions. */
  readonly firstTokenMs: number
}

/** Tokens of a prompt, and how many of them were in the cache, of this session or of all. */
export interface PromptCount {
  readonly promptTokens: number
  readonly cachedTokens: number
}

export interface GenerationResult extends PromptCount {
  readonly text: string
  readonly reasoning: string
  readonly toolCalls: ToolCall[]
  /** The generated ids, with the stop id where one ended the answer. */
  readonly ids: number[]
  readonly finishReason: FinishReason
  /** The stop string that ended the answer. */
  readonly stopText?: string | undefined
  /** Of the ids, those of reasoning with the marks around it. */
  readonly reasoningTokens: number
  readonly timings: Timings
  /** How many tokens were guessed ahead and how many of them were right, in how many steps; absent without speculation. */
  readonly speculation?: SpeculationCount
}

export interface SpeculationCount {
  readonly drafted: number
  readonly accepted: number
  /** Steps of the model behind the prompt's. */
  readonly steps: number
}

/**
 * An answer in the making. It runs whether or not it is read; iterate for its parts, await `result` for the whole.
 * Leaving the loop early cancels it. Errors come out of the loop and of `result`; nobody has to listen.
 */
export class Generation implements AsyncIterable<Part> {
  readonly result: Promise<GenerationResult>
  /** The tokens so far with their likelihoods, if logprobs were asked for. */
  readonly choices: TokenChoice[] = []
  /** Known when the first token is. */
  prompt: PromptCount | undefined
  private readonly parts: Part[] = []
  private readonly controller = new AbortController()
  private settled = false
  private waiters: (() => void)[] = []

  constructor(run: (emit: (part: Part) => void, signal: AbortSignal) => Promise<GenerationResult>) {
    const emit = (part: Part): void => {
      this.parts.push(part)
      this.wake()
    }
    // A microtask later, so that a failure at once is still a rejection and never a throw of the constructor.
    this.result = Promise.resolve()
      .then(() => run(emit, this.controller.signal))
      .finally(() => {
        this.settled = true
        this.wake()
      })
    this.result.catch(() => undefined)
  }

  /** Ends the answer after the current step; `result` then has finishReason 'abort'. */
  abort(): void {
    this.controller.abort()
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Part, void, undefined> {
    try {
      for (let next = 0; ;) {
        while (next < this.parts.length) yield this.parts[next++]!
        if (this.settled) break
        await new Promise<void>((resolve) => this.waiters.push(resolve))
      }
      await this.result
    } finally {
      if (!this.settled) this.abort()
    }
  }

  private wake(): void {
    const waiters = this.waiters
    this.waiters = []
    for (const resolve of waiters) resolve()
  }
}
