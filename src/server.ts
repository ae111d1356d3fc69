/*
 * kaiyuan/server: models over HTTP, in the APIs of OpenAI, Anthropic and Ollama, from a program of yours. Node only.
 */
export { modelHandler, serveModels } from './server/serve-models.js'
export { UserError } from './errors.js'

export type { HandlerOptions, ModelHandler, ModelServer, ServeOptions } from './server/serve-models.js'
export type { AllowedServer } from './server/mcp/allowed.js'
export type { Log, LogEntry } from './server/http/log.js'
export type { EngineLike } from './remote/engine-like.js'
export type { SentLoadOptions, SentModel } from './remote/protocol.js'
