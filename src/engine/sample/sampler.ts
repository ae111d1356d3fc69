import { UserError, type OptionName } from '../../errors.js'
import { idsOf, largestOf } from './token-set.js'

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
  // Beyond this the logits themselves would be lost.
  const penalizes = repetitionPenalty >= 0.01 && repetitionPenalty <= 100
  check(penalizes, 'repetitionPenalty', 'a number from 0.01 to 100', repetitionPenalty)
}

function check(valid: boolean, option: OptionName, expected: string, found: unknown): void {
  if (valid) return
  throw new UserError(`must be ${expected}; found ${quoted(found)}`, 'invalid_argument', { at: { option } })
}

/** A value of an option as it was given: texts show that they are none of the numbers. */
export function quoted(value: unknown): string {
  return typeof value === 'string' ? JSON.stringify(value) : String(value)
}

/**
 * The id of the next token: a pure function of its arguments, and `logits` is left as it is.
 * @param logits [V]
 * @param seen ids of the prompt and of the answer so far, for the repetition penalty
 * @param u uniform in [0, 1); unused when temperature is 0
 * @param allowed the ids that may come, as a set of bits [V / 32]; all where it is left out
 * @throws UserError invalid_file when the logits are not numbers, which means damaged weights; invalid_grammar when nothing is
 * allowed
 */
export function sample(
  logits: Float32Array,
  sampling: Sampling,
  seen: Iterable<number>,
  u: number,
  allowed?: Int32Array,
): number {
  const scores = penalize(logits, seen, sampling.repetitionPenalty)
  const best = allowed ? bestOf(scores, allowed) : argmax(scores)
  if (sampling.temperature === 0) return best
  const max = scores[best]!
  const weightOf = (id: number): number => Math.exp((scores[id]! - max) / sampling.temperature)
  const { topK, topP, minP } = sampling
  const ids = allowed && idsOf(allowed, scores.length)
  const count = ids?.length ?? scores.length
  if (topK > 0 && topK < scores.length) return draw(topIds(scores, Math.min(topK, count), ids), weightOf, topP, minP, u)
  if (topP < 1) return drawNucleus(scores, ids, weightOf, topP, minP, u)
  return drawAny(count, ids, weightOf, minP, u)
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

/** As {@link argmax}, of the allowed ones. */
function bestOf(scores: Float32Array, allowed: Int32Array): number {
  const best = largestOf(scores, allowed)
  if (best === undefined) throw nothingAllowed()
  if (!Number.isFinite(scores[best])) throw damaged(`${scores[best]} for token ${best}`)
  return best
}

/** Nothing may come next. */
export function nothingAllowed(): UserError {
  const why = 'no token of the model can write what would have to come next'
  return new UserError(`the answer cannot continue: ${why}; write the grammar for other characters`, 'invalid_grammar')
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

/** Ids of the k largest scores, of `ids` if they are given, falling; a heap of k whose root is the worst, so V stays unsorted. */
export function topIds(scores: Float32Array, k: number, ids?: Int32Array): Int32Array {
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
  for (let i = 0; i < k; i++) heap[i] = ids ? ids[i]! : i
  heap.sort((a, b) => scores[a]! - scores[b]! || b - a)
  const count = ids?.length ?? scores.length
  for (let i = k; i < count; i++) {
    const id = ids ? ids[i]! : i
    if (scores[id]! > scores[heap[0]!]!) sink(id)
  }
  return heap.sort((a, b) => scores[b]! - scores[a]! || a - b)
}

/** Nucleus over all that may come, n. What has less than (1 - p) / n cannot be needed to reach p, so only the rest is sorted. */
function drawNucleus(
  scores: Float32Array,
  ids: Int32Array | undefined,
  weightOf: WeightOf,
  topP: number,
  minP: number,
  u: number,
): number {
  const size = ids?.length ?? scores.length
  const weights = new Float64Array(size)
  let total = 0
  for (let i = 0; i < size; i++) total += weights[i] = weightOf(ids ? ids[i]! : i)
  const floor = (total * (1 - topP)) / size
  const kept = new Int32Array(size)
  let count = 0
  for (let i = 0; i < size; i++) if (weights[i]! >= floor) kept[count++] = ids ? ids[i]! : i
  const falling = kept.subarray(0, count).sort((a, b) => scores[b]! - scores[a]! || a - b)
  return draw(falling, weightOf, topP, minP, u, total)
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

/** Draws from the `count` that may come. */
function drawAny(count: number, ids: Int32Array | undefined, weightOf: WeightOf, minP: number, u: number): number {
  const weights = new Float64Array(count)
  let sum = 0
  let last = 0
  for (let i = 0; i < count; i++) {
    const weight = weightOf(ids ? ids[i]! : i)
    if (weight < minP || weight === 0) continue
    sum += weights[i] = weight
    last = i
  }
  let left = u * sum
  let chosen = last
  for (let i = 0; i < last; i++) {
    left -= weights[i]!
    if (weights[i]! <= 0 || left >= 0) continue
    chosen = i
    break
  }
  return ids ? ids[chosen]! : chosen
}
