/** How the answers of a conversation are made; what is left out is the model's own. */
export interface Settings {
  readonly system?: string | undefined
  readonly temperature?: number | undefined
  readonly topP?: number | undefined
  readonly topK?: number | undefined
  readonly minP?: number | undefined
  readonly repetitionPenalty?: number | undefined
  readonly frequencyPenalty?: number | undefined
  readonly presencePenalty?: number | undefined
  readonly seed?: number | undefined
  readonly maxTokens?: number | undefined
  /** Text of a JSON schema. */
  readonly schema?: string | undefined
  /** Text of a JSON list of tools. */
  readonly tools?: string | undefined
  readonly precision?: 'fast' | 'exact' | undefined
  /** Undefined: as the model does. */
  readonly thinking?: boolean | undefined
}

export interface Conversation {
  readonly id: string
  readonly title: string
  /** Milliseconds since 1970. */
  readonly created: number
  readonly changed: number
  readonly model?: string | undefined
  readonly settings: Settings
  /** Of a message, or of the beginning (''), the version that is shown after it. */
  readonly chosen: Readonly<Record<string, string>>
  /** The last message that is not sent any more: it and those before it were dropped when the context was full. */
  readonly sentAfter?: string | undefined
}

export interface Attachment {
  readonly name: string
  readonly text: string
  readonly tokens?: number | undefined
}

export interface Call {
  readonly id: string
  readonly name: string
  readonly arguments: string
}

/** What an answer was made with, and what it took. */
export interface Recipe {
  readonly settings: Settings
  readonly promptTokens?: number
  readonly cachedTokens?: number
  readonly tokens?: number
  readonly tokensPerSecond?: number
  readonly contextLength?: number
}

export type MessageState = 'done' | 'answering' | 'cut' | 'failed'

export interface Message {
  readonly id: string
  readonly conversation: string
  /** '' for the first. */
  readonly parent: string
  readonly role: 'user' | 'assistant' | 'tool'
  readonly text: string
  readonly created: number
  readonly state: MessageState
  readonly reasoning?: string | undefined
  readonly reasoningSeconds?: number | undefined
  readonly calls?: readonly Call[] | undefined
  /** Of a tool's result: the call. */
  readonly callId?: string | undefined
  readonly files?: readonly Attachment[] | undefined
  readonly model?: string | undefined
  readonly recipe?: Recipe | undefined
  /** Tokens that its prompt wants and those that the context has, where it was not made for want of room. */
  readonly full?: { readonly needed: number; readonly of: number } | undefined
  /** Why it ended before its end. */
  readonly reason?: string | undefined
  /** Changed by the person. */
  readonly edited?: boolean | undefined
  /** Answers to one question that are shown side by side. */
  readonly compare?: string | undefined
}
