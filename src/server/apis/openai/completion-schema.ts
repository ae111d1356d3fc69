import { z } from 'zod'
import { formFields, responseFormatField } from '../form-fields.js'
import { ignoredFields } from '../ignored.js'
import { returnProgress } from '../prompt-progress.js'
import { modelName, samplingFields, tokenIds } from '../request-fields.js'

export const completionSchema = z
  .strictObject({
    model: modelName,
    prompt: z
      .union([
        z.string().min(1),
        z.array(z.string().min(1)).min(1).max(128),
        tokenIds,
        z
          .array(z.union([z.string().min(1), tokenIds]))
          .min(1)
          .max(128),
      ])
      .describe('Text or token ids, one or several.'),
    ...samplingFields,
    max_tokens: z.int().min(-1).default(16).describe('0 only with echo: the prompt alone; -1 is no limit.'),
    n: z.int().min(1).max(128).nullish(),
    best_of: z
      .int()
      .min(1)
      .max(128)
      .nullish()
      .describe('Answers to make, of which the n with the likeliest tokens are given.'),
    stream: z.boolean().nullish(),
    return_progress: returnProgress,
    stream_options: z
      .strictObject({ include_usage: z.boolean().nullish(), ...ignoredFields('completions', 'stream_options') })
      .nullish(),
    logprobs: z.int().min(0).max(20).nullish().describe('Likelihoods, and this many alternatives at each place.'),
    echo: z.boolean().nullish().describe('The prompt before the answer.'),
    suffix: z.string().nullish().describe('Refused: no model here fills in between.'),
    response_format: responseFormatField,
    ...formFields,
    ...ignoredFields('completions'),
  })
  .meta({ title: 'CompletionRequest' })

export type CompletionRequest = z.output<typeof completionSchema>
