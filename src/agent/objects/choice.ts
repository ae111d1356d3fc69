import type { EngineLike } from '../../remote/engine-like.js'
import type { ChatMessage } from '../../chat/message.js'
import { UserError } from '../../errors.js'
import type { ObjectPrompt } from './setup.js'

/** What is asked of an engine to choose. */
export type ChoosingModel = Pick<EngineLike, 'encode' | 'encodeChat' | 'session' | 'info'>

export interface ChoiceOptions {
  /** Template variables; `enable_thinking: false` for models that would think first. */
  readonly templateOptions?: Record<string, unknown> | undefined
  readonly signal?: AbortSignal | undefined
}

export interface Choice<V> {
  /** The most likely one. */
  readonly value: V
  /** Of each value, how likely it is of all of them; they add up to 1. */
  readonly probabilities: ReadonlyMap<V, number>
}

/** Tokens whose likelihoods are asked for at each place. */
const TOP = 1000

/** Texts in tokens that begin with the same ones, as a tree. */
interface Branch<V> {
  readonly children: Map<number, Branch<V>>
  value?: V
}

/**
 * One of several values, with how likely each is: nothing is generated, the model is asked where their tokens part.
 * @throws UserError invalid_argument for less than two values, or two that are written the same
 * @example
 * const { value, probabilities } = await choice(engine, ['yes', 'no'], 'Is 9.9 larger than 9.11?')
 * console.log(value === 'yes' || value === 'no', probabilities.size) // true 2
 */
export async function choice<const V extends string | number | boolean>(
  model: ChoosingModel,
  values: readonly V[],
  prompt: ObjectPrompt,
  { templateOptions, signal }: ChoiceOptions = {},
): Promise<Choice<V>> {
  const texts = new Set(values.map(String))
  if (texts.size < 2 || texts.size < values.length || texts.has(''))
    throw new UserError(`values: expected two or more that differ; found ${JSON.stringify(values)}`, 'invalid_argument')
  const messages: readonly ChatMessage[] = typeof prompt === 'string' ? [{ role: 'user', content: prompt }] : prompt
  const ids = await model.encodeChat(messages, { templateOptions })
  const root: Branch<V> = { children: new Map() }
  for (const value of values)
    insert(root, await model.encode(String(value), { addSpecial: false, parseSpecial: false }), value)
  const session = model.session()
  const logs = new Map<V, number>()
  const visit = async (branch: Branch<V>, path: readonly number[], log: number): Promise<void> => {
    const ways = branch.children.size + ('value' in branch ? 1 : 0)
    // Where only one thing can come, nothing is decided.
    const likely = ways > 1 ? await next(path) : undefined
    if ('value' in branch) logs.set(branch.value, log + (likely?.(model.info.stopIds) ?? 0))
    for (const [id, child] of branch.children) await visit(child, [...path, id], log + (likely?.([id]) ?? 0))
  }
  /** Logarithms of how likely any of some tokens is after `path`. */
  const next = async (path: readonly number[]): Promise<(of: readonly number[]) => number> => {
    const options = { maxTokens: 1, temperature: 0, logprobs: TOP, ignoreEos: true, signal }
    const generation = session.generate([...ids, ...path], options)
    const { finishReason } = await generation.result
    if (finishReason === 'abort') throw new UserError('the choice was aborted', 'aborted')
    const top = generation.choices[0]?.top ?? []
    const least = top.at(-1)?.logprob ?? 0
    return (of) => {
      const found = top.filter(({ id }) => of.includes(id)).map(({ logprob }) => Math.exp(logprob))
      return found.length > 0 ? Math.log(found.reduce((sum, p) => sum + p, 0)) : least
    }
  }
  try {
    await visit(root, [], 0)
  } finally {
    await session.close()
  }
  return chosen(values, logs)
}

function insert<V>(root: Branch<V>, ids: readonly number[], value: V): void {
  let branch = root
  for (const id of ids) {
    let child = branch.children.get(id)
    if (!child) branch.children.set(id, (child = { children: new Map() }))
    branch = child
  }
  branch.value = value
}

function chosen<V>(values: readonly V[], logs: ReadonlyMap<V, number>): Choice<V> {
  const most = Math.max(...logs.values())
  const weights = values.map((value) => Math.exp((logs.get(value) ?? -Infinity) - most))
  const sum = weights.reduce((total, weight) => total + weight, 0)
  const probabilities = new Map(values.map((value, i) => [value, weights[i]! / sum]))
  const value = values[weights.indexOf(Math.max(...weights))]!
  return { value, probabilities }
}
