/**
 * Mistral 7B (arXiv 2310.06825) to Small 3, and Ministral 3: Llama's blocks, with sliding-window attention (7B v0.1), or with
 * queries that grow with the position (Ministral 3). From Small 3.1 on a wrapper, mistral3, adds sight around the same text model.
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
import { buildMistral4 } from './mistral4.js'
import { COMMON, activationOf, readConfig } from './parts/config.js'
import { attentionConfig } from './parts/gguf-config.js'
import { DENSE, PAIRED, layerNames } from './parts/gguf-names.js'
import { HEADS, gqaAttention, headsOf, spanLength } from './parts/gqa.js'
import { gatedMlp, logits, norm } from './parts/layers.js'
import { mistralConfig, mistralNames } from './parts/mistral-form.js'
import { makeRope } from './parts/rope.js'
import { embeddingAndHead, textModel } from './parts/text-model.js'

export const mistral: ModelDefinition = {
  modelTypes: ['mistral', 'ministral3', 'mistral3'],
  published: {
    gguf: [{ architecture: 'mistral3', names: layerNames(DENSE, PAIRED), config: configFromGguf }],
    mistral: {
      matches: (params) => !params.object('moe'),
      names: mistralNames({
        'attention.wq': { name: 'self_attn.q_proj', transform: { paired: 'num_attention_heads' } },
        'attention.wk': { name: 'self_attn.k_proj', transform: { paired: 'num_key_value_heads' } },
        'attention.wv': 'self_attn.v_proj',
      }),
      config: configFromParams,
    },
  },
  build: (checkpoint) => Promise.resolve(build(checkpoint)),
}

// ---- config

const mistralSchema = () =>
  z.object({
    ...COMMON,
    ...HEADS,
    model_type: z.enum(['mistral', 'ministral3']),
    sliding_window: spanLength,
    attention_bias: z.literal(false).optional(),
  })
type Config = z.infer<ReturnType<typeof mistralSchema>>

/** Ministral 3 keeps the rule of its queries among the rope's numbers. */
const queryScalingSchema = () =>
  z.object({
    llama_4_scaling_beta: z.number(),
    original_max_position_embeddings: z.number().int().min(1),
  })

function temperatureOf(c: Config, where: string): { beta: number; length: number; shift: number } | undefined {
  if (c.model_type !== 'ministral3') return undefined
  const rule = readConfig(queryScalingSchema, c.rope_parameters ?? c.rope_scaling ?? {}, `${where}, rope_parameters`)
  return { beta: rule.llama_4_scaling_beta, length: rule.original_max_position_embeddings, shift: 0 }
}

function build(checkpoint: Checkpoint): Program {
  const where = checkpoint.name
  const text = textModel(checkpoint)
  if (text.config['model_type'] === 'mistral4') return buildMistral4(checkpoint)
  const c = readConfig(mistralSchema, text.config, where)
  const heads = headsOf(c, where)
  const eps = c.rms_norm_eps

  // ---- graph
  const b = new GraphBuilder()
  const rope = makeRope(c, heads.headDim)
  const attention = {
    ...heads,
    eps,
    table: b.ropeTable(rope.invFreq, rope.attentionFactor),
    span: c.sliding_window ? { kind: 'sliding' as const, length: c.sliding_window } : undefined,
    temperature: temperatureOf(c, where),
  }
  const { embedding, head } = embeddingAndHead(checkpoint, c, text)
  let x = b.embed(embedding) // [T, D]
  for (let i = 0; i < c.num_hidden_layers; i++) {
    b.layer(i)
    const layer = `${text.model}.layers.${i}`
    x = b.add(x, gqaAttention(b, norm(b, x, `${layer}.input_layernorm`, eps), `${layer}.self_attn`, attention))
    const h = norm(b, x, `${layer}.post_attention_layernorm`, eps)
    x = b.add(x, gatedMlp(b, h, `${layer}.mlp`, c.intermediate_size, { activation: activationOf(c) }))
  }
  return b.build(logits(b, x, `${text.model}.norm`, eps, head), c.max_position_embeddings)
}

// ---- GGUF

/** Ministral 3, or Mistral Small 3 without its temperature. */
function configFromGguf(meta: GgufMetadata, shapes: TensorShapes): JsonObject {
  const common = attentionConfig(meta, shapes)
  const beta = meta.number('attention.temperature_scale')
  if (!beta) return { ...common, model_type: 'mistral' }
  const length = meta.whole('attention.temperature_length') ?? meta.neededWhole('rope.scaling.original_context_length')
  const rope = { ...common.rope_scaling, llama_4_scaling_beta: beta, original_max_position_embeddings: length }
  return { ...common, model_type: 'ministral3', rope_scaling: rope }
}

// ---- Mistral's own layout

function configFromParams(params: MistralParams): JsonObject {
  const common = mistralConfig(params)
  if (params.get('qk_nope_head_dim')) params.refuse('latent attention without experts')
  return {
    ...common,
    model_type: params.object('llama_4_scaling') ? 'ministral3' : 'mistral',
    head_dim: params.need('head_dim'),
    sliding_window: windowOf(params),
  }
}

/** One window for all layers, which some files write as a string. */
function windowOf(params: MistralParams): unknown {
  const window = params.get('sliding_window') ?? null
  if (Array.isArray(window)) params.refuse(`sliding_window ${shortText(window)}`)
  return typeof window === 'string' ? Number(window) : window
}
