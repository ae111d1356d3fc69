import { endianness } from 'node:os'
import { embeddingSchema, type EmbeddingRequest } from './embedding-schema.js'
import { post, type Call } from '../route.js'

/** OpenAI's embeddings: https://platform.openai.com/docs/api-reference/embeddings */
export const embeddingsRoute = post({
  path: '/v1/embeddings',
  summary: 'Vectors of texts: the final states of any model, of length 1',
  tag: 'OpenAI',
  body: embeddingSchema,
  handle: embeddings,
})

async function embeddings({ body, scope }: Call<EmbeddingRequest>): Promise<Response> {
  scope.promptParam = 'input'
  const model = scope.state.models.find(body.model)
  const { input } = body
  const one = typeof input === 'string' || typeof input[0] === 'number'
  const inputs = (one ? [input] : input) as (string | number[])[]
  scope.notes.model = model.name
  const leave = await model.admission.enter(scope.client, 1, scope.signal)
  scope.onEnd(leave)
  const { engine } = model
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
    model: body.model,
    data: vectors.map((vector, index) => ({ object: 'embedding', index, embedding: encode(vector) })),
    usage: { prompt_tokens: tokens, total_tokens: tokens },
  })
}

/** Little-endian f32. */
function base64(vector: Float32Array): string {
  const bytes = Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength)
  return (endianness() === 'LE' ? bytes : Buffer.from(bytes).swap32()).toString('base64')
}
