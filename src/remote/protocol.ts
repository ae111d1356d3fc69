import type { ToolCall } from '../chat/dialects/dialect.js'
import type { ChatMessage, ToolDefinition } from '../chat/message.js'
import type { EngineInfo } from '../engine/engine.js'
import type { Pooling } from '../engine/measure/embed.js'
import type { FinishReason, Part, PromptCount } from '../engine/answer/generation.js'
import type { GenerateOptions, LoadOptions } from '../engine/options.js'
import type { ErrorDetail, UserErrorCode } from '../errors.js'

/*
 * What the server and an engine in its worker say to each other: plain values, which a message copies. The server asks
 * with a number and may cancel by that number; the engine answers with any number of pieces and then, exactly once, with a
 * result or an error. Nothing else is remembered on either side, so when a worker is lost, so are its open numbers only.
 */

/** How the worker loads its model. */
export interface EngineSetup {
  /** A path, as the command line takes it. */
  readonly model: string
  readonly options: Pick<
    LoadOptions,
    | 'precision'
    | 'quantize'
    | 'kvCache'
    | 'threads'
    | 'backend'
    | 'contextLength'
    | 'stepTokens'
    | 'maxConcurrency'
    | 'cacheMemory'
  >
}

/** Options of an answer as they can be sent: cancelling is a message. */
export type CallOptions = Omit<GenerateOptions, 'signal' | 'constraint'>

/** A conversation with what its template gets. */
export interface Conversation {
  readonly messages: readonly ChatMessage[]
  readonly tools?: readonly ToolDefinition[] | undefined
  /** Template variables such as enable_thinking. */
  readonly templateOptions?: Record<string, unknown> | undefined
}

export interface ChatCall extends Conversation {
  readonly kind: 'chat'
  readonly options: CallOptions
}
export interface CompleteCall {
  readonly kind: 'complete'
  /** Text, or token ids. */
  readonly prompt: string | readonly number[]
  readonly options: CallOptions
}
/** Token ids of a text or of a rendered conversation. */
export interface EncodeCall {
  readonly kind: 'encode'
  readonly input: { readonly text: string; readonly addSpecial: boolean } | Conversation
}
export interface DecodeCall {
  readonly kind: 'decode'
  readonly ids: readonly number[]
}
/** How likely each token of a prompt is behind those before it. */
export interface ScoreCall {
  readonly kind: 'score'
  readonly prompt: string | readonly number[]
  /** Likely alternatives to name at each place. */
  readonly top: number
}
/** One vector for each input. */
export interface EmbedCall {
  readonly kind: 'embed'
  readonly inputs: readonly (string | readonly number[])[]
  readonly pooling: Pooling
}
export interface StatusCall {
  readonly kind: 'status'
}
export type EngineCall = ChatCall | CompleteCall | EncodeCall | DecodeCall | ScoreCall | EmbedCall | StatusCall

/** A token and how likely it was, with its text. */
export interface NamedToken {
  readonly id: number
  readonly text: string
  /** What it adds to the answer, which may be half a character; none for a special token. */
  readonly bytes: readonly number[]
  readonly logprob: number
}
export interface NamedChoice extends NamedToken {
  /** The most likely tokens at its place, falling. */
  readonly top: readonly NamedToken[]
}

/** What an answer sends while it is made. */
export interface Piece {
  /** With the first piece: tokens of the prompt, and how many of them were in the cache. */
  readonly prompt?: PromptCount
  readonly part?: Part
  /** Tokens since the last piece, if their likelihoods were asked for. */
  readonly choices?: readonly NamedChoice[]
}

export interface Answer {
  readonly text: string
  readonly reasoning: string
  readonly toolCalls: readonly ToolCall[]
  readonly finishReason: FinishReason
  /** The stop string that ended it. */
  readonly stopText?: string
  readonly promptTokens: number
  readonly cachedTokens: number
  /** Tokens generated, the stop id included. */
  readonly tokens: number
  /** Of these, tokens of reasoning. */
  readonly reasoningTokens: number
  /** From the first token to the last. */
  readonly decodeMs: number
}

export interface EngineStatus {
  /** Answers and prompts that wait for a step or are in one. */
  readonly active: number
  /** Cache pages that exist, that nobody uses, and the bytes of one. */
  readonly pages: number
  readonly freePages: number
  readonly pageBytes: number
  /** Since the model was loaded; sequences / steps is the mean batch. */
  readonly steps: number
  readonly sequences: number
  readonly tokens: number
  readonly stepSeconds: number
}

/** What a call resolves to. */
export interface CallResults {
  chat: Answer
  complete: Answer
  encode: { readonly ids: readonly number[]; readonly pieces: readonly string[] }
  decode: { readonly text: string }
  /** The first token has no likelihood. */
  score: { readonly first: { readonly id: number; readonly text: string }; readonly choices: readonly NamedChoice[] }
  embed: { readonly vectors: readonly Float32Array[]; readonly tokens: number }
  status: EngineStatus
}
export type CallResult = CallResults[keyof CallResults]

export type ToEngine =
  | { readonly type: 'call'; readonly id: number; readonly call: EngineCall }
  | { readonly type: 'cancel'; readonly id: number }
  | { readonly type: 'close' }

/** code: of a UserError, with its fault as the message; undefined for bugs of ours. */
export interface SentError extends Pick<ErrorDetail, 'at' | 'remedies'> {
  readonly message: string
  readonly code?: UserErrorCode
  readonly stack?: string
}

export type FromEngine =
  | { readonly type: 'loaded'; readonly info: EngineInfo }
  | { readonly type: 'not-loaded'; readonly error: SentError }
  | { readonly type: 'piece'; readonly id: number; readonly piece: Piece }
  | { readonly type: 'result'; readonly id: number; readonly result: CallResult }
  | { readonly type: 'error'; readonly id: number; readonly error: SentError }

/** One end of the line, as the engine sees it. */
export interface EngineSide {
  send(message: FromEngine): void
  onMessage(handler: (message: ToEngine) => void): void
}

/** The other end, as the server sees it. */
export interface ServerSide {
  send(message: ToEngine): void
  onMessage(handler: (message: FromEngine) => void): void
  /** The engine is gone and answers nothing any more. */
  onExit(handler: (reason: string) => void): void
  terminate(): Promise<void>
}
