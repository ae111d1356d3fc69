/** One message of a conversation, in OpenAI's shape. */
export interface ChatMessage {
  readonly role: 'system' | 'developer' | 'user' | 'assistant' | 'tool'
  /** Null where an assistant only called tools. */
  readonly content: string | null
  /** What the assistant thought. */
  readonly reasoning_content?: string | undefined
  /** What the assistant called. */
  readonly tool_calls?: readonly MessageToolCall[] | undefined
  /** Of a tool's message: the call that it answers. */
  readonly tool_call_id?: string | undefined
  /** Of a tool's message: the tool. */
  readonly name?: string | undefined
}

/** A part of a message's text, as OpenAI's clients send it. */
export interface TextPart {
  readonly type: 'text'
  readonly text: string
}

/** A message as callers may give it: its text whole or in parts. */
export type GivenMessage = Omit<ChatMessage, 'content'> & {
  readonly content?: string | null | readonly TextPart[] | undefined
}

export interface MessageToolCall {
  readonly id?: string | undefined
  readonly type?: 'function' | undefined
  /** arguments: JSON text of an object. */
  readonly function: { readonly name: string; readonly arguments: string }
}

/** A function that the model may call, in OpenAI's shape. */
export interface ToolDefinition {
  readonly type: 'function'
  readonly function: {
    readonly name: string
    readonly description?: string | undefined
    /** A JSON schema of type object. */
    readonly parameters?: Readonly<Record<string, unknown>> | undefined
    readonly strict?: boolean | null | undefined
  }
  /** Of a tool whose one argument is a text, `input`: what the text looks like. Held where calls are. */
  readonly input?: { readonly kind: 'lark' | 'regex'; readonly text: string } | undefined
}
