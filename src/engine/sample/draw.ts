import type { ScoredTokens, Weights } from './scored-tokens.js'

/** What decides among tokens (sampler.ts has the ranges). */
interface Filters {
  readonly temperature: number
  readonly topP: number
  readonly minP: number
}

/** By how much a score may be off, relative to the numbers that it came from, before its weight is looked at. */
const SLACK = 1e-5

/** Most classes of similar weights, in which a nucleus is sorted where its order matters. */
const MOST_CLASSES = 2048

/** Draws from `ids`, which fall in score. */
export function drawAmong(
  ids: Int32Array,
  { scores }: ScoredTokens,
  { temperature, topP, minP }: Filters,
  u: number,
): number {
  const max = scores[ids[0]!]!
  const weights = Float64Array.from(ids, (id) => Math.exp((scores[id]! - max) / temperature))
  const mass = topP * weights.reduce((sum, weight) => sum + weight, 0)
  let kept = 0
  let sum = 0
  while (kept < ids.length && (kept === 0 || (sum < mass && weights[kept]! >= minP))) sum += weights[kept++]!
  return pick((i) => weights[i]!, ids.subarray(0, kept), u * sum)
}

/** Draws from all that may come, in the order of ids. */
export function drawAny(tokens: ScoredTokens, best: number, { temperature, minP }: Filters, u: number): number {
  const weighed = tokens.weigh(tokens.scores[best]!, temperature)
  const { weights, sums, total } = weighed
  if (minP > 0) {
    const ids = heavy(tokens, best, temperature, weighed, minP)
    return pickBy(weights, ids, u * ids.reduce((sum, id) => sum + weights[id]!, 0))
  }
  let left = u * total
  let block = 0
  let last = 0
  for (; block < sums.length && left >= sums[block]!; block++) {
    left -= sums[block]!
    if (sums[block]! > 0) last = block
  }
  return block < sums.length
    ? pickBy(weights, tokens.idsIn(block), left)
    : pickBy(weights, tokens.idsIn(last), Infinity)
}

/**
 * Draws from the fewest tokens that reach p together, in falling order. What has less than (1 - p) / V of all cannot be needed for
 * that. The rest is put into classes by weight, and only the class where the nucleus ends and that of the drawn token are sorted.
 */
export function drawNucleus(
  tokens: ScoredTokens,
  best: number,
  { temperature, topP, minP }: Filters,
  u: number,
): number {
  const { scores } = tokens
  const weighed = tokens.weigh(scores[best]!, temperature)
  const { weights, total } = weighed
  const floor = Math.max(minP, (total * (1 - topP)) / tokens.size)
  const ids = heavy(tokens, best, temperature, weighed, floor)
  const classes = Math.min(MOST_CLASSES, (ids.length >> 3) + 1)
  const masses = new Float64Array(classes)
  const scale = floor < 1 ? classes / -Math.log(floor) : 0
  const classOf = new Uint16Array(ids.length)
  let last = 0
  for (let i = 0; i < ids.length; i++) {
    const id = ids[i]!
    const own = Math.min(classes - 1, Math.floor(((scores[best]! - scores[id]!) / temperature) * scale))
    classOf[i] = own
    masses[own]! += weights[id]!
    if (own > last) last = own
  }
  const sorted = (own: number): Int32Array =>
    ids.filter((_, i) => classOf[i] === own).sort((a, b) => scores[b]! - scores[a]! || a - b)
  const mass = topP * total
  let end = 0
  let sum = 0
  for (; end < last && sum + masses[end]! < mass; end++) sum += masses[end]!
  const border = sorted(end)
  let kept = 0
  while (kept < border.length && sum < mass) sum += weights[border[kept++]!]!
  let left = u * sum
  let own = 0
  for (; own < end && left >= masses[own]!; own++) left -= masses[own]!
  return pickBy(weights, own < end ? sorted(own) : border.subarray(0, kept), left)
}

/** Ids of at least this weight, rising. */
function heavy(
  tokens: ScoredTokens,
  best: number,
  temperature: number,
  { weights }: Weights,
  least: number,
): Int32Array {
  const max = tokens.scores[best]!
  const slack = SLACK * (temperature + Math.abs(max))
  return tokens.from(max + temperature * Math.log(least) - slack).filter((id) => weights[id]! >= least)
}

/** As {@link pick}, by the weights of all tokens. */
function pickBy(weights: Weights['weights'], ids: Int32Array, left: number): number {
  return pick((_, id) => weights[id]!, ids, left)
}

/** The id at which the sum of weights passes `left`; the last of any weight where rounding leaves none. */
function pick(weightOf: (at: number, id: number) => number, ids: Int32Array, left: number): number {
  let last = 0
  for (const [i, id] of ids.entries()) {
    const weight = weightOf(i, id)
    if (weight > 0) last = id
    left -= weight
    if (left < 0) return id
  }
  return last
}
