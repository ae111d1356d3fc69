import type { GenerationResult } from '../../../remote/engine-like.js'

type Counts = Pick<GenerationResult, 'promptTokens' | 'cachedTokens' | 'reasoningTokens' | 'ids'>

/** Of an answer; of none, zeros. */
export function usageOf(
  { promptTokens, cachedTokens, ids, reasoningTokens }: Counts = {
    ...{ promptTokens: 0, cachedTokens: 0, reasoningTokens: 0 },
    ids: [],
  },
) {
  return {
    input_tokens: promptTokens,
    input_tokens_details: { cached_tokens: cachedTokens, cache_write_tokens: 0 },
    output_tokens: ids.length,
    output_tokens_details: { reasoning_tokens: reasoningTokens },
    total_tokens: promptTokens + ids.length,
  }
}
