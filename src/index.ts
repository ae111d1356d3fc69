/*
 * kaiyuan, the front door of the library: everything that a program needs to load a model and let it answer, in Node and in
 * pages. What is not exported here, or by the package's other modules (kaiyuan/plan, ...), is nobody's to rely on.
 *
 * Ownership: an Engine holds a model's weights and threads until `close`; a Session holds its part of the cache; a Generation
 * runs whether or not somebody reads it. Failures that a user can mend are UserErrors; anything else is a bug of ours.
 */

// Loading a model
export { loadEngine } from './engine/load.js'
export type { LoadOptions } from './engine/options.js'
export type { KvCache, LoadProgress, OpTimes, Precision } from './backends/backend.js'
export type { BackendName } from './backends/registry.js'
export type { ModelFiles } from './checkpoint/files/files.js'
export type { ByteSource, FileSet } from './checkpoint/files/source.js'

// A loaded model, and conversations with it
export type { EncodeOptions, Engine, EngineInfo, EngineStatus, RestoredSession } from './engine/engine.js'
export type { Session } from './engine/answer/session.js'
export type { ChatMessage, GivenMessage, MessageToolCall, TextPart, ToolDefinition } from './chat/message.js'

// Answers
export { answerMessage } from './chat/answer-message.js'
export type {
  FinishReason,
  Generation,
  GenerationResult,
  Part,
  Piece,
  PromptCount,
  SpeculationCount,
  Timings,
} from './engine/answer/generation.js'
export type { ToolCall } from './chat/dialects/dialect.js'
export type { NamedChoice, NamedToken } from './engine/sample/likelihood.js'

// How answers are made
export type { ChatOptions, GenerateOptions } from './engine/options.js'
export type { Drafter, Speculation } from './engine/answer/drafter.js'
export { compileGrammar, type CompiledGrammar, type CompileOptions } from './grammar/compile.js'
export type { GrammarSpec, JsonStyle, ToolCallsSpec } from './grammar/spec.js'
export type { TokenConstraint } from './engine/sample/adjust.js'

// Agents and typed objects, over an engine of this thread or another
export { agent, type Agent, type AgentOptions, type ChatModel, type RunLimits, type RunOptions } from './agent/agent.js'
export type { AgentRun } from './agent/loop/run.js'
export type { AgentPart, AgentResult, RunEnd, Step, ToolFault, ToolResult, Usage } from './agent/loop/parts.js'
export type { Approval, ApprovalRequest, Approve } from './agent/loop/calls.js'
export { mcpTools } from './agent/mcp/tools.js'
export type { McpClient, McpTool, McpToolsOptions } from './agent/mcp/tools.js'
export { array, type ArrayGeneration, type ArrayOptions, type ArrayResult } from './agent/objects/array.js'
export { choice, type Choice, type ChoiceOptions, type ChoosingModel } from './agent/objects/choice.js'
export { object, type ObjectGeneration, type ObjectResult, type PartialValue } from './agent/objects/object.js'
export type { ObjectOptions, ObjectPrompt, ObjectUsage } from './agent/objects/setup.js'
export { StopRun, tool, type Tool, type ToolContext } from './agent/tool.js'
export {
  jsonSchema,
  type Issue,
  type JsonSchema,
  type Output,
  type Schema,
  type StandardSchema,
} from './agent/schema/schema.js'

// Measures of a model
export type { Pooling } from './engine/measure/embed.js'
export type { LogitRows, PerplexityOptions, PerplexityResult } from './engine/measure/score.js'

// How a model reads and writes text
export type { StreamDecoder, Tokenizer } from './tokenizer/tokenizer.js'
export type { ChatTemplate } from './chat/prompt.js'
export type { AnswerParser, Dialect, ToolSyntax } from './chat/dialects/dialect.js'

// Errors, and what may help
export { UserError } from './errors.js'
export type { ErrorDetail, NamedOption, OptionName, Remedy, UserErrorCode, Wording } from './errors.js'
