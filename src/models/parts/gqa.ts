/** Grouped-query attention (arXiv 2305.13245), as a config describes it and as ops. */
import { z } from 'zod'
import { matrix, vector, view, type GraphBuilder } from '../../graph/builder.js'
import type { AttentionSpan, RopeTable, Value, View, Weight } from '../../graph/ops.js'
import { refuseKey, requireMultiple, requirePerLayer } from './config.js'
import { project } from './layers.js'

/** Keys of the heads, in addition to those of COMMON. */
export const HEADS = {
  num_key_value_heads: z.number().int().min(1).max(65536).nullish(),
  head_dim: z.number().int().min(2).max(65536).nullish(),
}

/** Positions that a query sees; absent or null where it is all before it. */
export const spanLength = z.number().int().min(1).max(1e9).nullish()

/**
 * The kind of each layer: as the config lists them, or by the family's rule.
 * @throws UserError for a list of another length.
 */
export function layerTypes<T extends string>(
  c: { num_hidden_layers: number; layer_types?: readonly T[] | null | undefined },
  where: string,
  rule: (layer: number) => T,
): readonly T[] {
  const n = c.num_hidden_layers
  if (!c.layer_types) return Array.from({ length: n }, (_, i) => rule(i))
  requirePerLayer(where, 'layer_types', c.layer_types, n)
  return c.layer_types
}

export interface Heads {
  readonly nHeads: number
  readonly nKvHeads: number
  readonly headDim: number
}

/** @throws UserError when the numbers do not fit together. */
export function headsOf(
  c: {
    num_attention_heads: number
    num_key_value_heads?: number | null | undefined
    head_dim?: number | null | undefined
    hidden_size: number
  },
  where: string,
): Heads {
  const nHeads = c.num_attention_heads
  const nKvHeads = c.num_key_value_heads ?? nHeads
  if (!c.head_dim) requireMultiple(where, 'hidden_size', c.hidden_size, 'num_attention_heads', nHeads)
  const headDim = c.head_dim ?? c.hidden_size / nHeads
  requireMultiple(where, 'num_attention_heads', nHeads, 'num_key_value_heads', nKvHeads)
  requireMultiple(where, 'head_dim', headDim, 'a pair', 2)
  return { nHeads, nKvHeads, headDim }
}

/**
 * Columns of a head that are rotated. The factor is published next to the rope's other numbers or among them.
 * @throws UserError when they are not whole pairs.
 */
export function partialRotary(
  c: { partial_rotary_factor?: number | undefined; rope_parameters?: Record<string, unknown> | null | undefined },
  headDim: number,
  otherwise: number,
  where: string,
): number {
  const factor = c.partial_rotary_factor ?? c.rope_parameters?.['partial_rotary_factor'] ?? otherwise
  if (typeof factor !== 'number' || !(factor > 0 && factor <= 1))
    refuseKey(where, 'partial_rotary_factor', 'a number above 0 and up to 1', JSON.stringify(factor))
  const rotated = Math.floor(headDim * factor)
  if (rotated < 2) refuseKey(where, 'partial_rotary_factor', `enough for 2 columns of head_dim (${headDim})`, factor)
  requireMultiple(where, 'the rotated part of head_dim', rotated, 'a pair', 2)
  return rotated
}

export interface AttentionShape extends Heads {
  readonly eps: number
  /** q, k and v have biases (Qwen2). */
  readonly qkvBias?: boolean
  readonly outBias?: boolean
  /** Norms of q and k before the rotation: of each head (Qwen3), or of all heads as one (MiniMax-M2). */
  readonly qkNorm?: 'heads' | 'whole' | undefined
  /** Where norms are published less one. */
  readonly normOffset?: 0 | 1
  /** Rotates the first columns of each head, as many as it has angles for. */
  readonly table: RopeTable
  /** Of products of q and k; by default headDim^-0.5. */
  readonly scale?: number
  readonly span?: AttentionSpan | undefined
  readonly softcap?: number | undefined
  readonly sinks?: Weight
  /** The output is multiplied by the sigmoid of a gate, whose rows lie in q_proj after each head's (Qwen3-Next). */
  readonly outputGate?: boolean
  /** Queries are multiplied by it after the rotation (ScaleOp). */
  readonly temperature?: { beta: number; length: number; shift: number } | undefined
}

/** Attention with half-split rotation; x [T, D] -> [T, D]. */
export function gqaAttention(b: GraphBuilder, x: View, name: string, s: AttentionShape): Value {
  const { nHeads, nKvHeads, headDim } = s
  // Of q_proj's rows each head has its own, and as many of its gate where there is one.
  const halfOfQ = (which: 'query' | 'gate', firstRow: number): Value => {
    const whole = { tensor: `${name}.q_proj.weight`, shape: [2 * nHeads * headDim, x.width] }
    const part = { ...whole, firstRow, rowRun: headDim, rowStep: 2 * headDim }
    return b.linear(x, matrix(`${name}.${which}_proj.weight`, nHeads * headDim, x.width, { part }))
  }
  const q = s.outputGate ? halfOfQ('query', 0) : project(b, x, `${name}.q_proj`, nHeads * headDim, s.qkvBias) // [T, H * E]
  const k = project(b, x, `${name}.k_proj`, nKvHeads * headDim, s.qkvBias) // [T, K * E]
  const v = project(b, x, `${name}.v_proj`, nKvHeads * headDim, s.qkvBias)
  for (const [value, nHere, which] of [
    [q, nHeads, 'q_norm'],
    [k, nKvHeads, 'k_norm'],
  ] as const) {
    if (s.qkNorm) {
      const heads = s.qkNorm === 'heads' ? nHere : 1
      const weight = vector(`${name}.${which}.weight`, value.width / heads)
      b.rmsNorm(value, weight, s.eps, { heads, weightOffset: s.normOffset ?? 0, out: view(value) })
    }
    const dim = s.table.invFreq.length * 2
    b.rope({ x: { value, offset: 0, stride: headDim }, nHeads: nHere, dim, pairs: 'half', table: s.table })
  }
  if (s.temperature) b.scale(q, 1, { temperature: s.temperature, out: view(q) })
  const { scale = headDim ** -0.5, span, softcap, sinks } = s
  const out = b.attention(q, k, v, { nHeads, nKvHeads, headDim, scale, span, softcap, sinks })
  if (s.outputGate) b.sigmoidGate(out, halfOfQ('gate', headDim))
  return project(b, out, `${name}.o_proj`, x.width, s.outBias)
}
