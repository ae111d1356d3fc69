import type { Likelihood } from '../score/likelihood.js'
import type { TaskMessage, TaskTool, WrittenAnswer, Writing } from '../task/task.js'

/** What decides about a model's answers, as far as it can be known. */
export interface SubjectIdentity {
  readonly model: string
  /** exact, fast, or what a server does not say. */
  readonly precision: string
  /** Weights as they are in memory: fewer bits than published, another cache. */
  readonly settings: Readonly<Record<string, string | number>>
  /** sha256 of the chat template; none where no conversation is rendered here. */
  readonly template: string
  readonly engine: string
}

export interface ScoredChoices {
  readonly likelihoods: readonly Likelihood[]
  /** The beginning of the text did not fit into the context and was left out. */
  readonly isTruncated: boolean
}

/** A text or a conversation to go on with. */
export interface WritingRequest {
  readonly context: string
  /** In place of the text. */
  readonly messages?: readonly TaskMessage[] | undefined
  /** The last message is the beginning of the answer. */
  readonly continues?: boolean | undefined
  readonly tools?: readonly TaskTool[] | undefined
  readonly writing: Writing
  readonly sampling: AnswerSampling
}

/** How tokens are drawn; temperature 0 takes the likeliest. */
export interface AnswerSampling {
  readonly temperature: number
  readonly topP: number
  readonly seed: number
}

export interface Written extends WrittenAnswer {
  readonly promptTokens: number
  readonly tokens: number
  readonly isTruncated: boolean
}

/** Something that answers a task's questions: an engine, or a server. */
export interface Subject {
  readonly identity: SubjectIdentity
  /** Requests at once that keep it busy. */
  readonly concurrency: number
  /** How many tokens a text has, as far as it can be told. */
  countTokens(text: string): Promise<number>
  likelihoods(context: string, continuations: readonly string[], signal?: AbortSignal): Promise<ScoredChoices>
  write(request: WritingRequest, signal?: AbortSignal): Promise<Written>
}
