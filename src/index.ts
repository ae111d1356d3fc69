export { loadEngine } from './engine/load.js'
export { UserError } from './errors.js'

export type { LoadProgress, Precision } from './backends/backend.js'
export type { AnswerParser, Dialect, ToolCall, ToolSyntax } from './chat/dialects/dialect.js'
export type { ChatMessage, MessageToolCall, ToolDefinition } from './chat/message.js'
export type { ChatTemplate } from './chat/prompt.js'
export type { ModelFiles } from './checkpoint/files/files.js'
export type { ByteSource, FileSet } from './checkpoint/files/source.js'
export type { Engine, EngineInfo } from './engine/engine.js'
export type { Drafter, Speculation } from './engine/answer/drafter.js'
export type {
  FinishReason,
  Generation,
  GenerationResult,
  Part,
  SpeculationCount,
  Timings,
} from './engine/answer/generation.js'
export type { ChatOptions, GenerateOptions, LoadOptions } from './engine/options.js'
export type { LogitRows, PerplexityOptions, PerplexityResult } from './engine/measure/score.js'
export type { GrammarSpec } from './grammar/constraint.js'
export type { Session } from './engine/answer/session.js'
export type { UserErrorCode } from './errors.js'
export type { StreamDecoder, Tokenizer } from './tokenizer/tokenizer.js'
