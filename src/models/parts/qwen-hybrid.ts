/**
 * What Qwen3-Next and Qwen3.5 share: three layers of Gated DeltaNet, then one of attention whose output is gated; norms
 * that are published less one. The layer for multi-token prediction (`mtp.*`) is one of attention, and loaded when it is asked
 * for; what sees images is not.
 */
import { z } from 'zod'
import type { Checkpoint } from '../../checkpoint/checkpoint.js'
import { GraphBuilder, matrix } from '../../graph/builder.js'
import type { Value, View } from '../../graph/ops.js'
import type { Program } from '../../graph/program.js'
import { COMMON, activationOf, checkExperts, expertCount, readConfig } from './config.js'
import { DELTA_NET_CONFIG, checkDeltaNet, gatedDeltaNet } from './gated-delta-net.js'
import { HEADS, gqaAttention, headsOf, layerTypes, partialRotary } from './gqa.js'
import { beginMlp, gatedMlp, logits, norm } from './layers.js'
import { QWEN_MTP, buildWithMtp, checkMtp, deepseekMtp, type MtpNames } from './mtp.js'
import { chooseExperts, chosenExperts, plainRule, type RoutedSizes } from './mixture.js'
import { makeRope } from './rope.js'
import { embeddingAndHead, textModel } from './text-model.js'

// ---- config

const LAYER_TYPES = z.enum(['linear_attention', 'full_attention'])

export const HYBRID_CONFIG = {
  ...COMMON,
  ...HEADS,
  ...DELTA_NET_CONFIG,
  attention_bias: z.literal(false).default(false),
  attn_output_gate: z.literal(true).default(true),
  partial_rotary_factor: z.number().optional(),
  layer_types: z.array(LAYER_TYPES).nullish(),
  full_attention_interval: z.number().int().min(1).default(4),
  // Qwen3-Next has the layer and does not say so.
  mtp_num_hidden_layers: z.number().int().min(0).default(1),
}

const width = z.number().int().min(1).max(1e7)

export const HYBRID_MIXTURE_CONFIG = {
  // Without dense layers it is not always there.
  intermediate_size: width.default(1),
  num_experts: expertCount,
  num_experts_per_tok: expertCount,
  moe_intermediate_size: width,
  shared_expert_intermediate_size: width,
}

type HybridConfig = z.infer<z.ZodObject<typeof HYBRID_CONFIG>>
type HybridMixtureConfig = HybridConfig & z.infer<z.ZodObject<typeof HYBRID_MIXTURE_CONFIG>>

/** What follows the attention of a layer; x [T, D] -> [T, D]. */
export type Feed = (b: GraphBuilder, x: View, name: string, layer: number) => Value

// ---- graph

/** `feedOf` gets the text model's config. @param mtp with the draft of the layer past the last one */
export function buildHybrid<C extends HybridConfig>(
  checkpoint: Checkpoint,
  mtp: boolean,
  schema: () => z.ZodType<C>,
  feedOf: (c: C) => Feed,
): Program {
  const where = checkpoint.name
  const place = textModel(checkpoint)
  const c = readConfig(schema, place.config, where)
  checkDeltaNet(c, where)
  const further = mtpNames(checkpoint, c.num_hidden_layers)
  if (mtp) checkMtp(checkpoint, further, ['mtp_num_hidden_layers', c.mtp_num_hidden_layers])
  const types = layerTypes(c, where, (i) =>
    (i + 1) % c.full_attention_interval === 0 ? 'full_attention' : 'linear_attention',
  )
  const heads = headsOf(c, where)
  const eps = c.rms_norm_eps
  const feed = feedOf(c)
  // Norms are published less one, but for those of DeltaNet's output.
  const normOffset = 1

  const b = new GraphBuilder()
  const rope = makeRope(c, partialRotary(c, heads.headDim, 0.25, where))
  const table = b.ropeTable(rope.invFreq, rope.attentionFactor)
  const attention = { ...heads, eps, table, qkNorm: 'heads', normOffset, outputGate: true } as const
  const { embedding, head } = embeddingAndHead(checkpoint, c, place)
  const block = (x: Value, layer: string, type: (typeof types)[number], i: number): Value => {
    const h = norm(b, x, `${layer}.input_layernorm`, eps, normOffset)
    const y =
      type === 'full_attention'
        ? gqaAttention(b, h, `${layer}.self_attn`, attention)
        : gatedDeltaNet(b, h, `${layer}.linear_attn`, c, eps, checkpoint)
    const z = b.add(x, y)
    return b.add(z, feed(b, norm(b, z, `${layer}.post_attention_layernorm`, eps, normOffset), `${layer}.mlp`, i))
  }
  let x = b.embed(embedding) // [T, D]
  for (let i = 0; i < c.num_hidden_layers; i++) {
    b.layer(i)
    x = block(x, `${place.model}.layers.${i}`, types[i]!, i)
  }
  const [layers, positions, finalNorm] = [c.num_hidden_layers, c.max_position_embeddings, `${place.model}.norm`]
  if (!mtp) return b.build(logits(b, x, finalNorm, eps, head, normOffset), positions)
  const last = (y: Value, layer: string): Value => block(y, layer, 'full_attention', 0)
  const parts = { names: further, embedding, head, eps, normOffset, block: last } as const
  return buildWithMtp(b, x, { finalNorm, layers, positions }, parts)
}

/** As Qwen publishes the layer, or after the others, as llama.cpp's conversion has it. */
function mtpNames(checkpoint: Checkpoint, layers: number): MtpNames {
  const converted = deepseekMtp(layers)
  return checkpoint.has(`${converted.projection}.weight`) ? converted : QWEN_MTP
}

/** Routed experts by softmax, and a shared one with a gate of its own. */
export function sharedMixture(c: HybridMixtureConfig & { norm_topk_prob: boolean }, where: string): Feed {
  checkExperts(where, c.num_experts_per_tok, c.num_experts)
  const sizes: RoutedSizes = { ...c, n_routed_experts: c.num_experts, routed_scaling_factor: 1 }
  const rule = plainRule('softmax', c.norm_topk_prob)
  const activation = activationOf(c)
  return (b, x, name) => {
    const sharedExpert = beginMlp(b, x, `${name}.shared_expert`, c.shared_expert_intermediate_size, { activation })
    const gate = b.linear(x, matrix(`${name}.shared_expert_gate.weight`, 1, x.width, { quantizable: false }))
    const routing = chooseExperts(b, x, name, sizes, rule)
    // Before the matrices of those chosen, because here nothing waits for the choice.
    const shared = sharedExpert()
    b.sigmoidGate(shared, gate)
    return b.add(chosenExperts(b, x, routing, name, sizes, { activation, stacked: true }), shared)
  }
}

export function denseFeed(c: HybridConfig): Feed {
  return (b, x, name) => gatedMlp(b, x, name, c.intermediate_size, { activation: activationOf(c) })
}
