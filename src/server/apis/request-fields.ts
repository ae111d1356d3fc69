import { z } from 'zod'
import type { AnswerOptions, EngineInfo } from '../../remote/engine-like.js'
import { badRequest } from '../http/api-error.js'
import type { ServedModel } from '../admission/models.js'

/** Whole numbers of JSON that stay exact. */
const integer = z.int()

export const modelName = z
  .string()
  .optional()
  .describe('One of the names that /v1/models lists; a server with one model takes any, or none.')

/** Most tokens of an answer; llama.cpp's clients say -1 for no limit. */
export const maxTokens = z.union([z.literal(-1), integer.min(1)]).nullish()

/** The limit as the engine takes it, of the first that is given. */
export function tokenLimit(...given: readonly (number | null | undefined)[]): number | undefined {
  const limit = given.find((value) => value !== undefined && value !== null)
  return limit === undefined || limit === null || limit < 0 ? undefined : limit
}

/** 64 bits, with a sign or without: clients draw seeds from all of them. */
export const seedField = z
  .number()
  .refine(Number.isInteger, 'expected a whole number')
  .min(-(2 ** 63))
  .max(2 ** 64)
  .nullish()

/** Answers of one request have seeds that follow its own, which have to be exact too. */
const LARGEST_SEED = Number.MAX_SAFE_INTEGER - 128

/** Of a seed that JSON's numbers do not hold exactly, the bits that they do. */
export function seedOf(seed: number | null | undefined): number | undefined {
  if (seed === null || seed === undefined) return undefined
  return Math.abs(seed) <= LARGEST_SEED ? seed : Math.trunc(seed / 2 ** 12)
}

export const tokenIds = z.array(integer.min(0)).min(1)

/** More than any API that counts them allows: editors and chat programs send one for each of their marks and names. */
export const stopStrings = z.array(z.string()).max(128)

/** Sampling as the OpenAI API has it, with the engine's own besides. What is left out comes from the model's own defaults. */
export const samplingFields = {
  temperature: z
    .number()
    .min(0)
    .max(100)
    .nullish()
    .describe('0 takes the most likely token. Default: the model’s own.'),
  top_p: z.number().min(0).max(1).nullish().describe('Only the likeliest tokens that reach this probability together.'),
  top_k: integer.min(-1).nullish().describe('Only the k likeliest tokens; 0 or -1 is off.'),
  min_p: z.number().min(0).max(1).nullish().describe('Only tokens with this share of the likeliest one’s probability.'),
  repetition_penalty: z.number().min(0.01).max(100).nullish().describe('Above 1 discourages what was there before.'),
  repeat_penalty: z.number().min(0.01).max(100).nullish().describe('Another name of repetition_penalty.'),
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
  seed: seedField.describe('The same seed gives the same answer.'),
  stop: z
    .union([z.string(), stopStrings])
    .nullish()
    .describe('Text that ends the answer and is not part of it; empty texts say nothing.'),
  stop_token_ids: z.array(integer.min(0)).max(128).nullish().describe('Further tokens that end the answer.'),
  ignore_eos: z.boolean().nullish().describe('Go on after the model’s own end.'),
}

type SamplingFields = z.output<z.ZodObject<typeof samplingFields>>

/** The engine's options from the fields of a request. */
export function samplingOptions(fields: SamplingFields): AnswerOptions {
  const { top_p, logit_bias, stop } = fields
  return {
    temperature: fields.temperature ?? undefined,
    // The engine takes "above 0"; so little leaves one token, which is what 0 means.
    topP: top_p === 0 ? Number.EPSILON : (top_p ?? undefined),
    topK: fields.top_k === -1 ? 0 : (fields.top_k ?? undefined),
    minP: fields.min_p ?? undefined,
    repetitionPenalty: fields.repetition_penalty ?? fields.repeat_penalty ?? undefined,
    frequencyPenalty: fields.frequency_penalty ?? undefined,
    presencePenalty: fields.presence_penalty ?? undefined,
    logitBias: logit_bias ? new Map(Object.entries(logit_bias).map(([id, bias]) => [Number(id), bias])) : undefined,
    seed: seedOf(fields.seed),
    stop: stopOf(stop),
    mustAnswer: true,
    stopIds: fields.stop_token_ids ?? undefined,
    ignoreEos: fields.ignore_eos ?? undefined,
  }
}

/** An empty text is no text to stop at. */
export function stopOf(stop: string | readonly string[] | null | undefined): string[] | undefined {
  const texts = (typeof stop === 'string' ? [stop] : (stop ?? [])).filter((text) => text !== '')
  return texts.length > 0 ? texts : undefined
}

/** @throws ApiError 400 for a bias of an id that is no token: one that only pads the vocabulary never comes, whatever is added */
export function checkBias(
  { engine: { info } }: { readonly engine: { readonly info: Pick<EngineInfo, 'vocabSize' | 'tokenCount'> } },
  fields: Pick<SamplingFields, 'logit_bias'>,
): void {
  const { vocabSize, tokenCount = vocabSize } = info
  const padded = Object.keys(fields.logit_bias ?? {}).find((id) => Number(id) >= tokenCount)
  if (padded === undefined) return
  const param = `logit_bias.${padded}`
  throw badRequest(param, `${param}: expected an id of a token, 0 to ${tokenCount - 1}`)
}

/** Tells clients when the same seed may give another answer: the model or how it computes is another. */
export function fingerprintOf({ source: { info } }: Pick<ServedModel, 'source'>): string {
  if (!info) return 'fp_loading'
  const { architecture, parameters, precision, backend } = info
  return `fp_${architecture}_${parameters}_${backend}_${precision}`
}
