/*
 * kaiyuan/worker: an engine in a thread of its own, and the line to it. In Node; bundlers for browsers take worker-web.ts.
 */
export { startEngineWorker, type EngineWorkerOptions } from './remote/node.js'
export { connectEngine } from './remote/connect.js'
export { hostEngine } from './remote/host.js'
export { portLine } from './remote/port.js'
export { EngineUnavailable } from './remote/unavailable.js'
export { UserError } from './errors.js'

export type { ConnectedEngine, ConnectOptions } from './remote/connect.js'
export type {
  Answering,
  AnswerOptions,
  Awaitable,
  ChatAnswerOptions,
  ConversationOptions,
  EngineInfo,
  EngineLike,
  EngineStatus,
  EncodeOptions,
  Generation,
  GenerationResult,
  NamedChoice,
  NamedToken,
  Piece,
  Pooling,
  PerplexityOptions,
  PerplexityResult,
  PromptCount,
  TokenCoder,
} from './remote/engine-like.js'
export type { Loader } from './remote/host.js'
export type { PortLike } from './remote/port.js'
export type { ClientSide, EngineSide, SentLoadOptions, SentModel } from './remote/protocol.js'
export type { UnavailableReason } from './remote/unavailable.js'
