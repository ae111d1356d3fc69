import type { ModelFiles } from '../checkpoint/files/files.js'
import type { FileSet } from '../checkpoint/files/source.js'
import type { GivenMessage } from '../chat/message.js'
import type { GenerationResult, Piece } from '../engine/answer/generation.js'
import type { EncodeOptions, EngineInfo, EngineStatus } from '../engine/engine.js'
import type { Pooling } from '../engine/measure/embed.js'
import type { PerplexityOptions, PerplexityResult } from '../engine/measure/score.js'
import type { LoadOptions, LoadProgress } from '../engine/options.js'
import type { NamedChoice } from '../engine/sample/likelihood.js'
import type { AnswerOptions, ChatAnswerOptions, ConversationOptions, RestoredLike } from './engine-like.js'
import type { PullProgress } from '../store/store.js'
import type { SentError } from './sent-error.js'
import { UserError } from '../errors.js'

/*
 * What a client and an engine in another thread say to each other: plain values, which a message copies. The client opens the
 * line, asks with a number and may cancel by that number; the engine answers with any number of pieces and then, exactly once,
 * with a result or an error. When an engine is lost, so are its open numbers and its sessions, and nothing else.
 */

/** Both ends must have the same; a change of any message changes it. */
export const PROTOCOL_VERSION = 4

/** Messages of pieces that one call may have on their way. What comes then is sent together when the client has caught up. */
export const WINDOW = 64

/** What a worker can be sent to load: a path or address, or files that a user chose. */
export type SentModel = Exclude<ModelFiles, FileSet>
/** How it is loaded: progress and cancelling are messages. */
export type SentLoadOptions = Omit<LoadOptions, 'onProgress' | 'onDownload' | 'signal' | 'longPrompts'>

/** Cancelling is a message. */
type Sent<O> = Omit<O, 'signal' | 'onProgress'>
/** The number of a session; undefined: a session of the call's own. */
interface InSession {
  readonly session?: number | undefined
}
export interface Progress {
  readonly scored: number
  readonly total: number
}

/** Every kind of call: what it asks, what may come before its end, and what it resolves to. */
export interface Calls {
  chat: {
    ask: InSession & { readonly messages: readonly GivenMessage[]; readonly options: Sent<ChatAnswerOptions> }
    piece: Piece
    result: GenerationResult
  }
  complete: {
    ask: InSession & { readonly prompt: string; readonly options: Sent<AnswerOptions> }
    piece: Piece
    result: GenerationResult
  }
  generate: {
    ask: InSession & { readonly ids: readonly number[]; readonly options: Sent<AnswerOptions> }
    piece: Piece
    result: GenerationResult
  }
  encode: { ask: { readonly text: string; readonly options: EncodeOptions }; piece: never; result: Int32Array }
  encodeChat: {
    ask: { readonly messages: readonly GivenMessage[]; readonly options: ConversationOptions }
    piece: never
    result: Int32Array
  }
  decode: { ask: { readonly ids: readonly number[] }; piece: never; result: string }
  tokenTexts: { ask: { readonly ids: readonly number[] }; piece: never; result: string[] }
  likelihoods: {
    ask: {
      readonly ids: readonly number[]
      readonly top: number
      readonly cacheSalt?: string | undefined
      readonly from?: number | undefined
    }
    piece: never
    result: NamedChoice[]
  }
  perplexity: {
    ask: { readonly ids: readonly number[]; readonly options: Sent<PerplexityOptions> }
    piece: Progress
    result: PerplexityResult
  }
  embed: {
    ask: { readonly ids: readonly number[]; readonly pooling: Pooling; readonly cacheSalt?: string | undefined }
    piece: never
    result: Float32Array
  }
  status: { ask: object; piece: never; result: EngineStatus }
  save: { ask: { readonly session: number }; piece: never; result: Uint8Array }
  /** What is restored has the given number from then on. */
  restore: {
    ask: { readonly session: number; readonly saved: Uint8Array }
    piece: never
    result: Omit<RestoredLike, 'session'>
  }
  endSession: { ask: { readonly session: number }; piece: never; result: undefined }
}
export type CallKind = keyof Calls
export type Ask<K extends CallKind = CallKind> = { [k in K]: { readonly kind: k } & Calls[k]['ask'] }[K]

export type ToEngine =
  /** The first message. Without a model the engine is loaded already. */
  | { readonly type: 'open'; readonly version: number; readonly model?: SentModel; readonly options?: SentLoadOptions }
  | { readonly type: 'call'; readonly id: number; readonly ask: Ask }
  | { readonly type: 'cancel'; readonly id: number }
  /** A message of pieces was taken in. */
  | { readonly type: 'received'; readonly id: number }
  /** `pong` answers it, whatever else runs. */
  | { readonly type: 'ping' }
  /** Cancels what runs and ends the line; `closed` answers it. */
  | { readonly type: 'close' }

export type FromEngine =
  | { readonly type: 'progress'; readonly progress: LoadProgress }
  | { readonly type: 'download'; readonly progress: PullProgress }
  | { readonly type: 'loaded'; readonly info: EngineInfo }
  | { readonly type: 'not-loaded'; readonly error: SentError }
  | { readonly type: 'pieces'; readonly id: number; readonly pieces: readonly Calls[CallKind]['piece'][] }
  | { readonly type: 'result'; readonly id: number; readonly result: Calls[CallKind]['result'] }
  | { readonly type: 'error'; readonly id: number; readonly error: SentError }
  | { readonly type: 'pong' }
  /** The engine cannot compute any more; it has to be loaded again. */
  | { readonly type: 'failed'; readonly reason: string }
  | { readonly type: 'closed' }

/** One end of the line, as the engine sees it. */
export interface EngineSide {
  send(message: FromEngine): void
  onMessage(handler: (message: ToEngine) => void): void
}

/** The other end, as the client sees it. */
export interface ClientSide {
  send(message: ToEngine): void
  onMessage(handler: (message: FromEngine) => void): void
  /** The engine is gone and answers nothing any more. */
  onExit(handler: (reason: string) => void): void
  /** Ends the thread of the engine, if it has one of its own, and the line. */
  terminate(): Promise<void>
}

/** @throws UserError unsupported_platform when the ends of a line are of different versions. */
export function checkVersion(version: number): void {
  if (version === PROTOCOL_VERSION) return
  const found = `the engine speaks version ${PROTOCOL_VERSION} of the protocol and the client version ${version}`
  throw new UserError(`${found}; use one version of kaiyuan on both ends`, 'unsupported_platform')
}
