/** What kaiyuan/worker publishes in Node and in browsers alike, besides what starts the thread. */
export { connectEngine } from './connect.js'
export { hostEngine } from './host.js'
export { portLine } from './port.js'
export { EngineUnavailable } from './unavailable.js'
export { UserError } from '../errors.js'

export type { ConnectedEngine, ConnectOptions } from './connect.js'
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
  RestoredLike,
  SessionLike,
  TokenCoder,
} from './engine-like.js'
export type { Loader } from './host.js'
export type { PortLike } from './port.js'
export type { ClientSide, EngineSide, SentLoadOptions, SentModel } from './protocol.js'
export type { UnavailableReason } from './unavailable.js'
