/*
 * kaiyuan/ai: engines as models of Vercel's AI SDK, which need not be installed for it.
 */
export { kaiyuan, kaiyuanEmbedding } from './agent/ai/provider.js'
export type { EmbeddingSettings, KaiyuanSettings, SdkModelOf, Specification } from './agent/ai/provider.js'
export type { KaiyuanOptions } from './agent/ai/request.js'
export type { SdkEmbeddingModel, SdkModel, StreamPart } from './agent/ai/types.js'
