import type { GenerationResult } from '../../../remote/engine-like.js'

/** Tokens of all answers to one prompt; the prompt counts once, as the OpenAI API has it. */
export function usageOf(answers: readonly GenerationResult[], prompts = 1) {
  const sum = (field: (answer: GenerationResult) => number): number =>
    answers.reduce((total, answer) => total + field(answer), 0)
  const each = answers.length / prompts
  const promptTokens = sum((answer) => answer.promptTokens) / each
  const completionTokens = sum((answer) => answer.ids.length)
  // The first answer of a prompt fills the cache for the others.
  const firsts = answers.filter((_, i) => i % each === 0)
  const cachedTokens = firsts.reduce((total, answer) => total + answer.cachedTokens, 0)
  return {
    prompt_tokens: promptTokens,
    completion_tokens: completionTokens,
    total_tokens: promptTokens + completionTokens,
    prompt_tokens_details: { cached_tokens: cachedTokens, audio_tokens: 0 },
    completion_tokens_details: {
      reasoning_tokens: sum((answer) => answer.reasoningTokens),
      audio_tokens: 0,
      accepted_prediction_tokens: 0,
      rejected_prediction_tokens: 0,
    },
  }
}
