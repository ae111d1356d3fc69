/** Multi-head latent attention, DeepSeek-V2 (arXiv 2405.04434), section 2.1: what its families share. */
import { z } from 'zod'
import type { Checkpoint } from '../../checkpoint/checkpoint.js'
import { matrix, vector, view, type GraphBuilder } from '../../graph/builder.js'
import type { HeadLinearOperands, RopeTable, ScaleOp, Value, View } from '../../graph/ops.js'
import { requireMultiple, size, unsupported } from './config.js'
import { norm, project } from './layers.js'

// ---- config

export const MLA_CONFIG = {
  attention_bias: z.boolean().default(false),
  q_lora_rank: size.nullish(),
  kv_lora_rank: size,
  qk_nope_head_dim: size,
  qk_rope_head_dim: size,
  v_head_dim: size,
}
export type MlaConfig = z.infer<z.ZodObject<typeof MLA_CONFIG>> & { readonly num_attention_heads: number }

/** The reference builds the norms of the latents with its own default, whatever rms_norm_eps says. */
const LATENT_EPS = 1e-6

/** @throws UserError for what {@link mla} does not do. */
export function checkMla(c: MlaConfig, where: string): void {
  if (c.attention_bias) unsupported(where, 'attention_bias: true')
  requireMultiple(where, 'qk_rope_head_dim', c.qk_rope_head_dim, 'a pair', 2)
}

// ---- graph

/** What an architecture adds to the config. */
export interface MlaOptions {
  /** Absent: no rotation, and the columns that others rotate are used as they are (NoPE). */
  readonly table?: RopeTable
  /** Of the softmax. */
  readonly scale: number
  /** Multiplies the attention's output by the sigmoid of g_proj x (Kimi K3). */
  readonly outputGate?: boolean
  /** Of the queries, by position: ScaleOp's. */
  readonly temperature?: ScaleOp['temperature']
  /** The positions that attention is to read, from the block's input and the queries' latent; absent: all. */
  readonly choose?: (x: View, queryLatent: View) => Value
}

/**
 * Multi-head latent attention in absorbed form: the cache holds one latent [rank] and one rotated key [rope] per
 * position, the key half of kv_b goes into the queries and the value half into the outputs. x [T, D] -> [T, D].
 */
export function mla(
  b: GraphBuilder,
  x: View,
  name: string,
  c: MlaConfig,
  options: MlaOptions,
  checkpoint: Checkpoint,
): Value {
  const nHeads = c.num_attention_heads
  const [nope, ropeDim, v, rank] = [c.qk_nope_head_dim, c.qk_rope_head_dim, c.v_head_dim, c.kv_lora_rank]
  const { table, scale, choose } = options
  const { q, low } = queries(b, x, name, c) // [T, H * (nope + rope)]
  const latent = project(b, x, `${name}.kv_a_proj_with_mqa`, rank + ropeDim) // [T, rank + rope]
  const compressed = view(latent, 0, rank)
  b.rmsNorm(compressed, vector(`${name}.kv_a_layernorm.weight`, rank), LATENT_EPS, { out: compressed })
  const rotation = { dim: ropeDim, pairs: 'interleaved' } as const
  if (table) b.rope({ x: { value: latent, offset: rank, stride: ropeDim }, nHeads: 1, ...rotation, table })

  const absorbed = b.value(nHeads * (rank + ropeDim)) // [T, H * (rank + rope)]
  const qHead = { value: q, offset: 0, stride: nope + ropeDim }
  const absorbedHead = { value: absorbed, offset: 0, stride: rank + ropeDim }
  const outputs = b.value(nHeads * v) // [T, H * v]
  const { keys, values } = absorbedWeights(name, c, checkpoint)
  const [q2, absorbed2] = [
    { ...qHead, offset: nope },
    { ...absorbedHead, offset: rank },
  ]
  if (table) b.rope({ x: q2, out: absorbed2, nHeads, ...rotation, table })
  else b.copyHeads(q2, absorbed2, nHeads, ropeDim)
  b.headLinear({ x: qHead, ...keys, nHeads, out: absorbedHead })
  const { temperature } = options
  if (temperature) b.scale(absorbed, 1, { temperature, out: view(absorbed) })
  const shape = { nHeads, rank, ropeDim, scale }
  const chosen = low && choose?.(x, low)
  const attended = chosen // [T, H * rank]
    ? b.sparseAttention(absorbed, latent, { ...shape, window: 0 }, { chosen })
    : b.mlaAttention(absorbed, latent, shape)
  b.headLinear({
    x: { value: attended, offset: 0, stride: rank },
    ...values,
    nHeads,
    out: { value: outputs, offset: 0, stride: v },
  })
  if (options.outputGate) b.sigmoidGate(outputs, project(b, x, `${name}.g_proj`, nHeads * v))
  return project(b, outputs, `${name}.o_proj`, x.width)
}

type HeadMatrices = Pick<HeadLinearOperands, 'weight' | 'rowOffset' | 'rowStride' | 'rows' | 'transposed'>

/** Both halves of kv_b. GGUF keeps them apart, the key half already transposed. */
function absorbedWeights(
  name: string,
  c: MlaConfig,
  checkpoint: Checkpoint,
): { keys: HeadMatrices; values: HeadMatrices } {
  const { num_attention_heads: nHeads, qk_nope_head_dim: nope, v_head_dim: v, kv_lora_rank: rank } = c
  if (checkpoint.has(`${name}.k_b_proj.weight`)) {
    const [k, values] = [`${name}.k_b_proj.weight`, `${name}.v_b_proj.weight`]
    const own = (rows: number) => ({ rowOffset: 0, rowStride: rows, rows, transposed: false })
    return {
      keys: { weight: matrix(k, nHeads * rank, nope), ...own(rank) },
      values: { weight: matrix(values, nHeads * v, rank), ...own(v) },
    }
  }
  const weight = matrix(`${name}.kv_b_proj.weight`, nHeads * (nope + v), rank)
  return {
    keys: { weight, rowOffset: 0, rowStride: nope + v, rows: nope, transposed: true },
    values: { weight, rowOffset: nope, rowStride: nope + v, rows: v, transposed: false },
  }
}

/** Queries [T, H * (nope + rope)], and the normed latent that they come from where there is one. */
function queries(b: GraphBuilder, x: View, name: string, c: MlaConfig): { q: Value; low?: View } {
  const n = c.num_attention_heads * (c.qk_nope_head_dim + c.qk_rope_head_dim)
  if (!c.q_lora_rank) return { q: project(b, x, `${name}.q_proj`, n) }
  const low = norm(b, project(b, x, `${name}.q_a_proj`, c.q_lora_rank), `${name}.q_a_layernorm`, LATENT_EPS)
  return { q: project(b, low, `${name}.q_b_proj`, n), low }
}
