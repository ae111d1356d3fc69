/** Prompts whose greedy answers are compared. */
export const GREEDY_TOKENS = 32
const GREEDY_PROMPT = 32
const GREEDY_PROMPTS = 8

/** Beginnings of parts of a text, which are spread over it. */
export function greedyPrompts(ids: readonly number[]): number[][] {
  const length = Math.min(GREEDY_PROMPT, ids.length)
  const prompts = Math.max(1, Math.min(GREEDY_PROMPTS, Math.floor(ids.length / length)))
  return Array.from({ length: prompts }, (_, i) => {
    const from = Math.floor((i * (ids.length - length)) / prompts)
    return ids.slice(from, from + length)
  })
}
