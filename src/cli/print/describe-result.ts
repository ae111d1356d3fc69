import type { GenerationResult } from '../../remote/engine-like.js'

/** Speed and counts of an answer, in words. */
export function describeResult(result: GenerationResult): string {
  const { timings: t, promptTokens, cachedTokens, ids, speculation } = result
  const drafts =
    speculation && `speculation: ${speculation.accepted} of ${speculation.drafted} drafted tokens were accepted`
  return [
    `prompt: ${promptTokens} tokens (${cachedTokens} from the cache)${perSecond(t.prefillTokensPerSecond)}`,
    `answer: ${ids.length} tokens${perSecond(t.decodeTokensPerSecond)}; first token after ${(t.firstTokenMs / 1000).toFixed(2)} s`,
    ...(drafts ? [drafts] : []),
  ].join('\n')
}

/** Nothing where there was too little to measure. */
function perSecond(speed: number): string {
  return speed > 0 ? `, ${speed.toFixed(1)} tok/s` : ''
}
