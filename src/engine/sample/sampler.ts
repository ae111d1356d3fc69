import { UserError, type OptionName } from '../../errors.js'

/** How the next token is chosen. Applied in this order: repetition penalty, temperature, top-k, top-p, min-p. */
export interface Sampling {
  /** 0 takes the most likely token (the lowest id wins ties). */
  readonly temperature: number
  /** Only the k most likely tokens; 0 means all. */
  readonly topK: number
  /** Only the most likely tokens whose probabilities reach p together; 1 means all. */
  readonly topP: number
  /** Only tokens at least this many times as likely as the most likely one; 0 means all. */
  readonly minP: number
  /** Logits of tokens seen before are divided (negative: multiplied) by this; 1 means none.  CTRL, arXiv 1909.05858. */
  readonly repetitionPenalty: number
}

export const GREEDY: Sampling = { temperature: 0, topK: 0, topP: 1, minP: 0, repetitionPenalty: 1 }

/** @throws UserError invalid_argument when a number is outside of its range. */
export function checkSampling(sampling: Sampling): void {
  const { temperature, topK, topP, minP, repetitionPenalty } = sampling
  check(Number.isFinite(temperature) && temperature >= 0, 'temperature', 'a number of at least 0', temperature)
  check(Number.isSafeInteger(topK) && topK >= 0, 'topK', 'a whole number of at least 0 (0: off)', topK)
  check(topP > 0 && topP <= 1, 'topP', 'a number above 0 and at most 1', topP)
  check(minP >= 0 && minP <= 1, 'minP', 'a number from 0 to 1', minP)
  check(Number.isFinite(repetitionPenalty) && repetitionPenalty > 0, 'repetitionPenalty', 'above 0', repetitionPenalty)
}

function check(valid: boolean, option: OptionName, expected: string, found: unknown): void {
  if (valid) return
  throw new UserError(`must be ${expected}; found ${String(found)}`, 'invalid_argument', { at: { option } })
}

/**
 * The id of the next token: a pure function of its arguments, and `logits` is left as it is.
 * @param logits [V]
 * @param seen ids of the prompt and of the answer so far, for the repetition penalty
 * @param u uniform in [0, 1); unused when temperature is 0
 * @throws UserError invalid_file when the logits are not numbers, which means damaged weights
 */
export function sample(logits: Float32Array, sampling: Sampling, seen: Iterable<number>, u: number): number {
  const scores = penalize(logits, seen, sampling.repetitionPenalty)
  const best = argmax(scores)
  if (sampling.temperature === 0) return best
  const max = scores[best]!
  const weightOf = (id: number): number => Math.exp((scores[id]! - max) / sampling.temperature)
  const { topK, topP, minP } = sampling
  if (topK > 0 && topK < scores.length) return draw(topIds(scores, topK), weightOf, topP, minP, u)
  if (topP < 1) return drawNucleus(scores, weightOf, topP, minP, u)
  return drawAny(scores, weightOf, minP, u)
}

/** The largest logit's id, the lowest of equals. */
export function argmax(scores: Float32Array): number {
  let best = 0
  let max = -Infinity
  let nan = -1
  for (let id = 0; id < scores.length; id++) {
    const score = scores[id]!
    if (score > max) {
      max = score
      best = id
    } else if (score !== score) nan = id
  }
  if (nan >= 0) throw damaged(`NaN for token ${nan}`)
  if (!Number.isFinite(max)) throw damaged(`${max} as the largest value`)
  return best
}

function damaged(found: string): UserError {
  const hint = 'the weights or their scales are probably damaged: compare the files with the published checksums'
  return new UserError(`expected finite logits, found ${found}; ${hint}`, 'invalid_file')
}

function penalize(logits: Float32Array, seen: Iterable<number>, penalty: number): Float32Array {
  if (penalty === 1) return logits
  const scores = logits.slice()
  for (const id of seen) {
    const score = logits[id]
    if (score !== undefined) scores[id] = score < 0 ? score * penalty : score / penalty
  }
  return scores
}

/** Ids of the k largest scores, falling; a heap of k whose root is the worst, so V stays unsorted. */
export function topIds(scores: Float32Array, k: number): Int32Array {
  const heap = new Int32Array(k)
  const worse = (a: number, b: number): boolean => scores[a]! < scores[b]! || (scores[a] === scores[b] && a > b)
  const sink = (id: number): void => {
    let hole = 0
    for (let child = 1; child < k; child = 2 * hole + 1) {
      if (child + 1 < k && worse(heap[child + 1]!, heap[child]!)) child++
      if (!worse(heap[child]!, id)) break
      heap[hole] = heap[child]!
      hole = child
    }
    heap[hole] = id
  }
  for (let id = 0; id < k; id++) heap[id] = id
  heap.sort((a, b) => scores[a]! - scores[b]! || b - a)
  for (let id = k; id < scores.length; id++) if (scores[id]! > scores[heap[0]!]!) sink(id)
  return heap.sort((a, b) => scores[b]! - scores[a]! || a - b)
}

/** Nucleus over all of V. What has less than (1 - p) / V cannot be needed to reach p, so only the rest is sorted. */
function drawNucleus(scores: Float32Array, weightOf: WeightOf, topP: number, minP: number, u: number): number {
  const weights = new Float64Array(scores.length)
  let total = 0
  for (let id = 0; id < scores.length; id++) total += weights[id] = weightOf(id)
  const floor = (total * (1 - topP)) / scores.length
  const ids = new Int32Array(scores.length)
  let count = 0
  for (let id = 0; id < scores.length; id++) if (weights[id]! >= floor) ids[count++] = id
  const falling = ids.subarray(0, count).sort((a, b) => scores[b]! - scores[a]! || a - b)
  return draw(falling, (id) => weights[id]!, topP, minP, u, total)
}

type WeightOf = (id: number) => number

/** Draws from `ids`, which fall in weight; the first weight is 1. */
function draw(ids: Int32Array, weightOf: WeightOf, topP: number, minP: number, u: number, total?: number): number {
  const weights = Float64Array.from(ids, weightOf)
  const mass = topP * (total ?? weights.reduce((sum, weight) => sum + weight, 0))
  let kept = 0
  let sum = 0
  while (kept < ids.length && (kept === 0 || (sum < mass && weights[kept]! >= minP))) sum += weights[kept++]!
  let left = u * sum
  for (let i = 0; i < kept; i++) {
    left -= weights[i]!
    if (left < 0) return ids[i]!
  }
  return ids[kept - 1]!
}

function drawAny(scores: Float32Array, weightOf: WeightOf, minP: number, u: number): number {
  const weights = new Float64Array(scores.length)
  let sum = 0
  let last = 0
  for (let id = 0; id < scores.length; id++) {
    const weight = weightOf(id)
    if (weight < minP || weight === 0) continue
    sum += weights[id] = weight
    last = id
  }
  let left = u * sum
  for (let id = 0; id < last; id++) {
    left -= weights[id]!
    if (weights[id]! > 0 && left < 0) return id
  }
  return last
}
