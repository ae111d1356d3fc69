import type { ChatMessage, ToolDefinition } from '../../chat/message.js'
import type { AnswerOptions, ChatAnswerOptions, Generation } from '../../remote/engine-like.js'
import type { Schema } from '../schema/schema.js'
import type { Tool } from '../tool.js'
import type { Approve } from './calls.js'
import type { Step } from './parts.js'

/** What is the same for all runs of an agent. */
export interface RunSetup {
  readonly model: ChattingModel
  readonly generate: Omit<AnswerOptions, 'grammar' | 'signal'> & Pick<ChatAnswerOptions, 'templateOptions'>
  readonly system: string | undefined
  readonly tools: ReadonlyMap<string, Tool>
  readonly definitions: readonly ToolDefinition[]
  readonly output: Schema | undefined
  readonly outputSchema: Record<string, unknown> | undefined
  readonly maxSteps: number
  readonly answerAtEnd: boolean
  readonly stopWhen: ((steps: readonly Step[]) => boolean | Promise<boolean>) | undefined
  readonly approve: Approve | undefined
  readonly onStep: ((step: Step) => void) | undefined
  readonly strict: boolean
  readonly limits: {
    readonly toolText: number
    readonly parallelTools: number
    readonly tokens?: number
    readonly milliseconds?: number
  }
}

interface Chatting {
  chat(messages: readonly ChatMessage[], options?: ChatAnswerOptions): Generation
}

interface ChattingModel extends Chatting {
  session?(): Chatting & { close(): Promise<void> }
}
