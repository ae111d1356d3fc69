import { issuesText, jsonSchemaOf, validated, type Issue, type Output, type Schema } from '../schema/schema.js'
import { KeptStream } from '../../kept-stream.js'
import type { ChatMessage } from '../../chat/message.js'
import { attempts } from './object.js'
import type { ChatModel } from '../agent.js'
import { PartialJson } from './partial-json.js'
import { bounded, messagesOf, withDefaults, type ObjectOptions, type ObjectPrompt, type ObjectUsage } from './setup.js'

export interface ArrayOptions extends ObjectOptions {
  readonly minItems?: number | undefined
  /** 100 by default, so that every answer ends. */
  readonly maxItems?: number | undefined
}

export interface ArrayResult<T> {
  readonly items: readonly T[]
  readonly usage: ObjectUsage
}

const MAX_ITEMS = 100

/** Items that are being written: iterate for each when it is whole and checked, await `result` for all. */
export class ArrayGeneration<T> implements AsyncIterable<T> {
  readonly result: Promise<ArrayResult<T>>
  private readonly stream: KeptStream<T, ObjectUsage>

  constructor(run: (sink: (item: T) => void, signal: AbortSignal) => Promise<ObjectUsage>) {
    this.stream = new KeptStream(run)
    this.result = this.stream.result.then((usage) => ({ items: this.stream.items, usage }))
    this.result.catch(() => undefined)
  }

  /**
   * Ends the answer; `result` is rejected then.
   * @example
   * const numbers = array(engine, jsonSchema<number>({ type: 'integer' }), 'Count')
   * numbers.abort()
   * console.log(await numbers.result.catch(() => 'aborted')) // aborted
   */
  abort(): void {
    this.stream.abort()
  }

  [Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    return this.stream.each()
  }
}

/**
 * A list of values of a schema, each of which comes as soon as it is whole and passed the schema's checks. Those that do not pass
 * are asked for again.
 * @throws UserError as {@link object} does
 * @example
 * const numbers = array(engine, jsonSchema<number>({ type: 'integer', minimum: 1, maximum: 9 }), 'Count', { maxItems: 3 })
 * for await (const number of numbers) console.log(number)
 * console.log((await numbers.result).items.every((n) => n >= 1 && n <= 9)) // true
 */
export function array<S extends Schema>(
  model: ChatModel,
  item: S,
  prompt: ObjectPrompt,
  { minItems = 0, maxItems = MAX_ITEMS, ...options }: ArrayOptions = {},
): ArrayGeneration<Output<S>> {
  const { maxLength, describe, style } = withDefaults(options)
  const json = { type: 'array', items: jsonSchemaOf(item, 'item'), minItems, maxItems: Math.max(minItems, maxItems) }
  const messages = messagesOf(prompt, json, describe)
  const grammar = { kind: 'json-schema', schema: bounded(json, maxLength), ...style } as const
  return new ArrayGeneration((sink, signal) => {
    let checks: Promise<Issue[]>[] = []
    let given = 0
    const check = async (value: unknown, index: number, before: Promise<unknown> | undefined): Promise<Issue[]> => {
      const result = await validated(item, value)
      // In the order in which they were written, however long each check takes.
      await before
      if (!result.issues && given++ < json.maxItems) sink(result.value)
      return (result.issues ?? []).map((issue) => ({ ...issue, path: [index, ...(issue.path ?? [])] }))
    }
    return attempts<ObjectUsage>(
      model,
      { messages, grammar, options, signal },
      {
        begin: () => {
          checks = []
          const partial = new PartialJson()
          partial.onItem = (value, index) => checks.push(check(structuredClone(value), index, checks.at(-1)))
          return partial
        },
        news: () => undefined,
        async judge(_, usage) {
          const issues = (await Promise.all(checks)).flat()
          return issues.length === 0 ? { done: usage } : { issues, again: againFor(issues) }
        },
      },
    )
  })
}

/** Asks for the items that did not pass; the others are there. */
function againFor(issues: readonly Issue[]): ChatMessage {
  const indices = [...new Set(issues.map(({ path = [] }) => Number(path[0])))]
  const which = indices.length === 1 ? `item ${indices[0]}` : `items ${indices.join(', ')}`
  return {
    role: 'user',
    content: `${which} of that do not fit: ${issuesText(issues)}. Answer with an array of better ones in their place.`,
  }
}
