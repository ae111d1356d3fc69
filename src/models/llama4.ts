/**
 * Llama 4 Scout and Maverick: three layers that rotate and see their own block of positions for each that does neither and
 * whose queries grow with the position; experts, one for a token in addition to a shared one, whose weight is on their input. A wrapper
 * adds sight around the text model.
 */
import { z } from 'zod'
import type { Checkpoint } from '../checkpoint/checkpoint.js'
import { GraphBuilder, matrix, view, type ExpertWeights } from '../graph/builder.js'
import type { RopeTable, Value, View, Weight } from '../graph/ops.js'
import type { Program } from '../graph/program.js'
import type { JsonObject } from '../json.js'
import type { GgufMetadata } from '../published/gguf-metadata.js'
import type { TensorShapes } from '../published/gguf.js'
import type { ModelDefinition } from './definition.js'
import { COMMON, activationOf, checkExperts, expertCount, readConfig, requirePerLayer } from './parts/config.js'
import { attentionConfig, localExperts } from './parts/gguf-config.js'
import { DENSE, expertNames, layerNames, mlpNames } from './parts/gguf-names.js'
import { HEADS, headsOf, layerTypes, spanLength, type Heads } from './parts/gqa.js'
import { PROJECTIONS, beginMlp, gatedMlp, logits, norm, project } from './parts/layers.js'
import { plainRule } from './parts/mixture.js'
import { frequencyDivisors, makeRope } from './parts/rope.js'
import { embeddingAndHead, textModel } from './parts/text-model.js'

export const llama4: ModelDefinition = {
  modelTypes: ['llama4'],
  // generation_config.json of Llama-4-Scout-17B-16E-Instruct.
  chatSampling: { temperature: 0.6, topP: 0.9 },
  published: {
    gguf: [
      {
        architecture: 'llama4',
        names: layerNames(
          DENSE,
          mlpNames('feed_forward', ''),
          mlpNames('feed_forward.shared_expert', '_shexp'),
          expertNames('feed_forward', 'router', PROJECTIONS),
        ),
        config: configFromGguf,
      },
    ],
  },
  build,
}

// ---- config

const width = z.number().int().min(1).max(1e7)

const llama4Schema = () =>
  z.object({
    ...COMMON,
    ...HEADS,
    model_type: z.enum(['llama4_text', 'llama4']),
    rope_theta: z.number().positive().default(500000),
    attention_bias: z.boolean().default(false),
    intermediate_size_mlp: width.default(16384),
    num_local_experts: expertCount.default(16),
    num_experts_per_tok: expertCount.default(1),
    interleave_moe_layer_step: z.number().int().min(1).default(1),
    moe_layers: z.array(z.number().int()).nullish(),
    use_qk_norm: z.boolean().default(true),
    /** 1 where a layer rotates; empty: all but every no_rope_layer_interval-th. */
    no_rope_layers: z.array(z.union([z.literal(0), z.literal(1)])).nullish(),
    no_rope_layer_interval: z.number().int().min(1).default(4),
    attention_chunk_size: spanLength.default(8192),
    layer_types: z.array(z.enum(['chunked_attention', 'full_attention'])).nullish(),
    /** The first release published the interval of the layers instead. */
    attn_temperature_tuning: z.union([z.boolean(), z.number().int().min(0)]).default(true),
    floor_scale: z.number().int().min(1).max(1e9).default(8192),
    attn_scale: z.number().default(0.1),
  })
type Config = z.infer<ReturnType<typeof llama4Schema>>

async function build(checkpoint: Checkpoint): Promise<Program> {
  const where = checkpoint.name
  const text = textModel(checkpoint)
  const c = readConfig(llama4Schema, text.config, where)
  checkExperts(where, c.num_experts_per_tok, c.num_local_experts)
  const heads = headsOf(c, where)
  const eps = c.rms_norm_eps
  const rotates = rotatingLayers(c, where)
  const types = layerTypes(c, where, (i) => (rotates[i] ? 'chunked_attention' : 'full_attention'))

  // ---- graph
  const b = new GraphBuilder()
  const rope = makeRope(c, heads.headDim, await frequencyDivisors(checkpoint, heads.headDim))
  const table = b.ropeTable(rope.invFreq, rope.attentionFactor)
  const activation = activationOf(c)
  const { embedding, head } = embeddingAndHead(checkpoint, c, text)
  let x = b.embed(embedding) // [T, D]
  types.forEach((type, i) => {
    b.layer(i)
    const layer = `${text.model}.layers.${i}`
    const h = norm(b, x, `${layer}.input_layernorm`, eps)
    const rule = { ...heads, chunked: type === 'chunked_attention', table: rotates[i] ? table : undefined }
    x = b.add(x, attention(b, h, `${layer}.self_attn`, c, rule))
    const g = norm(b, x, `${layer}.post_attention_layernorm`, eps)
    const step = c.interleave_moe_layer_step
    const sparse = c.moe_layers ? c.moe_layers.includes(i) : (i + 1) % step === 0
    const mlp = `${layer}.feed_forward`
    x = b.add(x, sparse ? mixture(b, g, mlp, c) : gatedMlp(b, g, mlp, c.intermediate_size_mlp, { activation }))
  })
  return b.build(logits(b, x, `${text.model}.norm`, eps, head), c.max_position_embeddings)
}

function rotatingLayers(c: Config, where: string): boolean[] {
  const given = c.no_rope_layers?.length ? c.no_rope_layers : undefined
  if (given) requirePerLayer(where, 'no_rope_layers', given, c.num_hidden_layers, 'at least')
  return Array.from({ length: c.num_hidden_layers }, (_, i) =>
    given ? given[i] === 1 : (i + 1) % c.no_rope_layer_interval !== 0,
  )
}

/** Rotation in pairs of neighbours, then an unweighted norm (Scout); or a temperature. x [T, D] -> [T, D]. */
function attention(
  b: GraphBuilder,
  x: View,
  name: string,
  c: Config,
  s: Heads & { chunked: boolean; table: RopeTable | undefined },
): Value {
  const { nHeads, nKvHeads, headDim, table } = s
  const bias = c.attention_bias
  const q = project(b, x, `${name}.q_proj`, nHeads * headDim, bias) // [T, H * E]
  const k = project(b, x, `${name}.k_proj`, nKvHeads * headDim, bias) // [T, K * E]
  const v = project(b, x, `${name}.v_proj`, nKvHeads * headDim, bias)
  for (const [value, n] of [
    [q, nHeads],
    [k, nKvHeads],
  ] as const) {
    if (!table) continue
    b.rope({ x: { value, offset: 0, stride: headDim }, nHeads: n, dim: headDim, pairs: 'interleaved', table })
    if (c.use_qk_norm) b.rmsNorm(value, undefined, c.rms_norm_eps, { heads: n, out: view(value) })
  }
  if (!table && c.attn_temperature_tuning)
    b.scale(q, 1, { temperature: { beta: c.attn_scale, length: c.floor_scale, shift: 1 }, out: view(q) })
  const length = c.attention_chunk_size
  const span = s.chunked && length ? ({ kind: 'chunked', length } as const) : undefined
  const out = b.attention(q, k, v, { nHeads, nKvHeads, headDim, scale: headDim ** -0.5, span })
  return project(b, out, `${name}.o_proj`, x.width, bias)
}

/** The shared expert, and those chosen by their logits, fed with x times the sigmoid of theirs. x [T, D] -> [T, D]. */
function mixture(b: GraphBuilder, x: View, name: string, c: Config): Value {
  const X = c.num_local_experts
  const topK = c.num_experts_per_tok
  const F = c.intermediate_size
  const activation = activationOf(c)
  const sharedExpert = beginMlp(b, x, `${name}.shared_expert`, F, { activation })
  const scores = b.linear(x, matrix(`${name}.router.weight`, X, x.width, { quantizable: false })) // [T, X]
  const routing = b.route(scores, { ...plainRule('chosenSigmoid', false), topK, scale: 1 })
  // Before the matrices of those chosen, because here nothing waits for the choice.
  const shared = sharedExpert()
  const routed = b.experts(x, routing, expertWeights(`${name}.experts`, X, F, x.width), topK, activation, 'input')
  return b.add(shared, routed)
}

/** Experts of stacks that are published for x W: [X, D, 2 F], gates first, and [X, F, D]. */
function expertWeights(name: string, X: number, F: number, D: number): ExpertWeights {
  const gateUp = { tensor: `${name}.gate_up_proj`, shape: [X, D, 2 * F], transposed: true }
  const down = { tensor: `${name}.down_proj`, shape: [X, F, D], transposed: true }
  const all = (part: string, make: (index: number, name: string) => Weight): Weight[] =>
    Array.from({ length: X }, (_, e) => make(e, `${name}.${e}.${part}.weight`))
  return {
    gate: all('gate_proj', (index, e) => matrix(e, F, D, { part: { ...gateUp, index } })),
    up: all('up_proj', (index, e) => matrix(e, F, D, { part: { ...gateUp, index, firstRow: F } })),
    down: all('down_proj', (index, e) => matrix(e, D, F, { part: { ...down, index } })),
  }
}

// ---- GGUF

function configFromGguf(meta: GgufMetadata, shapes: TensorShapes): JsonObject {
  const common = attentionConfig(meta, shapes)
  const window = meta.whole('attention.sliding_window')
  if (window === 0) throw meta.unsupported('attention.sliding_window', 'chunked attention', window)
  const counts = localExperts(meta, 'sigmoid')
  return {
    ...common,
    ...counts,
    model_type: 'llama4',
    intermediate_size: meta.neededWhole('expert_feed_forward_length'),
    intermediate_size_mlp: common.intermediate_size,
    interleave_moe_layer_step: meta.neededWhole('interleave_moe_layer_step'),
    // Maverick, the one without norms of q and k, is the one with 128 experts.
    use_qk_norm: counts.num_local_experts !== 128,
    attention_chunk_size: 8192,
  }
}
