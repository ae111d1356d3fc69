/** Gated DeltaNet (arXiv 2412.06464): the gated delta rule in which a head decays as one. */
import { z } from 'zod'
import type { Checkpoint, TensorPart } from '../../checkpoint/checkpoint.js'
import { matrix, numbers, vector, view, type GraphBuilder } from '../../graph/builder.js'
import type { Value, View } from '../../graph/ops.js'
import { CONV_TAPS } from '../../graph/ops/recurrent.js'
import { refuseKey, requireMultiple, size } from './config.js'
import { project } from './layers.js'

// ---- config

export const DELTA_NET_CONFIG = {
  linear_conv_kernel_dim: z.number().int().default(CONV_TAPS),
  linear_key_head_dim: size,
  linear_value_head_dim: size,
  linear_num_key_heads: size,
  linear_num_value_heads: size,
}
export type DeltaNetConfig = z.infer<z.ZodObject<typeof DELTA_NET_CONFIG>>

/** @throws UserError for what {@link gatedDeltaNet} does not do. */
export function checkDeltaNet(c: DeltaNetConfig, where: string): void {
  const { linear_conv_kernel_dim: taps } = c
  if (taps !== CONV_TAPS) refuseKey(where, 'linear_conv_kernel_dim', String(CONV_TAPS), taps)
  requireMultiple(where, 'linear_key_head_dim', c.linear_key_head_dim, 'a vector', 4)
  requireMultiple(where, 'linear_value_head_dim', c.linear_value_head_dim, 'a vector', 4)
  const [values, keys] = [c.linear_num_value_heads, c.linear_num_key_heads]
  requireMultiple(where, 'linear_num_value_heads', values, 'linear_num_key_heads', keys)
}

// ---- weights

interface Sizes {
  readonly nKeyHeads: number
  readonly nHeads: number
  readonly keyDim: number
  readonly valueDim: number
  /** Columns of all keys, and of all values. */
  readonly keys: number
  readonly values: number
}

function sizesOf(c: DeltaNetConfig): Sizes {
  const [nKeyHeads, nHeads] = [c.linear_num_key_heads, c.linear_num_value_heads]
  const [keyDim, valueDim] = [c.linear_key_head_dim, c.linear_value_head_dim]
  return { nKeyHeads, nHeads, keyDim, valueDim, keys: nKeyHeads * keyDim, values: nHeads * valueDim }
}

/** Qwen3-Next publishes two matrices, in which each key head's rows lie together: q, k, v of its heads, z; and b, a. */
function packedParts(name: string, s: Sizes, D: number): Record<'q' | 'k' | 'v' | 'z' | 'b' | 'a', TensorPart> {
  const perKey = s.nHeads / s.nKeyHeads
  const own = perKey * s.valueDim
  const rowStep = 2 * s.keyDim + 2 * own
  const qkvz = { tensor: `${name}.in_proj_qkvz.weight`, shape: [2 * s.keys + 2 * s.values, D], rowStep }
  const ba = { tensor: `${name}.in_proj_ba.weight`, shape: [2 * s.nHeads, D], rowRun: perKey, rowStep: 2 * perKey }
  return {
    q: { ...qkvz, rowRun: s.keyDim, firstRow: 0 },
    k: { ...qkvz, rowRun: s.keyDim, firstRow: s.keyDim },
    v: { ...qkvz, rowRun: own, firstRow: 2 * s.keyDim },
    z: { ...qkvz, rowRun: own, firstRow: 2 * s.keyDim + own },
    b: { ...ba, firstRow: 0 },
    a: { ...ba, firstRow: perKey },
  }
}

// ---- graph

/** x [T, D] -> [T, D]. */
export function gatedDeltaNet(
  b: GraphBuilder,
  x: View,
  name: string,
  c: DeltaNetConfig,
  eps: number,
  checkpoint: Checkpoint,
): Value {
  const s = sizesOf(c)
  const { keys, values, nHeads } = s
  const parts = packedParts(name, s, x.width)
  const inputs = convInputs(b, x, name, s, parts, checkpoint)
  b.shortConv(inputs, numbers(`${name}.conv1d.weight`, [inputs.width, 1, CONV_TAPS]))
  const z = b.linear(x, matrix(`${name}.in_proj_z.weight`, values, x.width, { part: parts.z })) // [T, H * Ev]
  // One number per head decides what stays and what is written: these matrices stay as published.
  const perHead = (which: 'a' | 'b'): Value => {
    const options = { quantizable: false, part: parts[which] }
    return b.linear(x, matrix(`${name}.in_proj_${which}.weight`, nHeads, x.width, options)) // [T, H]
  }
  const [beta, decay] = [perHead('b'), view(perHead('a'))]
  b.decay(decay, vector(`${name}.A_log`, nHeads), vector(`${name}.dt_bias`, nHeads), { nHeads })
  const [q, k, v] = [view(inputs, 0, keys), view(inputs, keys, keys), view(inputs, 2 * keys, values)]
  const out = b.value(values) // [T, H * Ev]
  // Published, the value heads of one key head lie together. Tiled, head h is at key head h mod K: every run of K heads has
  // each key head once. No reader can put that back, for a block of a quantised out_proj spans the columns of several heads.
  const tiled = checkpoint.has(`${name}.tiled_out_proj.weight`)
  const run = tiled ? s.nKeyHeads : nHeads
  for (let head = 0; head < nHeads; head += run) {
    const own = (of: View, each: number): View => view(of.value, of.offset + head * each, run * each)
    const inputs = { q, k, v: own(v, s.valueDim), decay: own(decay, 1), beta: own(view(beta), 1) }
    b.deltaRule(inputs, { ...s, nHeads: run }, own(view(out), s.valueDim))
  }
  const gated = b.gatedNorm(out, z, vector(`${name}.norm.weight`, s.valueDim), { eps, activation: 'silu' })
  return project(b, gated, `${name}.${tiled ? 'tiled_out_proj' : 'out_proj'}`, x.width)
}

/** q, k and v of all heads side by side, as the convolution wants them. */
function convInputs(
  b: GraphBuilder,
  x: View,
  name: string,
  s: Sizes,
  parts: ReturnType<typeof packedParts>,
  checkpoint: Checkpoint,
): Value {
  const width = 2 * s.keys + s.values
  if (checkpoint.has(`${name}.in_proj_qkv.weight`)) return project(b, x, `${name}.in_proj_qkv`, width)
  const inputs = b.value(width)
  const places = { q: view(inputs, 0, s.keys), k: view(inputs, s.keys, s.keys), v: view(inputs, 2 * s.keys, s.values) }
  for (const which of ['q', 'k', 'v'] as const) {
    const part = parts[which]
    b.linearInto(x, matrix(`${name}.in_proj_${which}.weight`, places[which].width, x.width, { part }), places[which])
  }
  return inputs
}
