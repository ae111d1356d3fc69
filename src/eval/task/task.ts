import type { JsonObject } from '../../json.js'
import type { DataFile } from '../data/data-file.js'
import type { SandboxLanguage } from '../sandbox/sandbox.js'
import type { SandboxLimits, Verdict } from '../sandbox/verdict.js'

/** likelihood: which of several texts the model finds likeliest. generation: what it writes. They are never compared. */
export type TaskClass = 'likelihood' | 'generation'

/** A message of a conversation that a task sends. */
export interface TaskMessage {
  readonly role: 'system' | 'user' | 'assistant'
  readonly content: string
}

/** A tool that a task offers, as chat APIs take it. */
export interface TaskTool {
  readonly type: 'function'
  readonly function: { readonly name: string; readonly description?: string; readonly parameters: JsonObject }
}

/** One question of a task. */
export interface Item {
  /** As its source has it. */
  readonly doc: JsonObject
  /** Before all else, where the task has such a line. */
  readonly description?: string | undefined
  readonly text: string
  /** The right answer, as examples show it; of a task without examples, what its results show. */
  readonly answer: string
  /** Of a likelihood task: the answers to choose from, and which is right. */
  readonly choices?: readonly string[] | undefined
  readonly gold?: number | undefined
  /** The beginning of the answer, which the prompt gives. */
  readonly prefix?: string | undefined
  /** Documents that belong together: a subject, a passage. Their scores may depend on each other. */
  readonly group?: string | undefined
  /** A conversation in place of {@link text}. */
  readonly messages?: readonly TaskMessage[] | undefined
  readonly tools?: readonly TaskTool[] | undefined
  /** The day on which it was published: 2025-01-31. */
  readonly date?: string | undefined
  /** What a score needs, and neither prompts nor records show. */
  readonly hidden?: JsonObject | undefined
}

/** A tool call of an answer; arguments that are no JSON stay text. */
export interface AnsweredCall {
  readonly name: string
  readonly arguments: JsonObject | string
}

/** What a model wrote. */
export interface WrittenAnswer {
  readonly text: string
  readonly calls: readonly AnsweredCall[]
  /** It ended because the limit of tokens was reached. */
  readonly isCut: boolean
}

/** Scores by the names of their metrics: yes and no are 1 and 0. */
export type Scores = Readonly<Record<string, number>>

/** What an answer is worth, and what was read out of it by each metric. */
export interface Grade {
  readonly scores: Scores
  /** What was compared with the right answer; the same for all metrics under the name of none. */
  readonly extracted: readonly string[]
  /** Nothing could be read out of the answer. */
  readonly isInvalid: boolean
}

/** How answers are written. */
export interface Writing {
  /** Texts that end an answer and are no part of it. */
  readonly stop: readonly string[]
  readonly maxTokens: number
}

/** What runs code that a model wrote. Never throws for what the program does. */
export interface CodeRunner {
  run(program: string): Promise<Verdict>
}

/** What a score may need. */
export interface ScoreTools {
  readonly runner?: CodeRunner | undefined
}

/** What tasks need that make their documents, by a seed: prompts of a length in tokens. */
export interface ReadTools {
  readonly countTokens: (text: string) => Promise<number>
  /** No more documents are asked for. */
  readonly limit?: number | undefined
}

/** Files by their names. */
export type TaskFiles = ReadonlyMap<string, Uint8Array>

/** What a task's files hold. */
export interface TaskData {
  /** The documents in their order. */
  readonly items: readonly Item[]
  /** How many there would be, where no more were made than are asked for. */
  readonly total?: number | undefined
  /** What examples of a document are taken from. */
  examples?(item: Item): readonly Item[]
}

/** A benchmark: where its documents come from, how they are asked, and what answers are worth. */
export interface Task {
  readonly name: string
  /** In a line: what it asks. */
  readonly title: string
  /** Of lm-evaluation-harness where it has the task; scores of different versions are not compared. */
  readonly version: string
  readonly class: TaskClass
  readonly license: string
  readonly files: readonly DataFile[]
  /** Metrics by name; the first is the one that is usually named. */
  readonly metrics: readonly string[]
  /** Examples in the prompt where nobody asks for another number. */
  readonly shots: number
  /** What stands between a question and its answer; a space by default. */
  readonly delimiter?: string | undefined
  readonly writing?: Writing | undefined
  /** The share that guessing gets right. */
  readonly chance?: number | undefined
  /** The texts may not be published: they stay out of records and reports. */
  readonly isPrivate?: boolean | undefined
  /** It runs code of this language that the model wrote. */
  readonly code?: SandboxLanguage | undefined
  /** In place of the sandbox' own, for one program. */
  readonly codeLimits?: SandboxLimits | undefined
  /** How examples are taken: in order, or drawn as the reference does. Absent where there are none. */
  readonly take?: 'first' | 'random' | undefined
  read(files: TaskFiles, tools?: ReadTools): TaskData | Promise<TaskData>
  /** Of a generation task. */
  score?(item: Item, answer: WrittenAnswer, tools: ScoreTools): Grade | Promise<Grade>
  /** Metrics that are no mean of the documents' scores. */
  readonly aggregate?: ((scores: readonly Scores[]) => Scores) | undefined
}
