/**
 * The parts of the AI SDK's specification that a model of text has to do with, by their shapes, so that nothing of it is needed to
 * be installed: @ai-sdk/provider 4 (v4), 3 (v3) and 2 (v2). What differs for such a model is in v2.ts.
 */

export interface CallOptions {
  readonly prompt: readonly PromptMessage[]
  readonly maxOutputTokens?: number
  readonly temperature?: number
  readonly stopSequences?: readonly string[]
  readonly topP?: number
  readonly topK?: number
  readonly presencePenalty?: number
  readonly frequencyPenalty?: number
  readonly responseFormat?: { readonly type: 'text' } | { readonly type: 'json'; readonly schema?: unknown }
  readonly seed?: number
  readonly tools?: readonly CallTool[]
  readonly toolChoice?:
    { readonly type: 'auto' | 'none' | 'required' } | { readonly type: 'tool'; readonly toolName: string }
  readonly abortSignal?: AbortSignal
  /** Of v4; the SDK gives it to models of v3 too. */
  readonly reasoning?: string
  readonly providerOptions?: Readonly<Record<string, Readonly<Record<string, unknown>>>>
}

export interface PromptMessage {
  readonly role: 'system' | 'user' | 'assistant' | 'tool'
  readonly content: string | readonly PromptPart[]
}

/** A part of a message; which members it has depends on its type. */
export interface PromptPart {
  readonly type: string
  readonly text?: string
  readonly toolCallId?: string
  readonly toolName?: string
  readonly input?: unknown
  readonly output?: ToolOutput
}

export interface ToolOutput {
  readonly type: string
  readonly value?: unknown
  readonly reason?: string
}

/** A function, or a tool of some provider, which has an id in place of a schema. */
export interface CallTool {
  readonly type: string
  readonly name: string
  readonly description?: string
  readonly inputSchema?: unknown
  readonly strict?: boolean
  readonly id?: string
}

export type Warning = { type: 'unsupported'; feature: string; details?: string } | { type: 'other'; message: string }

type JsonValue = null | string | number | boolean | { [key: string]: JsonValue } | JsonValue[]
export type Metadata = Record<string, { [key: string]: JsonValue }>

export type FinishName = 'stop' | 'length' | 'tool-calls' | 'other'

export interface Usage {
  inputTokens: { total: number; noCache: number; cacheRead: number; cacheWrite: undefined }
  outputTokens: { total: number; text: number; reasoning: number }
}

/** As v3 and v4 have it. */
export interface Ending {
  finishReason: { unified: FinishName; raw: string | undefined }
  usage: Usage
  providerMetadata: Metadata
}

export interface CallPart {
  type: 'tool-call'
  toolCallId: string
  toolName: string
  input: string
}

export type Content = { type: 'text' | 'reasoning'; text: string } | CallPart

export type StreamPart<E = Ending, W = Warning> =
  | { type: 'stream-start'; warnings: W[] }
  | { type: 'response-metadata'; modelId: string; timestamp: Date }
  | { type: 'text-start' | 'text-end' | 'reasoning-start' | 'reasoning-end' | 'tool-input-end'; id: string }
  | { type: 'text-delta' | 'reasoning-delta' | 'tool-input-delta'; id: string; delta: string }
  | { type: 'tool-input-start'; id: string; toolName: string }
  | CallPart
  | ({ type: 'finish' } & E)
  | { type: 'error'; error: unknown }

export interface Generated<W = Warning> {
  content: Content[]
  warnings: W[]
  response: { modelId: string; timestamp: Date }
}

/** A model of one version of the specification. */
export interface SdkModel<V extends string, E = Ending, W = Warning> {
  readonly specificationVersion: V
  readonly provider: string
  readonly modelId: string
  readonly supportedUrls: Record<string, RegExp[]>
  doGenerate(options: CallOptions): Promise<Generated<W> & E>
  doStream(options: CallOptions): Promise<{ stream: ReadableStream<StreamPart<E, W>> }>
}

/** What differs in v2: the reason is a word, usage is flat, and warnings have other types. */
export interface EndingV2 {
  finishReason: FinishName
  usage: {
    inputTokens: number
    outputTokens: number
    totalTokens: number
    reasoningTokens: number
    cachedInputTokens: number
  }
  providerMetadata: Metadata
}

export type WarningV2 = { type: 'other'; message: string }

export interface SdkEmbeddingModel<V extends string> {
  readonly specificationVersion: V
  readonly provider: string
  readonly modelId: string
  readonly maxEmbeddingsPerCall: undefined
  readonly supportsParallelCalls: boolean
  doEmbed(options: { readonly values: string[]; readonly abortSignal?: AbortSignal }): Promise<{
    embeddings: number[][]
    usage: { tokens: number }
    warnings: Warning[]
  }>
}
