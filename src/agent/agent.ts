/**
 * A model that calls tools until it is done. It needs of a model what {@link ChatModel} says, so that it works with an engine in
 * this thread, in a worker, and over a line; the tools run here.
 */
import type { ChatMessage, GivenMessage } from '../chat/message.js'
import type { AnswerOptions, ChatAnswerOptions, Generation } from '../remote/engine-like.js'
import { UserError } from '../errors.js'
import type { Approve } from './loop/calls.js'
import type { Step } from './loop/parts.js'
import { AgentRun } from './loop/run.js'
import type { RunSetup } from './loop/setup.js'
import type { Output, Schema } from './schema/schema.js'
import { jsonSchemaOf } from './schema/schema.js'
import { definitionOf, toolsByName, type Tool } from './tool.js'

/** What answers: an `Engine`, an engine behind a worker or a line, or a session of one. */
export interface ChatModel {
  chat(messages: readonly GivenMessage[], options?: ChatAnswerOptions): Generation
  /** Keeps what a run has computed from step to step. */
  session?(): { chat: ChatModel['chat']; close(): Promise<void> }
}

/** What may be spent on one run. */
export interface RunLimits {
  /** Tokens of all answers together; no limit by default. */
  readonly tokens?: number | undefined
  /** Milliseconds; no limit by default. */
  readonly milliseconds?: number | undefined
  /** Characters of a tool's result that the model reads: 8,000 by default. */
  readonly toolText?: number | undefined
  /** Tools that run side by side: 4 by default. */
  readonly parallelTools?: number | undefined
}

export interface AgentOptions<O extends Schema | undefined = undefined>
  extends Omit<AnswerOptions, 'grammar' | 'signal' | 'mustAnswer'>, Pick<ChatAnswerOptions, 'templateOptions'> {
  readonly system?: string | undefined
  readonly tools?: readonly Tool[] | undefined
  /** The last answer is JSON of this schema, enforced, checked, and given as `object` of the result. */
  readonly output?: O | undefined
  /** Answers of the model in one run: 20 by default. */
  readonly maxSteps?: number | undefined
  /** answer (default): before the last step the model is told that it has to answer. */
  readonly atMaxSteps?: 'answer' | 'stop' | undefined
  /** Asked after each step; true ends the run. */
  readonly stopWhen?: ((steps: readonly Step[]) => boolean | Promise<boolean>) | undefined
  /** Whether a call may be made of a tool that needs approval; without it such calls are denied. */
  readonly approve?: Approve | undefined
  readonly onStep?: ((step: Step) => void) | undefined
  /**
   * Hold calls to the schemas of their tools while they are written. False by default: arguments are checked before the tool runs,
   * and calls in another format than the model's own are read too, which small models write.
   */
  readonly strict?: boolean | undefined
  readonly limits?: RunLimits | undefined
}

export interface RunOptions {
  /** Ends the model and the tools; the result then has what came so far. */
  readonly signal?: AbortSignal | undefined
  /** An earlier conversation, as a result has it, that continues. */
  readonly messages?: readonly ChatMessage[] | undefined
}

/** What the answer is, where it has a type. */
export type ObjectOf<O extends Schema | undefined> = O extends Schema ? Output<O> : undefined

export interface Agent<T = undefined> {
  /** Starts at once; it runs whether or not it is read. */
  run(input: string | readonly ChatMessage[], options?: RunOptions): AgentRun<T>
}

const MAX_STEPS = 20
const TOOL_TEXT = 8_000
const PARALLEL_TOOLS = 4

/**
 * An agent: a model, its tools, and when it has to stop.
 * @throws UserError invalid_argument for tools or schemas that cannot be used
 * @example
 * const run = agent(engine, { system: 'Be short.', maxTokens: 32 }).run("How many r's are in strawberry?")
 * for await (const text of run.texts()) process.stdout.write(text)
 * const { finishReason, steps } = await run.result
 * console.log(steps.length) // 1
 */
export function agent<O extends Schema | undefined = undefined>(
  model: ChatModel,
  options: AgentOptions<O> = {},
): Agent<ObjectOf<O>> {
  const { system, tools = [], output, maxSteps = MAX_STEPS, atMaxSteps = 'answer', limits = {}, ...rest } = options
  const { stopWhen, approve, onStep, strict = false, ...generate } = rest
  checkCount('maxSteps', maxSteps)
  for (const [name, value] of Object.entries(limits))
    if (value !== undefined) checkCount(`limits.${name}`, value as number)
  const setup: RunSetup = {
    model,
    generate,
    system,
    tools: toolsByName(tools),
    definitions: tools.map(definitionOf),
    output,
    outputSchema: output && jsonSchemaOf(output, 'output'),
    maxSteps,
    answerAtEnd: atMaxSteps === 'answer',
    stopWhen,
    approve,
    onStep,
    strict,
    limits: { toolText: TOOL_TEXT, parallelTools: PARALLEL_TOOLS, ...definedOf(limits) },
  }
  return { run: (input, runOptions = {}) => new AgentRun<ObjectOf<O>>(setup, messagesOf(input), runOptions) }
}

function messagesOf(input: string | readonly ChatMessage[]): readonly ChatMessage[] {
  if (typeof input === 'string') return [{ role: 'user', content: input }]
  if (Array.isArray(input)) return input as readonly ChatMessage[]
  throw new UserError(`run: expected a text or messages; found ${typeof input}`, 'invalid_argument')
}

function checkCount(name: string, value: number): void {
  if (Number.isSafeInteger(value) && value >= 1) return
  throw new UserError(`${name}: expected a whole number of at least 1; found ${String(value)}`, 'invalid_argument')
}

function definedOf<T extends object>(values: T): { [K in keyof T]?: NonNullable<T[K]> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: NonNullable<T[K]>
  }
}
