import type { ChatMessage, ToolDefinition } from '../../src/chat/message.js'

export interface Conversation {
  readonly messages: readonly ChatMessage[]
  readonly tools?: readonly ToolDefinition[]
  readonly extra?: Record<string, unknown>
  readonly addGenerationPrompt?: boolean
}

export const conversations: Readonly<Record<string, Conversation>>
export const ownTemplates: Readonly<Record<string, string>>
export const oneLiners: readonly string[]
/** JSON, kept as text: JavaScript would read 1.0 as 1. */
export const contextText: string
export function templatesOf(folder: URL): Record<string, string>
