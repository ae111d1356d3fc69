/**
 * DeepSeek-V2 (arXiv 2405.04434), DeepSeek-V3 and R1 (arXiv 2412.19437), Kimi K2 (arXiv 2507.20534): multi-head latent
 * attention with absorbed weights, a few dense layers, then mixtures of experts with shared ones. Kimi K2.5 and later wrap
 * the same text model, with `language_model.` before its names. The layer past
 * num_hidden_layers predicts further tokens (MTP); it takes no part in an ordinary step and is loaded when it is asked for.
 */
import { z } from 'zod'
import type { Checkpoint } from '../checkpoint/checkpoint.js'
import { GraphBuilder, vector } from '../graph/builder.js'
import type { Value } from '../graph/ops.js'
import type { Program } from '../graph/program.js'
import type { GgufMetadata } from '../published/gguf-metadata.js'
import type { TensorShapes } from '../published/gguf.js'
import type { ModelDefinition } from './definition.js'
import { COMMON, readConfig } from './parts/config.js'
import { scoringOf } from './parts/gguf-config.js'
import { LATENT, latentConfig } from './parts/gguf-latent.js'
import { layerNames } from './parts/gguf-names.js'
import { gatedMlp, logits, norm } from './parts/layers.js'
import { checkMixture, MIXTURE_CONFIG, mixture, type RouteRule } from './parts/mixture.js'
import { checkMla, MLA_CONFIG, mla } from './parts/mla.js'
import { buildWithMtp, checkMtp, deepseekMtp } from './parts/mtp.js'
import { makeRope } from './parts/rope.js'
import { embeddingAndHead, textModel } from './parts/text-model.js'

export const deepseek: ModelDefinition = {
  modelTypes: ['deepseek_v2', 'deepseek_v3', 'kimi_k2', 'kimi_k25'],
  // generation_config.json of DeepSeek-R1.
  chatSampling: { temperature: 0.6, topP: 0.95 },
  published: {
    gguf: [
      {
        architecture: 'deepseek2',
        names: layerNames(LATENT),
        config: (meta, shapes) => deepseekFromGguf(meta, shapes, scoringOf(meta, 'softmax', 'sigmoid')),
      },
    ],
  },
  build: (checkpoint, options) => Promise.resolve(build(checkpoint, options?.mtp ?? false)),
}

// ---- config

const deepseekSchema = () =>
  z.object({
    ...COMMON,
    ...MLA_CONFIG,
    ...MIXTURE_CONFIG,
    model_type: z.enum(['deepseek_v2', 'deepseek_v3', 'kimi_k2']),
    first_k_dense_replace: z.number().int().min(0).default(0),
    moe_layer_freq: z.number().int().min(1).default(1),
    topk_method: z.enum(['greedy', 'group_limited_greedy', 'noaux_tc']).optional(),
    scoring_func: z.enum(['softmax', 'sigmoid']).optional(),
    num_nextn_predict_layers: z.number().int().min(0).nullish(),
  })
type Config = z.infer<ReturnType<typeof deepseekSchema>>

// ---- graph

function build(checkpoint: Checkpoint, mtp: boolean): Program {
  const text = textModel(checkpoint)
  const c = readConfig(deepseekSchema, text.config, checkpoint.name)
  checkMla(c, checkpoint.name)
  checkMixture(c, checkpoint.name)
  const names = deepseekMtp(c.num_hidden_layers)
  if (mtp) checkMtp(checkpoint, names, ['num_nextn_predict_layers', c.num_nextn_predict_layers])
  const b = new GraphBuilder()
  const rope = makeRope(c, c.qk_rope_head_dim)
  const table = b.ropeTable(rope.invFreq, rope.attentionFactor)
  const scale = (c.qk_nope_head_dim + c.qk_rope_head_dim) ** -0.5 * rope.softmaxFactor
  const { embedding, head } = embeddingAndHead(checkpoint, c, text)
  const eps = c.rms_norm_eps
  const block = (x: Value, layer: string, sparse: boolean): Value => {
    const h = norm(b, x, `${layer}.input_layernorm`, eps)
    const y = b.add(x, mla(b, h, `${layer}.self_attn`, c, { table, scale }, checkpoint))
    const g = norm(b, y, `${layer}.post_attention_layernorm`, eps)
    const mlp = `${layer}.mlp`
    return b.add(y, sparse ? mixture(b, g, mlp, c, ruleOf(c, mlp)) : gatedMlp(b, g, mlp, c.intermediate_size))
  }
  let x = b.embed(embedding) // [T, D]
  const isSparse = (i: number): boolean =>
    Boolean(c.n_routed_experts) && i >= c.first_k_dense_replace && i % c.moe_layer_freq === 0
  for (let i = 0; i < c.num_hidden_layers; i++) {
    b.layer(i)
    x = block(x, `${text.model}.layers.${i}`, isSparse(i))
  }
  const [layers, positions, finalNorm] = [c.num_hidden_layers, c.max_position_embeddings, `${text.model}.norm`]
  if (!mtp) return b.build(logits(b, x, finalNorm, eps, head), positions)
  const parts = { names, embedding, head, eps, block: (y: Value, layer: string) => block(y, layer, isSparse(layers)) }
  return buildWithMtp(b, x, { finalNorm, layers, positions }, parts)
}

/** V2 routes by softmax and does not normalise, V3 and K2 by sigmoid with a correction bias. */
function ruleOf(c: Config, name: string): RouteRule {
  const sigmoid = (c.scoring_func ?? (c.model_type === 'deepseek_v2' ? 'softmax' : 'sigmoid')) === 'sigmoid'
  const biased = (c.topk_method ?? (sigmoid ? 'noaux_tc' : 'greedy')) === 'noaux_tc'
  const grouped = biased || c.topk_method === 'group_limited_greedy'
  return {
    ...(biased && { bias: vector(`${name}.gate.e_score_correction_bias`, c.n_routed_experts!) }),
    scoring: sigmoid ? 'sigmoid' : 'softmax',
    nGroups: grouped ? (c.n_group ?? 1) : 1,
    topkGroups: grouped ? (c.topk_group ?? 1) : 1,
    groupScore: biased ? 'top2sum' : 'max',
    normalize: sigmoid && c.norm_topk_prob,
  }
}

// ---- GGUF

/** DeepSeek-V2 (softmax routing) or V3 and Kimi K2 (sigmoid routing). Early conversions of V3 and R1 left out its groups. */
export function deepseekFromGguf(meta: GgufMetadata, shapes: TensorShapes, scoring: 'softmax' | 'sigmoid') {
  const config = latentConfig(meta, shapes, scoring)
  const { model_type, n_routed_experts, num_hidden_layers } = config
  const groups = [meta.whole('expert_group_count'), meta.whole('expert_group_used_count')]
  if (model_type !== 'deepseek_v3' || n_routed_experts !== 256 || num_hidden_layers !== 61) return config
  return { ...config, n_group: groups[0] ?? 8, topk_group: groups[1] ?? 4 }
}
