/** How far a model here is from one that a server runs, as far as the server says. */
import { UserError } from '../../errors.js'
import type { Engine } from '../../engine/engine.js'
import type { ServedModel } from '../subject/api.js'
import { detached } from './divergence.js'
import type { FidelityOptions } from './fidelity.js'
import { GREEDY_TOKENS } from './greedy.js'
import { listedDivergence, type ListedDivergence } from './listed.js'
import { askServer, type GreedyAnswer, type ListedText, type ServedReference } from './served-reference.js'

export interface ServedFidelity {
  /** Of whose tokens the numbers are: of the text, or of the server's own greedy answers where it says nothing of a prompt. */
  readonly places: 'text' | 'answers' | 'none'
  /** Tokens that were predicted. */
  readonly tokens: number
  /**
   * Mean Kullback-Leibler divergence from the server's distribution, in nats, with all tokens that it does not list as one: the true
   * one is at least this. Absent where the server lists nothing.
   */
  readonly divergence?: number | undefined
  readonly standardError?: number | undefined
  readonly largest?: number | undefined
  /** Mean probability of the tokens that the server lists. */
  readonly listed?: number | undefined
  /** Share of places where both find the same token likeliest. */
  readonly topAgreement?: number | undefined
  readonly perplexity?: number | undefined
  readonly referencePerplexity?: number | undefined
  /** Tokens of greedy answers that are the server's, before the first that is not. Absent where it gave no answers. */
  readonly greedyAgreement?: number | undefined
  /** What the server does not give, in words. */
  readonly missing: readonly string[]
}

/**
 * Compares a model with one that a server runs, over the tokens of a text: by the likelihoods of the prompt where the server gives them
 * (`echo` with `logprobs` of /v1/completions), else by those of its answers (of /v1/chat/completions too), and by its greedy answers.
 * @param ids of the text, in the one vocabulary of both
 * @throws UserError where nobody answers, where the server gives nothing of all this, or its tokens are others
 * @example
 * import { loadEngine } from 'kaiyuan'
 * import { servedFidelity } from 'kaiyuan/eval'
 *
 * const engine = await loadEngine('qwen3')
 * const found = await servedFidelity(engine, { url: 'http://127.0.0.1:8000' }, engine.encode('The cat sat on the mat.'))
 * console.log(found.divergence, found.listed, found.greedyAgreement)
 * await engine.close()
 */
export async function servedFidelity(
  engine: Engine,
  served: ServedModel,
  ids: readonly number[],
  options: FidelityOptions = {},
): Promise<ServedFidelity> {
  return fidelityTo(await referenceOf(engine, served, ids, options), engine, options.signal)
}

/** What the server says, for any form of the model. @throws UserError as {@link servedFidelity} */
export function referenceOf(
  engine: Engine,
  served: ServedModel,
  ids: readonly number[],
  { window = 512, signal, onProgress }: FidelityOptions,
): Promise<ServedReference> {
  if (ids.length < 2)
    throw new UserError(`the text has ${ids.length} tokens; expected at least two`, 'invalid_argument')
  if (!Number.isSafeInteger(window) || window < 2)
    throw new UserError(`a window of ${window} tokens: expected a whole number of at least 2`, 'invalid_argument')
  return askServer(served, engine, ids, { window: Math.min(window, engine.info.contextLength - 1), signal, onProgress })
}

export async function fidelityTo(
  reference: ServedReference,
  engine: Engine,
  signal?: AbortSignal,
): Promise<ServedFidelity> {
  const found: ListedDivergence[] = []
  for (const text of reference.texts) found.push(...(await placesOf(text, reference, engine, signal)))
  const { places, missing, answers } = reference
  return {
    places,
    tokens: found.length,
    ...(found.length > 0 && summary(found)),
    greedyAgreement: await greedyAgreement(answers, engine, signal),
    missing,
  }
}

async function placesOf(
  { before, ids, places }: ListedText,
  { names }: ServedReference,
  engine: Engine,
  signal: AbortSignal | undefined,
): Promise<ListedDivergence[]> {
  const found: ListedDivergence[] = []
  let row = 0
  const chunks = engine.logitRows([...before, ...ids], { ...(signal && { signal }) })
  for await (const logits of detached(chunks, engine.info.vocabSize)) {
    const at = ++row - before.length
    if (at >= 0 && at < ids.length) found.push(listedDivergence(places[at]!, logits, ids[at]!, names))
  }
  return found
}

function summary(found: readonly ListedDivergence[]): Partial<ServedFidelity> {
  const count = found.length
  const mean = (of: (place: ListedDivergence) => number): number => found.reduce((sum, one) => sum + of(one), 0) / count
  const divergence = mean((one) => one.divergence)
  const spread = count > 1 ? (mean((one) => (one.divergence - divergence) ** 2) * count) / (count - 1) : 0
  return {
    divergence,
    standardError: Math.sqrt(spread / count),
    largest: found.reduce((most, one) => Math.max(most, one.divergence), 0),
    listed: mean(({ listed }) => listed),
    topAgreement: mean(({ agrees }) => (agrees ? 1 : 0)),
    perplexity: Math.exp(-mean(({ logprob }) => logprob)),
    referencePerplexity: Math.exp(-mean(({ referenceLogprob }) => referenceLogprob)),
  }
}

/** By the text, since a server need not tell its tokens: our own, as long as the server's text goes on with what they say. */
async function greedyAgreement(
  answers: readonly GreedyAnswer[],
  engine: Engine,
  signal: AbortSignal | undefined,
): Promise<number | undefined> {
  let [same, total] = [0, 0]
  for (const { prompt, text } of answers.filter((answer) => answer.text !== '')) {
    const options = { temperature: 0, maxTokens: GREEDY_TOKENS, ignoreEos: true, repetitionPenalty: 1, signal }
    const { ids } = await engine.generate(prompt, options).result
    let agrees = true
    for (let count = 1; count <= ids.length; count++) {
      // A letter whose last bytes are missing is no other letter yet; the server's answer may have ended inside of our token.
      const own = engine.decode(ids.slice(0, count)).replace(/\uFFFD+$/, '')
      const length = Math.min(own.length, text.length)
      agrees &&= own.slice(0, length) === text.slice(0, length)
      total++
      if (agrees) same++
      if (own.length >= text.length) break
    }
  }
  return total === 0 ? undefined : same / total
}
