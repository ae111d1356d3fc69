import type { Part, ToolCall } from '../../chat/dialects/dialect.js'
import { KeptStream } from '../../kept-stream.js'
import type { FinishReason } from '../sample/choose.js'
import type { NamedChoice } from '../sample/likelihood.js'

export type { FinishReason, Part, ToolCall }

/** How long an answer took: milliseconds, and tokens per second. */
export interface Timings {
  /** Milliseconds from the first step to the first token. */
  readonly prefillMs: number
  /** Milliseconds from the first token to the last. */
  readonly decodeMs: number
  /** Tokens of the prompt that were not in the cache, per second of prefillMs. */
  readonly prefillTokensPerSecond: number
  /** Tokens after the first, per second of decodeMs. */
  readonly decodeTokensPerSecond: number
  /** Milliseconds from the call to the first token, with the wait for other sessions. */
  readonly firstTokenMs: number
}

/** Tokens of a prompt, and how many of them were in the cache, of this session or of all. */
export interface PromptCount {
  readonly promptTokens: number
  readonly cachedTokens: number
}

/** How much of a prompt is read: {@link readTokens} of all, with those that were in the cache. */
export interface PromptProgress extends PromptCount {
  readonly readTokens: number
}

export interface GenerationResult extends PromptCount {
  readonly text: string
  readonly reasoning: string
  readonly toolCalls: ToolCall[]
  /** A call that was cut off, as far as it came; it comes after the others and is not to be run. */
  readonly partialCall?: ToolCall | undefined
  /** The generated ids, with the stop id where one ended the answer. */
  readonly ids: number[]
  readonly finishReason: FinishReason
  /** The stop string that ended the answer. */
  readonly stopText?: string | undefined
  /** Of the ids, those of reasoning with the marks around it. */
  readonly reasoningTokens: number
  readonly timings: Timings
  /** How many tokens were drafted and how many of them accepted, in how many steps; absent without speculation. */
  readonly speculation?: SpeculationCount
}

export interface SpeculationCount {
  /** Tokens that were drafted. */
  readonly drafted: number
  /** Of these, those that the model would have chosen too. */
  readonly accepted: number
  /** Steps of the model after the prompt's. */
  readonly steps: number
}

/** What comes of an answer while it is generated. */
export interface Piece {
  /** Alone, and before all others: how much of the prompt is read, if that was asked for. */
  readonly reading?: PromptProgress
  /** With the first piece. */
  readonly prompt?: PromptCount
  readonly part?: Part
  /** Tokens since the last piece, if their likelihoods were asked for. */
  readonly choices?: readonly NamedChoice[]
}

/**
 * An answer that is being generated, in this thread or in another. It runs whether or not it is read, and what came is kept:
 * iterate for its parts, await `result` for the whole. Leaving the loop early cancels it. Errors come out of the loop and of
 * `result`; nobody has to listen.
 */
export class Generation implements AsyncIterable<Part> {
  readonly result: Promise<GenerationResult>
  /** Resolves with the first piece of the answer or with the whole; rejects when neither comes. */
  readonly begun: Promise<void>
  /** The tokens so far with their likelihoods, if logprobs were asked for. */
  readonly choices: NamedChoice[] = []
  /** Known when the first piece is. */
  prompt: PromptCount | undefined
  /** In performance.now() milliseconds. */
  firstPieceAt: number | undefined
  private readonly stream: KeptStream<Piece, GenerationResult>

  /** @param run generates: it hands over every piece, ends early when the signal says so, and returns the whole */
  constructor(run: (push: (piece: Piece) => void, signal: AbortSignal) => Promise<GenerationResult>) {
    let begin!: () => void
    const first = new Promise<void>((resolve) => (begin = resolve))
    this.stream = new KeptStream((push, signal) =>
      run((piece) => {
        if (!piece.reading) {
          this.firstPieceAt ??= performance.now()
          this.prompt ??= piece.prompt
          this.choices.push(...(piece.choices ?? []))
          begin()
        }
        push(piece)
      }, signal),
    )
    this.result = this.stream.result
    this.begun = Promise.race([first, this.result.then(() => undefined)])
    this.begun.catch(() => undefined)
  }

  /**
   * Ends the answer after the current step; `result` then has finishReason 'abort'.
   * @example
   * const generation = engine.complete('Once', { ignoreEos: true })
   * generation.abort()
   * console.log((await generation.result).finishReason) // abort
   */
  abort(): void {
    this.stream.abort()
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Part, void, undefined> {
    for await (const { part } of this.pieces()) if (part) yield part
  }

  /**
   * The text of the answer as it comes, without reasoning and tool calls. Leaving the loop early cancels the answer.
   * @example
   * for await (const text of engine.chat([{ role: 'user', content: 'Hello' }]).texts()) process.stdout.write(text)
   */
  async *texts(): AsyncGenerator<string, void, undefined> {
    for await (const part of this) if (part.kind === 'text') yield part.text
  }

  /**
   * The parts with the tokens that they were made of: see {@link Piece}. Leaving the loop early cancels the answer.
   * @example
   * const generation = engine.complete('Once', { logprobs: 1, maxTokens: 4 })
   * for await (const { choices = [] } of generation.pieces())
   *   for (const { text, logprob } of choices) console.log(text, logprob)
   */
  pieces(): AsyncGenerator<Piece, void, undefined> {
    return this.stream.each()
  }
}
