/** What a server lists of a distribution, the likeliest tokens by their texts, and how far a whole one is from that. */
import { isJsonObject, type JsonObject } from '../../json.js'
import { logSumExp } from './log-sum.js'

/** A place of a text, as a server tells it. */
export interface ListedPlace {
  /** The token that follows. */
  readonly text: string
  readonly logprob: number
  readonly top: readonly ListedToken[]
}

export interface ListedToken {
  readonly text: string
  readonly logprob: number
}

/** Of /v1/completions: lists side by side, with an object of the likeliest at each place. None of the first token of a prompt. */
export function completionPlaces(logprobs: unknown): ListedPlace[] | undefined {
  if (!isJsonObject(logprobs)) return undefined
  const { tokens, token_logprobs: values, top_logprobs: tops } = logprobs
  if (!Array.isArray(tokens) || !Array.isArray(values) || !Array.isArray(tops)) return undefined
  return tokens.map((token: unknown, i) => {
    const top: unknown = tops[i]
    const entries = isJsonObject(top) ? Object.entries(top) : []
    return {
      text: typeof token === 'string' ? token : '',
      logprob: typeof values[i] === 'number' ? values[i] : NaN,
      top: entries.map(([text, logprob]) => ({ text, logprob: Number(logprob) })),
    }
  })
}

/** Of /v1/chat/completions: one object a token. */
export function chatPlaces(logprobs: unknown): ListedPlace[] | undefined {
  const content: unknown = isJsonObject(logprobs) ? logprobs['content'] : undefined
  if (!Array.isArray(content)) return undefined
  return content.filter(isJsonObject).map((token) => {
    const top = Array.isArray(token['top_logprobs']) ? token['top_logprobs'].filter(isJsonObject) : []
    return { ...tokenOf(token), top: top.map(tokenOf) }
  })
}

function tokenOf({ token, logprob }: JsonObject): ListedToken {
  return { text: typeof token === 'string' ? token : '', logprob: typeof logprob === 'number' ? logprob : NaN }
}

/** Tokens by their texts; a text that several tokens have, such as a part of a letter, is none's. */
export class TokenNames {
  private readonly ids = new Map<string, number>()

  constructor(readonly texts: readonly string[]) {
    const several = new Set<string>()
    texts.forEach((text, id) => (this.ids.has(text) ? several.add(text) : this.ids.set(text, id)))
    for (const text of several) this.ids.delete(text)
  }

  idOf(text: string): number | undefined {
    return this.ids.get(text)
  }
}

/** What one place says. */
export interface ListedDivergence {
  /** Of the measured from the server's, in nats, with all that is not listed as one: the true one is at least this. */
  readonly divergence: number
  /** Probability of the listed tokens by the server. */
  readonly listed: number
  readonly agrees: boolean
  /** Of the token that follows. */
  readonly logprob: number
  readonly referenceLogprob: number
}

/** Probabilities below this are rounding. */
const NOTHING = 1e-9

/**
 * Putting events together never makes a divergence larger, so that this is a lower bound of the whole one.
 * @param measured logits [V] @param next the token that follows
 */
export function listedDivergence(
  { top, logprob }: ListedPlace,
  measured: Float32Array,
  next: number,
  names: TokenNames,
): ListedDivergence {
  const sum = logSumExp(measured)
  let [divergence, listed, taken] = [0, 0, 0]
  let best: ListedToken | undefined
  for (const token of top) {
    if (best === undefined || token.logprob > best.logprob) best = token
    const id = names.idOf(token.text)
    const share = Math.exp(token.logprob)
    if (id === undefined || !(share > 0)) continue
    const own = measured[id]! - sum
    divergence += share * (token.logprob - own)
    listed += share
    taken += Math.exp(own)
  }
  const rest = 1 - listed
  if (rest > NOTHING) divergence += rest * Math.log(rest / Math.max(NOTHING, 1 - taken))
  const likeliest = measured.reduce((found, logit, id) => (logit > measured[found]! ? id : found), 0)
  return {
    // Rounding may leave a little less than nothing, and a little more than all.
    divergence: Math.max(0, divergence),
    listed: Math.min(1, listed),
    agrees: best !== undefined && names.texts[likeliest] === best.text,
    logprob: measured[next]! - sum,
    referenceLogprob: logprob,
  }
}
