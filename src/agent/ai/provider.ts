import type { EngineLike, Pooling } from '../../remote/engine-like.js'
import { UserError } from '../../errors.js'
import { KaiyuanModel, modelIdOf, type SdkEngine } from './model.js'
import type { KaiyuanOptions } from './request.js'
import type { EndingV2, SdkEmbeddingModel, SdkModel, WarningV2 } from './types.js'
import { KaiyuanModelV2 } from './v2.js'

/** Versions of the specification: v3 is taken by ai 6 and ai 7, v4 by ai 7 alone, v2 by ai 5 and later. */
export type Specification = 'v2' | 'v3' | 'v4'

/** A model as a version of the specification has it. */
export type SdkModelOf<V extends Specification> = V extends 'v2' ? SdkModel<'v2', EndingV2, WarningV2> : SdkModel<V>

export type KaiyuanSettings<V extends Specification = 'v3'> = KaiyuanOptions & {
  /** v3 by default, which ai 6 and ai 7 take; v2 for ai 5. */
  readonly specification?: V | undefined
}

/**
 * An engine as a language model of the AI SDK, in this thread or behind a worker.
 * @throws UserError invalid_argument for a specification that does not exist
 * @example
 * const model = kaiyuan(engine, { seed: 1 })
 * const prompt = [{ role: 'user', content: [{ type: 'text', text: 'Hello' }] }] as const
 * const { content, finishReason } = await model.doGenerate({ prompt, maxOutputTokens: 8 })
 * console.log(content.length, finishReason.raw !== undefined) // 1 true
 */
export function kaiyuan<V extends Specification = 'v3'>(
  engine: SdkEngine,
  { specification, ...settings }: KaiyuanSettings<V> = {},
): SdkModelOf<V> {
  const version: Specification = specification ?? 'v3'
  checkSpecification(version)
  const model =
    version === 'v2'
      ? new KaiyuanModelV2(new KaiyuanModel('v3', engine, settings))
      : new KaiyuanModel(version, engine, settings)
  return model as unknown as SdkModelOf<V>
}

export interface EmbeddingSettings<V extends Specification = 'v3'> {
  readonly specification?: V | undefined
  /** last by default. */
  readonly pooling?: Pooling | undefined
}

/**
 * An engine as an embedding model of the AI SDK.
 * @throws UserError invalid_argument likewise
 * @example
 * const { embeddings } = await kaiyuanEmbedding(engine).doEmbed({ values: ['cat', 'dog'] })
 * console.log(embeddings.length) // 2
 */
export function kaiyuanEmbedding<V extends Specification = 'v3'>(
  engine: Pick<EngineLike, 'encode' | 'embed' | 'info'>,
  { specification, pooling }: EmbeddingSettings<V> = {},
): SdkEmbeddingModel<V> {
  const version = specification ?? ('v3' as V)
  checkSpecification(version)
  return {
    specificationVersion: version,
    provider: 'kaiyuan',
    modelId: modelIdOf(engine),
    maxEmbeddingsPerCall: undefined,
    supportsParallelCalls: true,
    async doEmbed({ values, abortSignal }) {
      abortSignal?.throwIfAborted()
      const ids = await Promise.all(values.map(async (value) => engine.encode(value)))
      const vectors = await Promise.all(ids.map((one) => engine.embed(one, pooling, abortSignal)))
      const tokens = ids.reduce((sum, one) => sum + one.length, 0)
      return { embeddings: vectors.map((vector) => Array.from(vector)), usage: { tokens }, warnings: [] }
    },
  }
}

function checkSpecification(version: string): void {
  if (version === 'v2' || version === 'v3' || version === 'v4') return
  throw new UserError(`specification: expected v2, v3 or v4; found ${version}`, 'invalid_argument')
}
