/** How far one way of computing a model is from another, over the tokens of a text. */
import { UserError } from '../../errors.js'
import type { Engine } from '../../engine/engine.js'
import { detached, divergence, type TokenDivergence } from './divergence.js'
import { GREEDY_TOKENS, greedyPrompts } from './greedy.js'

export interface Fidelity {
  /** Tokens that were predicted. */
  readonly tokens: number
  /** Mean Kullback-Leibler divergence of a token's distribution from the reference's, in nats; with its standard error, and the largest. */
  readonly divergence: number
  readonly standardError: number
  readonly largest: number
  /** Share of places where both find the same token likeliest. */
  readonly topAgreement: number
  readonly perplexity: number
  readonly referencePerplexity: number
  /** Tokens of greedy answers that are the reference's, before the first that is not. */
  readonly greedyAgreement: number
}

export interface FidelityOptions {
  /** Tokens that a window has; each begins anew. Default 512. */
  readonly window?: number | undefined
  readonly signal?: AbortSignal | undefined
  readonly onProgress?: ((done: number, total: number) => void) | undefined
}

/**
 * Compares the logits of two loads of one model, place by place, and their greedy answers to beginnings of the text.
 * @param ids of the text, in both models' one vocabulary
 * @throws UserError where the vocabularies differ, or the text is too short
 * @example
 * import { loadEngine } from 'kaiyuan'
 * import { fidelity } from 'kaiyuan/eval'
 *
 * const [exact, fast] = [await loadEngine('mini', { precision: 'exact' }), await loadEngine('mini')]
 * const { divergence, topAgreement } = await fidelity(exact, fast, exact.encode('The cat sat on the mat. '.repeat(20)))
 * console.log(divergence < 0.05, topAgreement > 0.9)
 * await Promise.all([exact.close(), fast.close()])
 */
export async function fidelity(
  reference: Engine,
  measured: Engine,
  ids: readonly number[],
  { window = 512, signal, onProgress }: FidelityOptions = {},
): Promise<Fidelity> {
  const size = checkedWindow([reference, measured], ids, window)
  const places: TokenDivergence[] = []
  for (let from = 0; from < ids.length - 1; from += size) {
    const part = ids.slice(from, from + size)
    if (part.length < 2) break
    places.push(...(await windowDivergence(reference, measured, part, signal)))
    onProgress?.(places.length, ids.length - 1)
  }
  const greedyAgreement = await greedy(reference, measured, ids, signal)
  return { ...summary(places), greedyAgreement }
}

function checkedWindow(engines: readonly Engine[], ids: readonly number[], window: number): number {
  const [first, second] = engines.map(({ info }) => info.vocabSize)
  if (first !== second)
    throw new UserError(
      `the models have ${first} and ${second} tokens; expected one vocabulary: two forms of the same model`,
      'invalid_argument',
    )
  if (ids.length < 2)
    throw new UserError(`the text has ${ids.length} tokens; expected at least two`, 'invalid_argument')
  if (!Number.isSafeInteger(window) || window < 2)
    throw new UserError(`a window of ${window} tokens: expected a whole number of at least 2`, 'invalid_argument')
  return Math.min(window, ...engines.map(({ info }) => info.contextLength))
}

/** Rows of both come chunk by chunk, which may be of different sizes. */
async function windowDivergence(
  reference: Engine,
  measured: Engine,
  ids: readonly number[],
  signal: AbortSignal | undefined,
): Promise<TokenDivergence[]> {
  const found: TokenDivergence[] = []
  const rows = detached(measured.logitRows(ids, { ...(signal && { signal }) }), measured.info.vocabSize)
  for await (const own of detached(reference.logitRows(ids, { ...(signal && { signal }) }), reference.info.vocabSize)) {
    const { value: other } = await rows.next()
    const next = ids[found.length + 1]
    if (other === undefined || next === undefined) break
    found.push(divergence(own, other, next))
  }
  await rows.return(undefined)
  return found
}

function summary(places: readonly TokenDivergence[]): Omit<Fidelity, 'greedyAgreement'> {
  const count = places.length
  const mean = (of: (place: TokenDivergence) => number): number => places.reduce((sum, one) => sum + of(one), 0) / count
  const average = mean(({ divergence: one }) => one)
  const spread = count > 1 ? (mean(({ divergence: one }) => (one - average) ** 2) * count) / (count - 1) : 0
  return {
    tokens: count,
    divergence: average,
    standardError: Math.sqrt(spread / count),
    largest: places.reduce((most, { divergence: one }) => Math.max(most, one), 0),
    topAgreement: mean(({ agrees }) => (agrees ? 1 : 0)),
    perplexity: Math.exp(-mean(({ logprob }) => logprob)),
    referencePerplexity: Math.exp(-mean(({ referenceLogprob }) => referenceLogprob)),
  }
}

/** Answers to beginnings of parts of the text, which are spread over it. */
async function greedy(
  reference: Engine,
  measured: Engine,
  ids: readonly number[],
  signal: AbortSignal | undefined,
): Promise<number> {
  let [same, total] = [0, 0]
  for (const prompt of greedyPrompts(ids)) {
    const options = { temperature: 0, maxTokens: GREEDY_TOKENS, ignoreEos: true, repetitionPenalty: 1, signal }
    const [one, other] = [
      (await reference.generate(prompt, options).result).ids,
      (await measured.generate(prompt, options).result).ids,
    ]
    const first = one.findIndex((id, place) => other[place] !== id)
    same += first < 0 ? one.length : first
    total += one.length
  }
  return same / total
}
