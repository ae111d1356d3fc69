import type { ChatMessage, ToolDefinition } from './message.js'

export interface RenderOptions {
  /** Ends the text where the assistant's answer begins. */
  readonly addGenerationPrompt?: boolean
  readonly tools?: readonly ToolDefinition[]
  /** Further variables, such as enable_thinking. */
  readonly extra?: Record<string, unknown>
}

/** Turns a conversation into the text that the model was trained on. */
export interface ChatTemplate {
  /** @throws UserError invalid_template when the template refuses the messages or does not end. */
  render(messages: readonly ChatMessage[], options?: RenderOptions): string
  /** The template's text, which tells the dialect of the answers; none where the prompt is made by code. */
  readonly source?: string
  /** The same text in pieces, for families that forbid special tokens in what people write. */
  segments?(messages: readonly ChatMessage[], options?: RenderOptions): PromptSegment[]
}

/** A piece of a prompt that is turned into ids alone. */
export interface PromptSegment {
  readonly text: string
  /** Names of special tokens in it are special tokens; else it is plain text, whatever it looks like. */
  readonly special: boolean
}
