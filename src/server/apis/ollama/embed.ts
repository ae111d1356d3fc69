import type { EngineLike } from '../../../remote/engine-like.js'
import type { RequestScope } from '../../admission/request.js'
import { badRequest } from '../../http/api-error.js'
import { post, type Call } from '../route.js'
import { checkCharacters } from '../token-work.js'
import { nanoseconds } from './answer.js'
import { findModel } from './names.js'
import { embedSchema, embeddingsSchema, type EmbeddingsRequest, type EmbedRequest } from './schema.js'

/** https://docs.ollama.com/api/embed */
export const ollamaEmbedRoute = post({
  path: '/api/embed',
  summary: 'Vectors of texts, in the form of Ollama',
  tag: 'Ollama',
  api: 'ollama-embed',
  body: embedSchema,
  async handle({ body, scope }: Call<EmbedRequest>) {
    scope.promptParam = 'input'
    // Without a text it only loads the model.
    const inputs = typeof body.input === 'string' ? [body.input].filter(Boolean) : (body.input ?? [])
    const { vectors, tokens } = await vectorsOf(body, inputs, scope)
    return Response.json({
      model: body.model,
      embeddings: vectors.map((vector) => [...vector]),
      total_duration: nanoseconds(performance.now() - scope.started),
      load_duration: 0,
      prompt_eval_count: tokens,
    })
  },
})

/** The form before /api/embed: one text. */
export const ollamaEmbeddingsRoute = post({
  path: '/api/embeddings',
  summary: 'The vector of one text, in the older form of Ollama',
  tag: 'Ollama',
  api: 'ollama-embed',
  body: embeddingsSchema,
  async handle({ body, scope }: Call<EmbeddingsRequest>) {
    scope.promptParam = 'prompt'
    // Without a text it only loads the model.
    const { vectors } = await vectorsOf(body, body.prompt ? [body.prompt] : [], scope)
    return Response.json({ embedding: [...(vectors[0] ?? [])] })
  },
})

async function vectorsOf(
  body: Pick<EmbedRequest, 'model' | 'truncate' | 'dimensions'>,
  inputs: readonly string[],
  scope: RequestScope,
): Promise<{ vectors: Float32Array[]; tokens: number }> {
  const model = findModel(scope.state.models, body.model)
  scope.notes.model = model.name
  scope.onEnd(await model.admission.enter(scope.client, 1, scope.signal))
  const { engine } = model
  for (const text of inputs) checkCharacters(text.length, engine, scope.promptParam ?? 'input')
  const prompts = await Promise.all(inputs.map((text) => idsOf(engine, text, body.truncate !== false)))
  const vectors = await Promise.all(prompts.map((ids) => engine.embed(ids, 'last', scope.signal, scope.cacheSalt)))
  const tokens = prompts.reduce((sum, ids) => sum + ids.length, 0)
  scope.notes.promptTokens = tokens
  return { vectors: vectors.map((vector) => shortened(vector, body.dimensions)), tokens }
}

async function idsOf(engine: EngineLike, text: string, truncate: boolean): Promise<number[]> {
  const ids = await engine.encode(text)
  return truncate ? ids.slice(0, engine.info.contextLength) : ids
}

function shortened(vector: Float32Array, dimensions: number | null | undefined): Float32Array {
  if (typeof dimensions !== 'number') return vector
  if (dimensions > vector.length) {
    throw badRequest('dimensions', `dimensions: expected at most ${vector.length}, found ${dimensions}`)
  }
  const cut = vector.slice(0, dimensions)
  const length = Math.hypot(...cut)
  return length > 0 ? cut.map((value) => value / length) : cut
}
