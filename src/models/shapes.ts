/** Shapes of published models, to measure and to plan without a download. */
import type { Checkpoint } from '../checkpoint/checkpoint.js'
import { randomCheckpoint, SYNTHETIC_FORMATS } from '../checkpoint/synthetic.js'
import { UserError } from '../errors.js'
import type { JsonObject } from '../json.js'

/** What the published configs of a family share. */
const QWEN3 = {
  ...{ model_type: 'qwen3', head_dim: 128, num_key_value_heads: 8, tie_word_embeddings: true, vocab_size: 151936 },
  ...{ rms_norm_eps: 1e-6, rope_theta: 1_000_000, max_position_embeddings: 40960 },
}

type Config = JsonObject & { readonly num_hidden_layers: number }

/** Published configs, without what says how text is written; of Behemoth, a shape that fits what was published. */
const MODELS: ReadonlyMap<string, Config> = new Map<string, Config>([
  ['qwen3-0.6b', qwen3(1024, 3072, 28, 16)],
  ['qwen3-1.7b', qwen3(2048, 6144, 28, 16)],
  ['qwen3-4b', qwen3(2560, 9728, 36, 32)],
  ['qwen3-8b', { ...qwen3(4096, 12288, 36, 32), tie_word_embeddings: false }],
  [
    'qwen3-30b-a3b',
    {
      ...{ ...qwen3(2048, 6144, 48, 32), model_type: 'qwen3_moe', num_key_value_heads: 4, tie_word_embeddings: false },
      ...{ moe_intermediate_size: 768, num_experts: 128, num_experts_per_tok: 8, norm_topk_prob: true },
    },
  ],
  [
    'qwen3.5-27b',
    {
      ...{ model_type: 'qwen3_5_text', vocab_size: 248320, hidden_size: 5120, intermediate_size: 17408 },
      ...{ num_hidden_layers: 64, num_attention_heads: 24, num_key_value_heads: 4, head_dim: 256 },
      ...{ linear_conv_kernel_dim: 4, linear_key_head_dim: 128, linear_value_head_dim: 128 },
      ...{ linear_num_key_heads: 16, linear_num_value_heads: 48, full_attention_interval: 4 },
      ...{ partial_rotary_factor: 0.25, rope_theta: 1e7, rms_norm_eps: 1e-6, tie_word_embeddings: false },
      ...{ mtp_num_hidden_layers: 1, max_position_embeddings: 262144 },
    },
  ],
  [
    'deepseek-v3',
    {
      ...{ model_type: 'deepseek_v3', vocab_size: 129280, hidden_size: 7168, intermediate_size: 18432 },
      ...{ num_hidden_layers: 61, num_attention_heads: 128, num_key_value_heads: 128 },
      ...{ q_lora_rank: 1536, kv_lora_rank: 512, qk_nope_head_dim: 128, qk_rope_head_dim: 64, v_head_dim: 128 },
      ...{ first_k_dense_replace: 3, moe_intermediate_size: 2048, n_routed_experts: 256, n_shared_experts: 1 },
      ...{
        num_nextn_predict_layers: 1,
        num_experts_per_tok: 8,
        n_group: 8,
        topk_group: 4,
        norm_topk_prob: true,
        routed_scaling_factor: 2.5,
      },
      ...{ rms_norm_eps: 1e-6, rope_theta: 10_000, max_position_embeddings: 4096 },
    },
  ],
  [
    'llama4-behemoth',
    {
      ...{ model_type: 'llama4', vocab_size: 202048, hidden_size: 16384, intermediate_size: 24576 },
      ...{ num_hidden_layers: 94, num_attention_heads: 128, num_key_value_heads: 8, head_dim: 128 },
      ...{ num_local_experts: 16, num_experts_per_tok: 1, interleave_moe_layer_step: 1 },
      ...{ rms_norm_eps: 1e-5, rope_theta: 500_000, max_position_embeddings: 262_144 },
    },
  ],
])

/** What is not published of a shape. */
const NOTES: ReadonlyMap<string, string> = new Map([
  [
    'llama4-behemoth',
    'the weights and the config were never published; published: 288 B parameters a token, 16 experts, nearly 2 T in all; ' +
      'assumed, to fit these: 94 layers, all with experts, hidden 16384, experts of 24576, 128 heads of 128 (8 with keys), 262144 tokens; ' +
      'assumed from Scout and Maverick: one expert and a shared one, the vocabulary, the order of layers',
  ],
])

/** What is assumed in the shape that a spec names, in words; undefined where all of it is published. */
export function assumedShape(spec: string): string | undefined {
  return NOTES.get(spec.toLowerCase().split(':')[0] ?? '')
}

function qwen3(hidden: number, feedForward: number, layers: number, heads: number) {
  return {
    ...{ ...QWEN3, hidden_size: hidden, intermediate_size: feedForward },
    ...{ num_hidden_layers: layers, num_attention_heads: heads },
  }
}

/**
 * A model of published size with random weights, for measuring speed without a download. `spec` is `MODEL:FORMAT`,
 * such as `qwen3-0.6b:q4_0`, or `MODEL:FORMAT:LAYERS` for its first layers alone; see {@link randomCheckpoint}.
 * @throws UserError for an unknown model or format.
 */
export function syntheticCheckpoint(spec: string): Checkpoint {
  const [model = '', format = 'q4_0', layers, ...rest] = spec.toLowerCase().split(':')
  const config = MODELS.get(model)
  const known = SYNTHETIC_FORMATS.find((name) => name === format)
  const count = Number(layers ?? config?.num_hidden_layers)
  if (!config || !known || rest.length > 0 || !Number.isInteger(count) || count < 1) {
    throw new UserError(
      `synthetic model ${spec}: expected MODEL:FORMAT or MODEL:FORMAT:LAYERS with a model of ${[...MODELS.keys()].join(', ')} and a ` +
        `format of ${SYNTHETIC_FORMATS.join(', ')}, such as qwen3-0.6b:q4_0.`,
      'invalid_argument',
    )
  }
  const name = ['synthetic', [model, known, layers].filter(Boolean).join(':')].join(' ')
  return randomCheckpoint(name, { ...config, num_hidden_layers: count }, known)
}
