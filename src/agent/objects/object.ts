import { answerMessage } from '../../chat/answer-message.js'
import { KeptStream } from '../../kept-stream.js'
import type { ChatMessage } from '../../chat/message.js'
import type { ChatAnswerOptions, Generation, GenerationResult } from '../../remote/engine-like.js'
import { UserError } from '../../errors.js'
import { jsonSchemaOf, parsedJson, validated, type Issue, type Output, type Schema } from '../schema/schema.js'
import { PartialJson } from './partial-json.js'
import {
  againMessage,
  bounded,
  cutOff,
  messagesOf,
  noObject,
  withDefaults,
  type ObjectOptions,
  type ObjectPrompt,
  type ObjectUsage,
} from './setup.js'

/** What is there of a value while it is written. */
export type PartialValue<T> = T extends readonly (infer Item)[]
  ? readonly PartialValue<Item>[]
  : T extends object
    ? { readonly [K in keyof T]?: PartialValue<T[K]> }
    : T

export interface ObjectResult<T> {
  readonly object: T
  /** The JSON as the model wrote it. */
  readonly text: string
  /** What was wrong with the answers before. */
  readonly issues: readonly (readonly Issue[])[]
  readonly usage: ObjectUsage
}

interface Model {
  chat(messages: readonly ChatMessage[], options?: ChatAnswerOptions): Generation
  session?(): { chat: Model['chat']; close(): Promise<void> }
}

/** A value that is being written: iterate for what is there of it, await `result` for the whole. Leaving the loop early ends it. */
export class ObjectGeneration<T> implements AsyncIterable<PartialValue<T>> {
  readonly result: Promise<ObjectResult<T>>
  private readonly stream: KeptStream<PartialJson, ObjectResult<T>>

  constructor(run: (sink: (partial: PartialJson) => void, signal: AbortSignal) => Promise<ObjectResult<T>>) {
    this.stream = new KeptStream(run)
    this.result = this.stream.result
  }

  /**
   * Ends the answer; `result` is rejected then.
   * @example
   * const generation = object(engine, jsonSchema({ type: 'array', items: { type: 'integer' } }), 'Count')
   * generation.abort()
   * console.log(await generation.result.catch(() => 'aborted')) // aborted
   */
  abort(): void {
    this.stream.abort()
  }

  /** The newest value each time that somebody asks; those between are left out. */
  async *[Symbol.asyncIterator](): AsyncGenerator<PartialValue<T>, void, undefined> {
    for await (const { value } of this.stream.newest()) if (value !== undefined) yield value as PartialValue<T>
  }
}

/**
 * A value of a schema. What JSON Schema can say is enforced while the model writes; what the schema checks beyond that is checked
 * afterwards, and the model is told and answers again.
 * @throws UserError invalid_argument for types that JSON has not, with their place; by `result` invalid_grammar for what cannot be
 *   enforced, invalid_answer where no answer passed or it was cut off, aborted
 * @example
 * const person = jsonSchema<{ name: string; age: number }>({
 *   type: 'object',
 *   properties: { name: { type: 'string', maxLength: 10 }, age: { type: 'integer', minimum: 0, maximum: 120 } },
 *   required: ['name', 'age'],
 * })
 * const generation = object(engine, person, 'Invent somebody', { maxTokens: 200 })
 * for await (const partial of generation) console.log(partial.name)
 * const { age } = (await generation.result).object
 * console.log(Number.isInteger(age)) // true
 */
export function object<S extends Schema>(
  model: Model,
  schema: S,
  prompt: ObjectPrompt,
  options: ObjectOptions = {},
): ObjectGeneration<Output<S>> {
  const json = jsonSchemaOf(schema, 'schema')
  const { describe, maxLength, style } = withDefaults(options)
  const messages = messagesOf(prompt, json, describe)
  const grammar = { kind: 'json-schema', schema: bounded(json, maxLength), ...style } as const
  return new ObjectGeneration((sink, signal) =>
    attempts<ObjectResult<Output<S>>>(
      model,
      { messages, grammar, options, signal },
      {
        begin: () => new PartialJson(),
        news: sink,
        async judge({ text }, usage, issues) {
          const parsed = parsedJson(text)
          const result = parsed ? await validated(schema, parsed.value) : { issues: [{ message: 'it is no JSON' }] }
          if (result.issues) return { issues: result.issues }
          return { done: { object: result.value, text, issues, usage } }
        },
      },
    ),
  )
}

/** What one answer is judged by. */
export interface Judge<R> {
  begin(): PartialJson
  news(partial: PartialJson): void
  /** done: the result; else why it is none. */
  judge(
    answer: GenerationResult,
    usage: ObjectUsage,
    issues: readonly (readonly Issue[])[],
  ): Promise<
    | { readonly done: R; readonly issues?: undefined }
    | { readonly issues: readonly Issue[]; readonly again?: ChatMessage }
  >
}

export interface AttemptSetup {
  readonly messages: ChatMessage[]
  readonly grammar: NonNullable<ChatAnswerOptions['grammar']>
  readonly options: ObjectOptions
  readonly signal: AbortSignal
}

/** Answers until one passes; each is told what was wrong with the one before. */
export async function attempts<R>(model: Model, setup: AttemptSetup, judge: Judge<R>): Promise<R> {
  const { retries, generate } = withDefaults(setup.options)
  const signal = generate.signal ? AbortSignal.any([generate.signal, setup.signal]) : setup.signal
  const { messages, grammar } = setup
  const usage = { promptTokens: 0, cachedTokens: 0, tokens: 0, attempts: 0 }
  const issues: (readonly Issue[])[] = []
  const session = retries > 0 ? model.session?.() : undefined
  try {
    for (;;) {
      const partial = judge.begin()
      const seed = generate.seed === undefined ? undefined : generate.seed + usage.attempts
      const generation = (session ?? model).chat(messages, { ...generate, seed, grammar, signal, mustAnswer: true })
      for await (const part of generation) {
        if (part.kind !== 'text') continue
        partial.push(part.text)
        judge.news(partial)
      }
      const answer = await generation.result
      usage.promptTokens += answer.promptTokens
      usage.cachedTokens += answer.cachedTokens
      usage.tokens += answer.ids.length
      usage.attempts++
      if (answer.finishReason === 'abort') throw new UserError('the answer was aborted', 'aborted')
      if (answer.finishReason === 'length') throw cutOff(answer.ids.length)
      const verdict = await judge.judge(answer, usage, issues)
      if (!verdict.issues) return verdict.done
      issues.push(verdict.issues)
      if (usage.attempts > retries) throw noObject(verdict.issues, usage.attempts, answer.text)
      messages.push(answerMessage(answer), verdict.again ?? againMessage(verdict.issues))
    }
  } finally {
    await session?.close()
  }
}
