import { z } from 'zod'
import type { AnswerOptions } from '../../../remote/engine-like.js'
import { ignoredFields } from '../ignored.js'
import { samplingOptions, seedField, stopStrings } from '../request-fields.js'

const known = z.looseObject({
  ...ignoredFields('ollama', 'options'),
  temperature: z.number().min(0).max(100).nullish(),
  top_k: z.int().nullish(),
  top_p: z.number().min(0).max(1).nullish(),
  min_p: z.number().min(0).max(1).nullish(),
  repeat_penalty: z.number().min(0.01).max(100).nullish(),
  repeat_last_n: z.int().min(-1).nullish().describe('0: no repeat_penalty. Others: it counts the whole text.'),
  frequency_penalty: z.number().min(-2).max(2).nullish(),
  presence_penalty: z.number().min(-2).max(2).nullish(),
  seed: seedField,
  stop: z.union([z.string(), stopStrings]).nullish(),
  num_predict: z.int().min(-2).nullish(),
})

/** The answer is the same with what the table says changes nothing, and with options that nobody knows, as in Ollama. */
export const optionsField = known.nullish()

/** Whether there are options that are not known. */
export function hasUnknown(options: z.output<typeof optionsField>): boolean {
  return Object.entries(options ?? {}).some(([name, value]) => !(name in known.shape) && value !== null)
}

/** The engine's options from those of a request. Below zero is Ollama's "not set". */
export function answerOptions(options: z.output<typeof optionsField>): AnswerOptions {
  const { top_k, seed, stop, num_predict: most, ...rest } = options ?? {}
  return {
    ...samplingOptions({
      ...rest,
      top_k: typeof top_k === 'number' ? Math.max(0, top_k) : undefined,
      seed: typeof seed === 'number' && seed >= 0 ? seed : undefined,
      stop,
      repetition_penalty: repetitionPenalty(options),
    }),
    maxTokens: typeof most === 'number' && most > 0 ? most : undefined,
  }
}

/** Counted over the whole text, or not at all where repeat_last_n is 0; there is no window of it. */
function repetitionPenalty(options: z.output<typeof optionsField>): number | undefined {
  return options?.repeat_last_n === 0 ? 1 : (options?.repeat_penalty ?? undefined)
}
