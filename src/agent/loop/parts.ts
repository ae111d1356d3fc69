import type { ChatMessage } from '../../chat/message.js'
import type { GenerationResult, PromptCount, Timings, ToolCall } from '../../remote/engine-like.js'

/** Why a call has no result of its tool. */
export type ToolFault = 'unknown-tool' | 'arguments' | 'denied' | 'failed' | 'timeout' | 'repeated' | 'aborted'

/** What came of a call: the text that the model reads, and what the tool gave. */
export interface ToolResult {
  readonly call: ToolCall
  readonly text: string
  readonly output?: unknown
  readonly fault?: ToolFault | undefined
  /** Characters that the model does not get to see, since the text was too long. */
  readonly leftOut?: number | undefined
}

/** A piece of a run, as it happens. Texts and calls of a step come in the order in which the model wrote them. */
export type AgentPart = { readonly step: number } & (
  | { readonly kind: 'text' | 'reasoning'; readonly text: string }
  /** Arguments as they are written. */
  | { readonly kind: 'tool-input'; readonly id: string; readonly name: string; readonly text: string }
  /** Before the tool runs; input: what its schema made of the arguments. */
  | { readonly kind: 'tool-call'; readonly call: ToolCall; readonly input: unknown }
  /** Somebody is asked whether the call may be made. */
  | { readonly kind: 'tool-approval'; readonly call: ToolCall; readonly input: unknown }
  | { readonly kind: 'tool-progress'; readonly call: ToolCall; readonly data: unknown }
  | ({ readonly kind: 'tool-result' } & ToolResult)
  /** The model's part of a step is over: what it cost. */
  | ({ readonly kind: 'step'; readonly timings: Timings } & PromptCount)
)

/** One answer of the model, and the results of what it called. */
export interface Step extends Omit<GenerationResult, 'ids'> {
  readonly index: number
  /** Tokens of the answer. */
  readonly tokens: number
  readonly results: readonly ToolResult[]
}

/** Tokens of all steps together. */
export interface Usage extends PromptCount {
  readonly tokens: number
}

/**
 * answer: the model was done. tool-calls: a call is of a tool without `execute`. length: the answer was cut off. limit: a limit of
 * the agent was reached. invalid-output: no answer fitted the schema.
 */
export type RunEnd =
  | ('answer' | 'max-steps' | 'stop-when' | 'stopped' | 'repeated-calls' | 'limit' | 'length' | 'tool-calls')
  | ('abort' | 'invalid-output')

export interface AgentResult<T = undefined> {
  readonly finishReason: RunEnd
  /** In words, where it is not the answer. */
  readonly reason?: string | undefined
  /** Of the last step. */
  readonly text: string
  /** The answer as `output` has it; undefined where the run did not come to it. */
  readonly object: T | undefined
  readonly steps: readonly Step[]
  /** The whole conversation; given back to `run`, it continues. */
  readonly messages: readonly ChatMessage[]
  readonly usage: Usage
}
