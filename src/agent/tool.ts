import type { ChatMessage, ToolDefinition } from '../chat/message.js'
import type { ToolCall } from '../remote/engine-like.js'
import { UserError } from '../errors.js'
import { jsonSchemaOf, type Output, type Schema } from './schema/schema.js'

/** What a tool knows of the call that it answers. */
export interface ToolContext {
  /** Fires when the run is aborted, or when the tool takes too long. */
  readonly signal: AbortSignal
  readonly call: ToolCall
  /** 0, 1, ... */
  readonly step: number
  /** The conversation up to the call. */
  readonly messages: readonly ChatMessage[]
  /** Tells those who read the run how far the tool is; the model does not see it. */
  readonly progress: (data: unknown) => void
}

/** A function that a model may call. */
export interface Tool<S extends Schema = Schema, R = unknown> {
  readonly name: string
  readonly description?: string | undefined
  /** Of its arguments: a Standard Schema (zod, arktype, valibot) or JSON Schema of an object. */
  readonly parameters: S
  /**
   * Gets what the schema made of the arguments. Of an iterable, all values but the last are progress. What it throws goes to the
   * model in words, but for {@link StopRun}. Without it the run ends with the call, for whoever reads it to answer.
   */
  execute?(input: Output<S>, context: ToolContext): R | Promise<R> | AsyncIterable<R>
  /** Whether `approve` of the agent is asked before the call; false by default. */
  readonly approval?: boolean | ((input: Output<S>) => boolean | Promise<boolean>) | undefined
  /** Milliseconds; 60,000 by default. */
  readonly timeoutMs?: number | undefined
  /** The same call with the same result may be made this many times, less one; 3 by default, false for tools that poll. */
  readonly repeats?: number | false | undefined
  /** Runs when no other call of its step does: for tools that write. */
  readonly alone?: boolean | undefined
  /** What the model reads of a result; by default a text as it is, and anything else as JSON. */
  toModel?(result: R): string
}

/**
 * Names a tool's types, so that `execute` gets what its schema says.
 * @example
 * const parameters = jsonSchema<{ a: number; b: number }>({
 *   type: 'object',
 *   properties: { a: { type: 'number' }, b: { type: 'number' } },
 *   required: ['a', 'b'],
 * })
 * const add = tool({ name: 'add', description: 'Adds two numbers', parameters, execute: ({ a, b }) => a + b })
 * const { text } = await agent(engine, { tools: [add], maxSteps: 2, maxTokens: 32 }).run('23 + 45').result
 * console.log(typeof text) // string
 */
export function tool<S extends Schema, R>(definition: Tool<S, R>): Tool<S, R> {
  return definition
}

/**
 * Thrown by a tool, it ends the run with its reason.
 * @example
 * const stop = new StopRun('the disk is full')
 * console.log(stop.message) // the disk is full
 */
export class StopRun extends Error {
  override readonly name = 'StopRun'
}

const NAME = /^[A-Za-z_][A-Za-z0-9_.-]{0,127}$/

/**
 * Tools by their names.
 * @throws UserError invalid_argument for names that no model could write, or two that are the same
 */
export function toolsByName(tools: readonly Tool[]): ReadonlyMap<string, Tool> {
  const byName = new Map<string, Tool>()
  tools.forEach((one, i) => {
    if (typeof one.name !== 'string' || !NAME.test(one.name))
      throw new UserError(
        `tools[${i}].name: expected letters, digits, _, . or -, found ${JSON.stringify(one.name)}`,
        'invalid_argument',
      )
    if (byName.has(one.name))
      throw new UserError(`tools[${i}].name: there are two tools called ${one.name}; rename one`, 'invalid_argument')
    byName.set(one.name, one)
  })
  return byName
}

/** What a model is told about a tool. @throws UserError invalid_argument where its schema has no JSON Schema */
export function definitionOf({ name, description, parameters }: Tool): ToolDefinition {
  const schema = jsonSchemaOf(parameters, `tool ${name}`)
  return { type: 'function', function: { name, description, parameters: { type: 'object', ...schema } } }
}
