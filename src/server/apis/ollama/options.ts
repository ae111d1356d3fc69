import { z } from 'zod'
import type { AnswerOptions } from '../../../remote/engine-like.js'
import { unsupported } from '../../http/api-error.js'
import { ignoredFields } from '../ignored.js'
import { samplingOptions, seedField, stopStrings } from '../request-fields.js'

/** The answer is the same with what the table says changes nothing. */
export const optionsField = z
  .strictObject({
    temperature: z.number().min(0).max(100).nullish(),
    top_k: z.int().nullish(),
    top_p: z.number().min(0).max(1).nullish(),
    min_p: z.number().min(0).max(1).nullish(),
    repeat_penalty: z.number().min(0.01).max(100).nullish(),
    repeat_last_n: z.int().min(-1).nullish(),
    frequency_penalty: z.number().min(-2).max(2).nullish(),
    presence_penalty: z.number().min(-2).max(2).nullish(),
    seed: seedField,
    stop: z.union([z.string(), stopStrings]).nullish(),
    num_predict: z.int().min(-2).nullish(),
    typical_p: z.literal(1, 'only 1, which is off, is supported').nullish(),
    tfs_z: z.literal(1, 'only 1, which is off, is supported').nullish(),
    mirostat: z.literal(0, 'only 0, which is off, is supported').nullish(),
    penalize_newline: z.literal(true, 'only true is supported').nullish(),
    ...ignoredFields('ollama', 'options'),
  })
  .nullish()

/** The engine's options from those of a request. Below zero is Ollama's "not set". @throws ApiError */
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

/** Counted over the whole text, as repeat_last_n: -1 has it, or not at all with 0. A window has no place here. */
function repetitionPenalty(options: z.output<typeof optionsField>): number | undefined {
  const { repeat_penalty: penalty, repeat_last_n: window } = options ?? {}
  if (window === 0) return 1
  if (typeof penalty === 'number' && penalty !== 1 && typeof window === 'number' && window > 0) {
    const param = 'options.repeat_last_n'
    throw unsupported(param, `${param}: repeat_penalty counts the whole text; leave it out, or send -1`)
  }
  return penalty ?? undefined
}
