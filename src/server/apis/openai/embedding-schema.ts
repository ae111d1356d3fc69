import { z } from 'zod'
import { ignoredFields } from '../ignored.js'
import { modelName, tokenIds } from '../request-fields.js'

export const embeddingSchema = z
  .strictObject({
    model: modelName,
    input: z
      .union([
        z.string().min(1),
        z.array(z.string().min(1)).min(1).max(2048),
        tokenIds,
        z
          .array(z.union([z.string().min(1), tokenIds]))
          .min(1)
          .max(2048),
      ])
      .describe('Text or token ids, one or several.'),
    pooling: z.enum(['last', 'mean']).default('last').describe('The state of the last token, or the mean over all.'),
    encoding_format: z.enum(['float', 'base64']).default('float').describe('base64: little-endian f32.'),
    dimensions: z
      .int()
      .min(1)
      .nullish()
      .describe('Of each vector this many of its first numbers, brought to length 1 again.'),
    ...ignoredFields('embeddings'),
  })
  .meta({ title: 'EmbeddingRequest' })

export type EmbeddingRequest = z.output<typeof embeddingSchema>
