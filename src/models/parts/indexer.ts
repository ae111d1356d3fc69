/** The lightning indexer of DeepSeek sparse attention, DeepSeek-V3.2 (arXiv 2512.02556), section 2.1. */
import { z } from 'zod'
import { matrix, vector, view, type GraphBuilder } from '../../graph/builder.js'
import type { RopeTable, Value, View } from '../../graph/ops.js'
import { refuseKey, requireMultiple, size } from './config.js'
import { project } from './layers.js'

// ---- config

export const INDEXER_CONFIG = {
  index_n_heads: size,
  index_head_dim: size,
  index_topk: z.number().int().min(1).max(1e6),
}
export type IndexerConfig = z.infer<z.ZodObject<typeof INDEXER_CONFIG>>

/** @throws UserError for shapes that {@link chooseByIndexer} does not have. */
export function checkIndexer(
  c: IndexerConfig & { readonly qk_rope_head_dim: number; readonly q_lora_rank?: number | null | undefined },
  where: string,
): void {
  if (!c.q_lora_rank) refuseKey(where, 'q_lora_rank', 'a number, which the indexer needs', 'none')
  requireMultiple(where, 'index_head_dim', c.index_head_dim, 'a vector', 4)
  if (c.qk_rope_head_dim > c.index_head_dim)
    refuseKey(where, 'qk_rope_head_dim', `at most index_head_dim (${c.index_head_dim})`, c.qk_rope_head_dim)
}

// ---- graph

/** The reference leaves it at LayerNorm's own default here. */
const KEY_NORM_EPS = 1e-6

/**
 * The positions that attention is to read: [T, topK]. x [T, D] is the block's input, low the queries' normed latent. The
 * first `ropeDim` columns of queries and keys are rotated. The reference's Hadamard transform of both is left out: it does
 * not change a product.
 */
export function chooseByIndexer(
  b: GraphBuilder,
  x: View,
  low: View,
  name: string,
  c: IndexerConfig,
  rope: { table: RopeTable; dim: number; pairs: 'half' | 'interleaved' },
): Value {
  const [nHeads, dim] = [c.index_n_heads, c.index_head_dim]
  const q = project(b, low, `${name}.wq_b`, nHeads * dim) // [T, H * E]
  const raw = project(b, x, `${name}.wk`, dim)
  const [weight, bias] = [vector(`${name}.k_norm.weight`, dim), vector(`${name}.k_norm.bias`, dim)]
  const k = b.layerNorm(raw, weight, bias, KEY_NORM_EPS) // [T, E]
  const { table, pairs } = rope
  b.rope({ x: { value: q, offset: 0, stride: dim }, nHeads, dim: rope.dim, pairs, table })
  b.rope({ x: { value: k.value, offset: 0, stride: dim }, nHeads: 1, dim: rope.dim, pairs, table })
  // They decide between near scores: as published also in fast mode.
  const weights = b.linear(x, matrix(`${name}.weights_proj.weight`, nHeads, x.width, { quantizable: false })) // [T, H]
  return b.index(q, view(k), weights, { nHeads, dim, topK: c.index_topk, scale: (nHeads * dim) ** -0.5 })
}
