/**
 * Gemma 3 (arXiv 2503.19786): a norm before and one after each block, all published less one; five layers over a sliding window
 * for each that sees everything, with rotations of their own; embeddings scaled by the root of their width. From 4B on, a
 * wrapper adds sight around the same text model.
 */
import { z } from 'zod'
import type { Checkpoint } from '../checkpoint/checkpoint.js'
import { GraphBuilder, view } from '../graph/builder.js'
import type { Program } from '../graph/program.js'
import type { JsonObject } from '../json.js'
import type { GgufMetadata } from '../published/gguf-metadata.js'
import type { TensorShapes } from '../published/gguf.js'
import type { Names } from '../published/names.js'
import type { ModelDefinition } from './definition.js'
import { COMMON, readConfig, refuseKey } from './parts/config.js'
import { attentionConfig } from './parts/gguf-config.js'
import { DENSE, layerNames, plusOne } from './parts/gguf-names.js'
import { HEADS, gqaAttention, headsOf, layerTypes, spanLength } from './parts/gqa.js'
import { gatedMlp, logits, norm } from './parts/layers.js'
import { makeRope, type Rope } from './parts/rope.js'
import { embeddingAndHead, textModel } from './parts/text-model.js'

/** Norms are published less one. */
const normOffset = 1

const SANDWICH_NORMS: Names = {
  post_attention_norm: 'post_attention_layernorm',
  ffn_norm: 'pre_feedforward_layernorm',
  post_ffw_norm: 'post_feedforward_layernorm',
}

export const gemma3: ModelDefinition = {
  modelTypes: ['gemma3_text', 'gemma3'],
  // generation_config.json of gemma-3-4b-it.
  chatSampling: { temperature: 1, topP: 0.95, topK: 64 },
  published: {
    gguf: [
      {
        architecture: 'gemma3',
        names: plusOne(layerNames(DENSE, SANDWICH_NORMS), [
          ...['attn_norm', 'post_attention_norm', 'ffn_norm', 'post_ffw_norm'],
          ...['attn_q_norm', 'attn_k_norm', 'output_norm'],
        ]),
        config: configFromGguf,
      },
    ],
  },
  build: (checkpoint) => Promise.resolve(build(checkpoint)),
}

// ---- config

const rope = z.record(z.string(), z.unknown())

/** Published configs name only what differs from the 4B text model's numbers; these are transformers' defaults. */
const gemma3Schema = () =>
  z.object({
    ...COMMON,
    model_type: z.enum(['gemma3_text', 'gemma3']),
    vocab_size: COMMON.vocab_size.default(262208),
    hidden_size: COMMON.hidden_size.default(2304),
    intermediate_size: COMMON.intermediate_size.default(9216),
    num_hidden_layers: COMMON.num_hidden_layers.default(26),
    num_attention_heads: COMMON.num_attention_heads.default(8),
    num_key_value_heads: HEADS.num_key_value_heads.default(4),
    head_dim: HEADS.head_dim.default(256),
    max_position_embeddings: COMMON.max_position_embeddings.default(131072),
    rms_norm_eps: COMMON.rms_norm_eps.default(1e-6),
    tie_word_embeddings: z.boolean().default(true),
    hidden_activation: z.literal('gelu_pytorch_tanh').default('gelu_pytorch_tanh'),
    torch_dtype: z.string().optional(),
    dtype: z.string().optional(),
    query_pre_attn_scalar: z.number().min(1e-3).max(1e6).default(256),
    sliding_window: spanLength.default(4096),
    layer_types: z.array(z.enum(['sliding_attention', 'full_attention'])).optional(),
    sliding_window_pattern: z.number().int().min(1).default(6),
    rope_theta: z.number().positive().default(1e6),
    rope_local_base_freq: z.number().positive().default(1e4),
    rope_parameters: z.object({ full_attention: rope, sliding_attention: rope }).nullish(),
    attention_bias: z.boolean().default(false),
    attn_logit_softcapping: z.number().positive().nullish(),
    final_logit_softcapping: z.null().optional(),
    use_bidirectional_attention: z.literal(false).nullish(),
  })
type Config = z.infer<ReturnType<typeof gemma3Schema>>

/** Rotations of the layers that see everything and of those with a window, in both published styles. */
function ropes(c: Config, headDim: number): Record<'full_attention' | 'sliding_attention', Rope> {
  const { rope_parameters: both, max_position_embeddings } = c
  const make = (parameters: Record<string, unknown>): Rope =>
    makeRope({ rope_parameters: parameters, max_position_embeddings }, headDim)
  return {
    full_attention: make({ ...(both?.full_attention ?? { rope_theta: c.rope_theta }), ...c.rope_scaling }),
    sliding_attention: make(both?.sliding_attention ?? { rope_theta: c.rope_local_base_freq }),
  }
}

/** The root of the width as the model was trained with it: rounded to the published weights' type. */
function embeddingScale(c: Config): number {
  const root = Math.fround(Math.sqrt(c.hidden_size))
  if ((c.dtype ?? c.torch_dtype) !== 'bfloat16') return root
  // to nearest even: of f32's 32 bits, bfloat16 keeps 16
  const bits = new Uint32Array(Float32Array.of(root).buffer)
  bits[0] = (bits[0]! + 0x7fff + ((bits[0]! >>> 16) & 1)) & 0xffff0000
  return new Float32Array(bits.buffer)[0]!
}

function build(checkpoint: Checkpoint): Program {
  const where = checkpoint.name
  const text = textModel(checkpoint)
  const dtype = text.config['dtype'] ?? text.config['torch_dtype'] ?? checkpoint.config['dtype']
  const c = readConfig(gemma3Schema, { ...text.config, dtype: dtype ?? checkpoint.config['torch_dtype'] }, where)
  if (!c.sliding_window) refuseKey(where, 'sliding_window', 'a number of positions', 'none')
  const heads = headsOf(c, where)
  const eps = c.rms_norm_eps
  const pattern = c.sliding_window_pattern
  const types = layerTypes(c, where, (i) => ((i + 1) % pattern === 0 ? 'full_attention' : 'sliding_attention'))

  // ---- graph
  const b = new GraphBuilder()
  const { full_attention: full, sliding_attention: local } = ropes(c, heads.headDim)
  const tables = {
    full_attention: b.ropeTable(full.invFreq, full.attentionFactor),
    sliding_attention: b.ropeTable(local.invFreq, local.attentionFactor),
  }
  const window = { kind: 'sliding' as const, length: c.sliding_window }
  const { embedding, head } = embeddingAndHead(checkpoint, c, text)
  let x = b.embed(embedding) // [T, D]
  b.scale(x, embeddingScale(c), { out: view(x) })
  types.forEach((type, i) => {
    b.layer(i)
    const layer = `${text.model}.layers.${i}`
    const attention = {
      ...heads,
      eps,
      normOffset,
      table: tables[type],
      qkNorm: 'heads',
      qkvBias: c.attention_bias,
      outBias: c.attention_bias,
      span: type === 'sliding_attention' ? window : undefined,
      scale: c.query_pre_attn_scalar ** -0.5,
      softcap: c.attn_logit_softcapping ?? undefined,
    } as const
    const own = (value: typeof x, which: string) => norm(b, value, `${layer}.${which}_layernorm`, eps, normOffset)
    const y = gqaAttention(b, own(x, 'input'), `${layer}.self_attn`, attention)
    x = b.add(x, own(y, 'post_attention'))
    const activation = 'gelu_tanh' as const
    const z = gatedMlp(b, own(x, 'pre_feedforward'), `${layer}.mlp`, c.intermediate_size, { activation })
    x = b.add(x, own(z, 'post_feedforward'))
  })
  const out = logits(b, x, `${text.model}.norm`, eps, head, normOffset)
  return b.build(out, c.max_position_embeddings)
}

// ---- GGUF

function configFromGguf(meta: GgufMetadata, shapes: TensorShapes): JsonObject {
  const common = attentionConfig(meta, shapes)
  // The file has no key for the scale of queries; 27B, of 62 layers, is the one model whose scale is not its head's width.
  const perHead = common.hidden_size / common.num_attention_heads
  return {
    ...common,
    model_type: 'gemma3_text',
    torch_dtype: 'bfloat16',
    hidden_activation: 'gelu_pytorch_tanh',
    query_pre_attn_scalar: common.num_hidden_layers === 62 ? perHead : common.head_dim,
    sliding_window: meta.neededWhole('attention.sliding_window'),
    sliding_window_pattern: meta.whole('attention.sliding_window_pattern') ?? 6,
    rope_theta: meta.number('rope.freq_base') ?? 1e6,
    rope_local_base_freq: meta.number('rope.freq_base_swa') ?? 1e4,
    final_logit_softcapping: meta.number('final_logit_softcapping') ?? null,
  }
}
