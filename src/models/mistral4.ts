/**
 * Mistral Small 4 and Mistral Large 3: DeepSeek's latent attention and shared experts, with queries that grow with the
 * position and a softmax router without bias. Small 4 comes inside of a wrapper, mistral3, that also sees.
 */
import { z } from 'zod'
import type { Checkpoint } from '../checkpoint/checkpoint.js'
import { GraphBuilder } from '../graph/builder.js'
import type { Program } from '../graph/program.js'
import { shortText } from '../json.js'
import type { JsonObject } from '../json.js'
import type { GgufMetadata } from '../published/gguf-metadata.js'
import type { TensorShapes } from '../published/gguf.js'
import type { MistralParams } from '../published/mistral.js'
import type { ModelDefinition } from './definition.js'
import { COMMON, expertCount, readConfig } from './parts/config.js'
import { scoringOf } from './parts/gguf-config.js'
import { LATENT, latentConfig } from './parts/gguf-latent.js'
import { STACKED_GATE_UP, layerNames } from './parts/gguf-names.js'
import { gatedMlp, logits, norm } from './parts/layers.js'
import { mistralConfig, mistralMlp, mistralNames } from './parts/mistral-form.js'
import { checkMixture, MIXTURE_CONFIG, mixture, plainRule } from './parts/mixture.js'
import { checkMla, MLA_CONFIG, mla } from './parts/mla.js'
import { makeRope } from './parts/rope.js'
import { embeddingAndHead, textModel } from './parts/text-model.js'

/** Experts are published stacked, gate and up in one. */
const GGUF_NAMES = layerNames(LATENT, STACKED_GATE_UP)

/** Mistral's own. Latent attention keeps pairs side by side in both forms. */
const OWN_NAMES = mistralNames({
  'attention.wq_a': 'self_attn.q_a_proj',
  'attention.q_a_norm': 'self_attn.q_a_layernorm',
  'attention.wq_b': 'self_attn.q_b_proj',
  'attention.wkv_a_with_mqa': 'self_attn.kv_a_proj_with_mqa',
  'attention.kv_a_norm': 'self_attn.kv_a_layernorm',
  'attention.wkv_b': 'self_attn.kv_b_proj',
  gate: 'mlp.gate',
  ...mistralMlp('shared_experts', 'mlp.shared_experts'),
  ...mistralMlp('experts.{e}', 'mlp.experts.{e}'),
})

export const mistral4: ModelDefinition = {
  modelTypes: ['mistral4'],
  published: {
    gguf: [
      { architecture: 'mistral4', names: GGUF_NAMES, config: configFromGguf },
      {
        // Mistral Large 3, converted from Mistral's own layout; of DeepSeek's models, none has queries with a temperature.
        architecture: 'deepseek2',
        when: (meta) => Boolean(meta.number('attention.temperature_scale')),
        names: GGUF_NAMES,
        config: configFromGguf,
      },
    ],
    mistral: { matches: (params) => Boolean(params.object('moe')), names: OWN_NAMES, config: configFromParams },
  },
  build: (checkpoint) => Promise.resolve(buildMistral4(checkpoint)),
}

// ---- config

const mistral4Schema = () =>
  z.object({
    ...COMMON,
    ...MLA_CONFIG,
    ...MIXTURE_CONFIG,
    n_routed_experts: expertCount,
    n_group: z.literal(1).nullish(),
    topk_group: z.literal(1).nullish(),
    norm_topk_prob: z.boolean().default(true),
    first_k_dense_replace: z.number().int().min(0).default(0),
    rope_parameters: z.looseObject({
      llama_4_scaling_beta: z.number().optional(),
      original_max_position_embeddings: z.number().int().min(1),
      // transformers multiplies the softmax's scale by YaRN's mscale^2, as it does for DeepSeek. Mistral's own checkpoints,
      // and vLLM with them, say that it is not to be (yarn.apply_scale: false).
      apply_yarn_scaling: z.boolean().default(true),
    }),
  })

/** Also for a wrapper, whose text model this is. */
export function buildMistral4(checkpoint: Checkpoint): Program {
  const where = checkpoint.name
  const text = textModel(checkpoint)
  const c = readConfig(mistral4Schema, text.config, where)
  checkMla(c, where)
  checkMixture(c, where)
  const { llama_4_scaling_beta: beta, original_max_position_embeddings: length, ...rule } = c.rope_parameters

  // ---- graph
  const b = new GraphBuilder()
  const rope = makeRope(c, c.qk_rope_head_dim)
  const attention = {
    table: b.ropeTable(rope.invFreq, rope.attentionFactor),
    scale: (c.qk_nope_head_dim + c.qk_rope_head_dim) ** -0.5 * (rule.apply_yarn_scaling ? rope.softmaxFactor : 1),
    ...(beta !== undefined && { temperature: { beta, length, shift: 0 } }),
  }
  const router = { ...plainRule('softmax', c.norm_topk_prob), epsilon: 1e-20 }
  const { embedding, head } = embeddingAndHead(checkpoint, c, text)
  let x = b.embed(embedding) // [T, D]
  for (let i = 0; i < c.num_hidden_layers; i++) {
    b.layer(i)
    const layer = `${text.model}.layers.${i}`
    const h = norm(b, x, `${layer}.input_layernorm`, c.rms_norm_eps)
    x = b.add(x, mla(b, h, `${layer}.self_attn`, c, attention, checkpoint))
    const g = norm(b, x, `${layer}.post_attention_layernorm`, c.rms_norm_eps)
    const mlp = `${layer}.mlp`
    const dense = i < c.first_k_dense_replace
    x = b.add(x, dense ? gatedMlp(b, g, mlp, c.intermediate_size) : mixture(b, g, mlp, c, router, { stacked: true }))
  }
  return b.build(logits(b, x, `${text.model}.norm`, c.rms_norm_eps, head), c.max_position_embeddings)
}

// ---- GGUF

function configFromGguf(meta: GgufMetadata, shapes: TensorShapes): JsonObject {
  const latent = latentConfig(meta, shapes, scoringOf(meta, 'softmax'))
  const beta = meta.number('attention.temperature_scale')
  const rope = latent.rope_scaling
  const length = meta.whole('attention.temperature_length') ?? rope?.['original_max_position_embeddings']
  return {
    ...latent,
    model_type: 'mistral4',
    rope_scaling: null,
    rope_parameters: {
      ...(rope ?? { rope_type: 'default' }),
      original_max_position_embeddings: length ?? latent.max_position_embeddings,
      ...(beta && { llama_4_scaling_beta: beta }),
    },
  }
}

// ---- Mistral's own layout

/** Small 4 and Large 3. Their router is a softmax whose chosen weights are made to sum to one. */
function configFromParams(params: MistralParams): JsonObject {
  const common = mistralConfig(params)
  const moe = params.object('moe') ?? {}
  if (!params.get('qk_nope_head_dim')) params.refuse('a mixture of experts without latent attention (Mixtral)')
  if ((moe['route_every_n'] ?? 1) !== 1) params.refuse(`moe.route_every_n ${shortText(moe['route_every_n'])}`)
  const renorm = moe['renorm_strategy'] ?? 'WEIGHTS'
  if (renorm !== 'WEIGHTS') params.refuse(`moe.renorm_strategy ${shortText(renorm)}`)
  if (moe['use_load_balancing_bias']) params.refuse('moe.use_load_balancing_bias')
  if (params.get('sliding_window')) params.refuse('latent attention with a sliding_window')
  return {
    ...common,
    model_type: 'mistral4',
    q_lora_rank: params.get('q_lora_rank'),
    kv_lora_rank: params.need('kv_lora_rank'),
    qk_nope_head_dim: params.need('qk_nope_head_dim'),
    qk_rope_head_dim: params.need('qk_rope_head_dim'),
    v_head_dim: params.need('v_head_dim'),
    n_routed_experts: moe['num_experts'],
    num_experts_per_tok: moe['num_experts_per_tok'],
    moe_intermediate_size: moe['expert_hidden_dim'],
    n_shared_experts: moe['num_shared_experts'],
    first_k_dense_replace: moe['first_k_dense_replace'],
    routed_scaling_factor: moe['routed_scale'],
    n_group: moe['num_expert_groups'],
    topk_group: moe['num_expert_groups_per_tok'],
    norm_topk_prob: true,
  }
}
