import type { GivenMessage } from '../chat/message.js'
import type { Speculation } from '../engine/answer/drafter.js'
export { draftModelOf, type Speculation } from '../engine/answer/drafter.js'
import type { Generation } from '../engine/answer/generation.js'
import type { EncodeOptions, EngineInfo, EngineStatus, RestoredSession } from '../engine/engine.js'
import type { Pooling } from '../engine/measure/embed.js'
import type { PerplexityOptions, PerplexityResult } from '../engine/measure/score.js'
import type { ChatOptions, GenerateOptions, PromptOptions } from '../engine/options.js'
import type { NamedChoice } from '../engine/sample/likelihood.js'

export type {
  Generation,
  GenerationResult,
  Piece,
  PromptCount,
  PromptProgress,
  Timings,
  ToolCall,
} from '../engine/answer/generation.js'
export type { EncodeOptions, EngineInfo, EngineStatus } from '../engine/engine.js'
export type { Pooling } from '../engine/measure/embed.js'
export type { PerplexityOptions, PerplexityResult } from '../engine/measure/score.js'
export type { NamedChoice, NamedToken } from '../engine/sample/likelihood.js'

/** Use it with `await`: an engine of this thread answers (or throws) at once, another one later. */
export type Awaitable<T> = T | Promise<T>

/** How an answer is made, in plain values: what has functions in it stays in the thread of its engine. */
export type AnswerOptions = Omit<GenerateOptions, 'constraint' | 'speculate'> & {
  readonly speculate?: Speculation | 'off' | undefined
}
export type ConversationOptions = PromptOptions
export type ChatAnswerOptions = AnswerOptions & ConversationOptions & Pick<ChatOptions, 'callPieces'>

/** What only needs the tokenizer. */
export interface TokenCoder {
  /** Token ids of a text that is not a chat. */
  encode(text: string, options?: EncodeOptions): Awaitable<number[]>
  /** Text of token ids, without special tokens. */
  decode(ids: readonly number[]): Awaitable<string>
  /** Text of each token alone. */
  tokenTexts(ids: readonly number[]): Awaitable<string[]>
}

/** What generates answers. Calls may be made side by side; those of one session run one after the other. */
export interface Answering {
  /** The answer to a conversation. */
  chat(messages: readonly GivenMessage[], options?: ChatAnswerOptions): Generation
  /** Continues a text as it is, without a chat template. */
  complete(prompt: string, options?: AnswerOptions): Generation
  /** Continues token ids. */
  generate(ids: readonly number[], options?: AnswerOptions): Generation
  /** Cancels what runs and frees what it took. */
  close(): Promise<void>
  /** For `await using`: {@link close} at the end of the block. */
  [Symbol.asyncDispose](): Promise<void>
}

/** Keeps its cache from call to call. */
export interface SessionLike extends Answering {
  /** The last conversation and its cache as bytes, which {@link EngineLike.restore} continues with, in another process too. */
  save(): Promise<Uint8Array>
}

/** A saved session that continues. */
export interface RestoredLike extends Omit<RestoredSession, 'session'> {
  readonly session: SessionLike
}

/**
 * A loaded model, as its clients see it: the server, the command line, a page, an evaluation. None of them sees a tensor. An
 * `Engine` of this thread is one, and so is an `EngineClient`, whose engine is in a worker or at the other end of a port; they
 * answer and fail in the same way.
 *
 * @example
 * import { loadEngine } from 'kaiyuan'
 * import { loadEngine as loadInWorker, type EngineLike } from 'kaiyuan/worker'
 *
 * async function countTokens(engine: EngineLike, text: string): Promise<number> {
 *   return (await engine.encode(text)).length
 * }
 * const here = await loadEngine('mini')
 * const there = await loadInWorker('mini')
 * console.log((await countTokens(here, 'Hello')) === (await countTokens(there, 'Hello')))
 * await Promise.all([here.close(), there.close()])
 */
export interface EngineLike extends TokenCoder, Answering {
  readonly info: EngineInfo
  /** Resolves when the engine cannot compute any more and has to be loaded again; never where it is told in another way. */
  readonly failed?: Promise<Error> | undefined
  /** Keeps its cache from call to call, so that the next turn of a conversation computes only what is new. */
  session(): SessionLike
  /** Continues with a session that was saved. Rejects with UserError invalid_file for bytes that are none. */
  restore(saved: Uint8Array): Promise<RestoredLike>
  /** Token ids of a conversation, as {@link chat} gives them to the model. */
  encodeChat(messages: readonly GivenMessage[], options?: ConversationOptions): Awaitable<number[]>
  /** How likely each of `ids` from position `from` (1) on is after those before it, with the `top` most likely tokens at each place. */
  likelihoods(
    ids: readonly number[],
    top: number,
    signal?: AbortSignal,
    cacheSalt?: string,
    from?: number,
  ): Promise<NamedChoice[]>
  perplexity(ids: readonly number[], options?: PerplexityOptions): Promise<PerplexityResult>
  /** A vector [D] of length 1. */
  embed(ids: readonly number[], pooling?: Pooling, signal?: AbortSignal, cacheSalt?: string): Promise<Float32Array>
  status(): Awaitable<EngineStatus>
}
