/**
 * gpt-oss 20b and 120b (arXiv 2508.10925): grouped-query attention with a sink in every head, every other layer over a short
 * window; mixtures of experts with biases, whose gates and ups are published as alternating rows of one MXFP4 matrix.
 */
import { z } from 'zod'
import type { Checkpoint } from '../checkpoint/checkpoint.js'
import { GraphBuilder, matrix, vector, type ExpertWeights } from '../graph/builder.js'
import type { Value, View, Weight } from '../graph/ops.js'
import type { Program } from '../graph/program.js'
import type { JsonObject } from '../json.js'
import type { GgufMetadata } from '../published/gguf-metadata.js'
import type { TensorShapes } from '../published/gguf.js'
import { bare } from '../published/names.js'
import type { ModelDefinition } from './definition.js'
import { COMMON, checkExperts, expertCount, readConfig } from './parts/config.js'
import { attentionConfig, localExperts } from './parts/gguf-config.js'
import { DENSE, SECOND_NORM, expertNames, layerNames } from './parts/gguf-names.js'
import { HEADS, gqaAttention, headsOf, layerTypes, spanLength } from './parts/gqa.js'
import { PROJECTIONS, logits, norm } from './parts/layers.js'
import { plainRule } from './parts/mixture.js'
import { makeRope } from './parts/rope.js'
import { embeddingAndHead } from './parts/text-model.js'

export const gptOss: ModelDefinition = {
  modelTypes: ['gpt_oss'],
  // README of openai/gpt-oss: temperature and top-p of 1.
  chatSampling: { temperature: 1 },
  published: {
    gguf: [
      {
        architecture: 'gpt-oss',
        names: layerNames(DENSE, SECOND_NORM, expertNames('mlp', 'router', PROJECTIONS), {
          attn_sinks: bare('self_attn.sinks'),
        }),
        config: configFromGguf,
      },
    ],
  },
  build: (checkpoint) => Promise.resolve(build(checkpoint)),
}

// ---- config

const gptOssSchema = () =>
  z.object({
    ...COMMON,
    ...HEADS,
    hidden_act: z.literal('silu').optional(),
    rope_theta: z.number().positive().default(150000),
    attention_bias: z.boolean().default(true),
    sliding_window: spanLength,
    layer_types: z.array(z.enum(['sliding_attention', 'full_attention'])).optional(),
    num_local_experts: expertCount,
    num_experts_per_tok: expertCount,
    swiglu_limit: z.number().positive().max(1e6).default(7),
  })
type Config = z.infer<ReturnType<typeof gptOssSchema>>

/** As transformers rotates where a config says nothing of it. */
const USUAL_ROPE = {
  rope_type: 'yarn',
  ...{ factor: 32, beta_fast: 32, beta_slow: 1, truncate: false, original_max_position_embeddings: 4096 },
}

/** Of the experts' activation; published in the code alone. */
const ALPHA = 1.702

function build(checkpoint: Checkpoint): Program {
  const where = checkpoint.name
  const c = readConfig(gptOssSchema, checkpoint.config, where)
  checkExperts(where, c.num_experts_per_tok, c.num_local_experts)
  const heads = headsOf(c, where)
  const eps = c.rms_norm_eps
  const types = layerTypes(c, where, (i) => (i % 2 === 0 ? 'sliding_attention' : 'full_attention'))
  const window = { kind: 'sliding' as const, length: c.sliding_window ?? 128 }

  // ---- graph
  const b = new GraphBuilder()
  const rope = makeRope(c.rope_scaling || c.rope_parameters ? c : { ...c, rope_scaling: USUAL_ROPE }, heads.headDim)
  const table = b.ropeTable(rope.invFreq, rope.attentionFactor)
  const bias = c.attention_bias
  const { embedding, head } = embeddingAndHead(checkpoint, c)
  let x = b.embed(embedding) // [T, D]
  types.forEach((type, i) => {
    b.layer(i)
    const layer = `model.layers.${i}`
    const attention = {
      ...heads,
      ...{ eps, table, qkvBias: bias, outBias: bias },
      span: type === 'sliding_attention' ? window : undefined,
      sinks: vector(`${layer}.self_attn.sinks`, heads.nHeads),
    }
    x = b.add(x, gqaAttention(b, norm(b, x, `${layer}.input_layernorm`, eps), `${layer}.self_attn`, attention))
    const h = norm(b, x, `${layer}.post_attention_layernorm`, eps)
    x = b.add(x, mixture(b, h, `${layer}.mlp`, c))
  })
  return b.build(logits(b, x, 'model.norm', eps, head), c.max_position_embeddings)
}

/** Four experts, weighted by the softmax of their own logits. x [T, D] -> [T, D]. */
function mixture(b: GraphBuilder, x: View, name: string, c: Config): Value {
  const X = c.num_local_experts
  const topK = c.num_experts_per_tok
  const router = matrix(`${name}.router.weight`, X, x.width, { quantizable: false })
  const scores = b.linear(x, router, vector(`${name}.router.bias`, X)) // [T, X]
  const routing = b.route(scores, { ...plainRule('chosenSoftmax', false), topK, scale: 1 })
  const activation = { alpha: ALPHA, limit: c.swiglu_limit, upOffset: 1 }
  return b.experts(x, routing, expertWeights(`${name}.experts`, X, c.intermediate_size, x.width), topK, activation)
}

/** Experts of a stack [X, 2 F, D]: gate rows are even, up rows odd. */
function expertWeights(name: string, X: number, F: number, D: number): ExpertWeights {
  const all = (make: (index: number, expert: string) => Weight): Weight[] =>
    Array.from({ length: X }, (_, e) => make(e, `${name}.${e}`))
  const gateUp = { tensor: `${name}.gate_up_proj`, shape: [X, 2 * F, D], rowRun: 1, rowStep: 2 }
  const gateUpBias = { tensor: `${name}.gate_up_proj_bias`, shape: [X, 2 * F], rowRun: 1, rowStep: 2 }
  const down = { tensor: `${name}.down_proj`, shape: [X, D, F] }
  const downBias = { tensor: `${name}.down_proj_bias`, shape: [X, D] }
  return {
    gate: all((index, e) => matrix(`${e}.gate_proj.weight`, F, D, { part: { ...gateUp, index } })),
    up: all((index, e) => matrix(`${e}.up_proj.weight`, F, D, { part: { ...gateUp, index, firstRow: 1 } })),
    down: all((index, e) => matrix(`${e}.down_proj.weight`, D, F, { part: { ...down, index } })),
    gateBias: all((index, e) => vector(`${e}.gate_proj.bias`, F, { part: { ...gateUpBias, index } })),
    upBias: all((index, e) => vector(`${e}.up_proj.bias`, F, { part: { ...gateUpBias, index, firstRow: 1 } })),
    downBias: all((index, e) => vector(`${e}.down_proj.bias`, D, { part: { ...downBias, index } })),
  }
}

// ---- GGUF

function configFromGguf(meta: GgufMetadata, shapes: TensorShapes): JsonObject {
  const common = attentionConfig(meta, shapes)
  return {
    ...common,
    ...localExperts(meta, 'chosenSoftmax'),
    model_type: 'gpt_oss',
    intermediate_size: meta.whole('expert_feed_forward_length') ?? common.intermediate_size,
    sliding_window: meta.neededWhole('attention.sliding_window'),
    rope_scaling: common.rope_scaling ? { ...common.rope_scaling, truncate: false } : { rope_type: 'default' },
  }
}
