import { endianness } from 'node:os'
import { badRequest } from '../../http/api-error.js'
import { embeddingSchema, type EmbeddingRequest } from './embedding-schema.js'
import { post, type Call } from '../route.js'
import { checkCharacters } from '../token-work.js'

/** OpenAI's embeddings: https://platform.openai.com/docs/api-reference/embeddings */
export const embeddingsRoute = post({
  path: '/v1/embeddings',
  summary: 'Vectors of texts: the final states of any model, of length 1',
  tag: 'OpenAI',
  api: 'embeddings',
  body: embeddingSchema,
  handle: embeddings,
})

async function embeddings({ body, scope }: Call<EmbeddingRequest>): Promise<Response> {
  scope.promptParam = 'input'
  const model = scope.state.models.find(body.model)
  const { input } = body
  const one = typeof input === 'string' || input.every((part) => typeof part === 'number')
  const inputs = one ? [input] : input
  scope.notes.model = model.name
  const leave = await model.admission.enter(scope.client, 1, scope.signal)
  scope.onEnd(leave)
  const { engine } = model
  for (const text of inputs) if (typeof text === 'string') checkCharacters(text.length, engine, 'input')
  const prompts = await Promise.all(inputs.map(async (text) => (typeof text === 'string' ? engine.encode(text) : text)))
  // Side by side, so that inputs share their steps.
  const vectors = await Promise.all(
    prompts.map((ids) => engine.embed(ids, body.pooling, scope.signal, scope.cacheSalt)),
  )
  const tokens = prompts.reduce((sum, ids) => sum + ids.length, 0)
  scope.notes.promptTokens = tokens
  const encode = body.encoding_format === 'base64' ? base64 : (vector: Float32Array) => [...vector]
  return Response.json({
    object: 'list',
    model: model.name,
    data: vectors.map((vector, index) => ({
      object: 'embedding',
      index,
      embedding: encode(shortened(vector, body.dimensions)),
    })),
    usage: { prompt_tokens: tokens, total_tokens: tokens },
  })
}

/** The first numbers of a vector, as a vector of length 1. @throws ApiError where it has fewer */
function shortened(vector: Float32Array, dimensions: number | null | undefined): Float32Array {
  if (typeof dimensions !== 'number' || dimensions === vector.length) return vector
  if (dimensions > vector.length) {
    throw badRequest('dimensions', `dimensions: the vectors of this model have ${vector.length}; found ${dimensions}`)
  }
  const first = vector.slice(0, dimensions)
  const length = Math.hypot(...first)
  return length === 0 ? first : first.map((value) => value / length)
}

/** Little-endian f32. */
function base64(vector: Float32Array): string {
  const bytes = Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength)
  return (endianness() === 'LE' ? bytes : Buffer.from(bytes).swap32()).toString('base64')
}
