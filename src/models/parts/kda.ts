/** Kimi Delta Attention (arXiv 2510.26692): the gated delta rule in which every key channel decays by itself. */
import { z } from 'zod'
import { matrix, numbers, vector, view, type GraphBuilder } from '../../graph/builder.js'
import type { Value, View } from '../../graph/ops.js'
import { CONV_TAPS } from '../../graph/ops/recurrent.js'
import { refuseKey, requireMultiple, size } from './config.js'
import { project } from './layers.js'

// ---- config

export const KDA_CONFIG = {
  linear_attn_config: z.object({
    /** Counted from 1. */
    full_attn_layers: z.array(z.number().int().min(1)),
    kda_layers: z.array(z.number().int().min(1)),
    num_heads: size,
    head_dim: size,
    short_conv_kernel_size: z.number().int(),
    gate_lower_bound: z.number().nullish(),
    use_full_rank_gate: z.boolean().nullish(),
  }),
}
export type KdaConfig = z.infer<z.ZodObject<typeof KDA_CONFIG>>

/** @throws UserError for what {@link kda} does not do, and for layers of which the config does not say what they are. */
export function checkKda(c: KdaConfig & { readonly num_hidden_layers: number }, where: string): void {
  const { short_conv_kernel_size: taps, head_dim, full_attn_layers, kda_layers } = c.linear_attn_config
  if (taps !== CONV_TAPS) refuseKey(where, 'linear_attn_config.short_conv_kernel_size', String(CONV_TAPS), taps)
  requireMultiple(where, 'linear_attn_config.head_dim', head_dim, 'a vector', 4)
  for (let layer = 1; layer <= c.num_hidden_layers; layer++) {
    const full = full_attn_layers.includes(layer)
    if (full === kda_layers.includes(layer))
      refuseKey(
        where,
        `layer ${layer}`,
        'in one of full_attn_layers and kda_layers',
        full ? 'it in both' : 'it in neither',
      )
  }
}

// ---- graph

/** What differs between the families. */
export interface KdaOptions {
  readonly eps: number
  /** Published shape of A_log, which holds at least a number per head. */
  readonly rateShape: readonly number[]
  /** Decay by DecayOp's bounded rule (Kimi K3). */
  readonly bound?: number
  /** The output gate is one matrix g_proj (Kimi K3), not the product of two. */
  readonly fullRankGate?: boolean
}

/** x [T, D] -> [T, D]. */
export function kda(b: GraphBuilder, x: View, name: string, c: KdaConfig, options: KdaOptions): Value {
  const { num_heads: nHeads, head_dim: E } = c.linear_attn_config
  const { eps, bound, rateShape } = options
  const n = nHeads * E
  const convolved = (part: string): View =>
    b.shortConv(project(b, x, `${name}.${part}_proj`, n), numbers(`${name}.${part}_conv1d.weight`, [n, 1, CONV_TAPS]))
  const [q, k, v] = [convolved('q'), convolved('k'), convolved('v')] // [T, H * E]
  const decay = view(project(b, project(b, x, `${name}.f_a_proj`, E), `${name}.f_b_proj`, n)) // [T, H * E]
  const [rate, bias] = [numbers(`${name}.A_log`, rateShape), vector(`${name}.dt_bias`, n)]
  b.decay(decay, rate, bias, { nHeads, ...(bound !== undefined && { bound }) })
  // One number per head decides what is written: it stays as published.
  const beta = b.linear(x, matrix(`${name}.b_proj.weight`, nHeads, x.width, { quantizable: false })) // [T, H]
  const shape = { nHeads, nKeyHeads: nHeads, keyDim: E, valueDim: E }
  const out = b.deltaRule({ q, k, v, decay, beta }, shape) // [T, H * E]
  const gate = options.fullRankGate
    ? project(b, x, `${name}.g_proj`, n)
    : project(b, project(b, x, `${name}.g_a_proj`, E), `${name}.g_b_proj`, n)
  const gated = b.gatedNorm(out, gate, vector(`${name}.o_norm.weight`, E), { eps, activation: 'sigmoid' })
  return project(b, gated, `${name}.o_proj`, x.width)
}
