import { z } from 'zod'
import type { AnswerOptions } from '../../remote/engine-like.js'

/** Whole numbers of JSON that stay exact. */
const integer = z.int()

export const modelName = z.string().min(1).describe('One of the names that /v1/models lists.')

export const tokenIds = z.array(integer.min(0)).min(1)

/** Sampling as the OpenAI API has it, with the engine's own besides. What is left out comes from the model's own defaults. */
export const samplingFields = {
  temperature: z
    .number()
    .min(0)
    .max(100)
    .nullish()
    .describe('0 takes the most likely token. Default: the model’s own.'),
  top_p: z.number().min(0).max(1).nullish().describe('Only the likeliest tokens that reach this probability together.'),
  top_k: integer.min(0).nullish().describe('Only the k likeliest tokens; 0 is off.'),
  min_p: z.number().min(0).max(1).nullish().describe('Only tokens with this share of the likeliest one’s probability.'),
  repetition_penalty: z.number().min(0.01).max(100).nullish().describe('Above 1 discourages what was there before.'),
  frequency_penalty: z
    .number()
    .min(-2)
    .max(2)
    .nullish()
    .describe('Taken off a token’s logit for each time that it came.'),
  presence_penalty: z.number().min(-2).max(2).nullish().describe('Taken off the logit of each token that came.'),
  logit_bias: z
    .record(z.string().regex(/^\d+$/, 'expected token ids as keys'), z.number().min(-100).max(100))
    .nullish()
    .describe('Added to the logits of these token ids.'),
  seed: integer.nullish().describe('The same seed gives the same answer.'),
  stop: z
    .union([z.string().min(1), z.array(z.string().min(1)).max(16)])
    .nullish()
    .describe('Text that ends the answer and is not part of it.'),
  ignore_eos: z.boolean().nullish().describe('Go on behind the model’s own end.'),
}

type SamplingFields = z.output<z.ZodObject<typeof samplingFields>>

/** The engine's options from the fields of a request. */
export function samplingOptions(fields: SamplingFields): AnswerOptions {
  const { top_p, logit_bias, stop } = fields
  return {
    temperature: fields.temperature ?? undefined,
    // The engine takes "above 0"; so little leaves one token, which is what 0 means.
    topP: top_p === 0 ? Number.EPSILON : (top_p ?? undefined),
    topK: fields.top_k ?? undefined,
    minP: fields.min_p ?? undefined,
    repetitionPenalty: fields.repetition_penalty ?? undefined,
    frequencyPenalty: fields.frequency_penalty ?? undefined,
    presencePenalty: fields.presence_penalty ?? undefined,
    logitBias: logit_bias ? new Map(Object.entries(logit_bias).map(([id, bias]) => [Number(id), bias])) : undefined,
    seed: fields.seed ?? undefined,
    stop: stop ?? undefined,
    ignoreEos: fields.ignore_eos ?? undefined,
  }
}

/** Fields that clients send and that change nothing in an answer here; everything else that is not known is refused. */
export const fieldsWithoutEffect = {
  user: z.string().nullish(),
  safety_identifier: z.string().nullish(),
  metadata: z.record(z.string(), z.string()).nullish(),
  service_tier: z.string().nullish(),
  prompt_cache_key: z.string().nullish(),
  prompt_cache_retention: z.string().nullish(),
}
