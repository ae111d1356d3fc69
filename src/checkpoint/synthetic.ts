import { UserError } from '../errors.js'
import type { Checkpoint, JsonObject, ScaleGrid, Scales, StoredTensor } from './checkpoint.js'
import { FORMATS, rowBytes, type FormatName } from './formats/formats.js'
import { checkRows, product } from './stored.js'

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
    'deepseek-v3',
    {
      ...{ model_type: 'deepseek_v3', vocab_size: 129280, hidden_size: 7168, intermediate_size: 18432 },
      ...{ num_hidden_layers: 61, num_attention_heads: 128, num_key_value_heads: 128 },
      ...{ q_lora_rank: 1536, kv_lora_rank: 512, qk_nope_head_dim: 128, qk_rope_head_dim: 64, v_head_dim: 128 },
      ...{ first_k_dense_replace: 3, moe_intermediate_size: 2048, n_routed_experts: 256, n_shared_experts: 1 },
      ...{ num_experts_per_tok: 8, n_group: 8, topk_group: 4, norm_topk_prob: true, routed_scaling_factor: 2.5 },
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
      'assumed from Scout and Maverick: one expert beside a shared one, the vocabulary, the order of layers',
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

type SyntheticFormat = 'q4_0' | 'q8_0' | 'q4_k' | 'q6_k' | 'mxfp4' | 'fp8' | 'bf16' | 'f32'
const WEIGHT_FORMATS: readonly SyntheticFormat[] = ['q4_0', 'q8_0', 'q4_k', 'q6_k', 'mxfp4', 'fp8', 'bf16', 'f32']

/**
 * A model of published size with random weights, for measuring speed without a download. `spec` is `MODEL:FORMAT`,
 * such as `qwen3-0.6b:q4_0`, or `MODEL:FORMAT:LAYERS` for the first so many layers. Rows are made when they are read, the same
 * for any range; nothing is kept. Every tensor that a model asks for is there, in the shape that it expects.
 * @throws UserError for an unknown model or format.
 */
export function syntheticCheckpoint(spec: string): Checkpoint {
  const [model = '', format = 'q4_0', layers, ...rest] = spec.toLowerCase().split(':')
  const config = MODELS.get(model)
  const known = WEIGHT_FORMATS.find((name) => name === format)
  const count = Number(layers ?? config?.num_hidden_layers)
  if (!config || !known || rest.length > 0 || !Number.isInteger(count) || count < 1) {
    throw new UserError(
      `synthetic model ${spec}: expected MODEL:FORMAT or MODEL:FORMAT:LAYERS with a model of ${[...MODELS.keys()].join(', ')} and a ` +
        `format of ${WEIGHT_FORMATS.join(', ')}, such as qwen3-0.6b:q4_0.`,
      'invalid_argument',
    )
  }
  const name = ['synthetic', [model, known, layers].filter(Boolean).join(':')].join(' ')
  return {
    ...{ name, kind: 'safetensors', config: { ...config, num_hidden_layers: count } },
    names: () => [],
    has: () => false,
    tensor: (tensor, shape) => randomTensor(tensor, name, kindOf(tensor, shape, known), shape),
    file: () => Promise.resolve(undefined),
    close: () => Promise.resolve(),
  }
}

/** Norms are ones, so is the bias of a router; routers are in BF16 whatever the rest is in, as published. */
function kindOf(name: string, shape: readonly number[], format: SyntheticFormat): SyntheticFormat | 'ones' {
  if (shape.length === 1) return 'ones'
  return name.endsWith('.mlp.gate.weight') ? 'bf16' : format
}

function randomTensor(
  name: string,
  file: string,
  kind: SyntheticFormat | 'ones',
  shape: readonly number[],
): StoredTensor {
  const format: FormatName = kind === 'ones' ? 'f32' : kind === 'fp8' ? 'fp8_e4m3' : kind
  const cols = shape.at(-1) ?? 1
  const rows = product(shape.slice(0, -1))
  const bytes = rowBytes(format, cols)
  const seed = hash(name)
  return {
    name,
    file,
    format,
    shape,
    rows,
    cols,
    byteLength: rows * bytes,
    ...(kind === 'fp8' && { scales: equalScales(rows, cols) }),
    async readRows(start, count, into) {
      checkRows(name, rows, start, count)
      if (kind === 'ones') return new Uint8Array(new Float32Array(count * cols).fill(1).buffer)
      // Every row has a seed of its own, so that any range gives the same bytes; rows are whole 16-bit words.
      const enough = into && into.byteLength >= count * bytes && into.byteOffset % 2 === 0
      const words = enough
        ? new Uint16Array(into.buffer, into.byteOffset, (count * bytes) / 2)
        : new Uint16Array((count * bytes) / 2)
      for (let row = 0; row < count; row++) {
        fillRow(
          kind,
          words.subarray((row * bytes) / 2, ((row + 1) * bytes) / 2),
          seed ^ Math.imul(start + row + 1, 0x9e3779b1),
        )
      }
      return new Uint8Array(words.buffer, words.byteOffset, words.byteLength)
    },
  }
}

const FP8_BLOCK = 128

/** 2^-6 for every block of FP8, whose codes are 1 to 2. */
function equalScales(rows: number, cols: number): ScaleGrid {
  const shape = [Math.ceil(rows / FP8_BLOCK), Math.ceil(cols / FP8_BLOCK)] as const
  const values = new Float32Array(shape[0] * shape[1]).fill(2 ** -6)
  const read = (): Promise<Scales> => Promise.resolve({ values, multiplier: 1 })
  return { blockRows: FP8_BLOCK, blockCols: FP8_BLOCK, shape, kind: 'float', read }
}

/** What a block holds besides random codes: bytes from an offset on. The weights become about 0.02 in size, centred. */
const FIXED: Readonly<Partial<Record<SyntheticFormat, readonly (readonly [at: number, bytes: readonly number[]])[]>>> =
  {
    q4_0: [[0, [0x1f, 0x1d]]], // f16 0.02 / 4
    q8_0: [[0, [0x1f, 0x0d]]], // f16 0.02 / 64
    // d and dmin = 7.5 d, then scales and minima of 32 in six bits each
    q4_k: [[0, [0x71, 0x08, 0x2a, 0x14, ...new Array<number>(8).fill(0xa0), 0, 0, 0, 0]]],
    // scales of 16, and d
    q6_k: [[192, [...new Array<number>(16).fill(16), 0x6e, 0x04]]],
    mxfp4: [[0, [120]]], // 2^-7
  }

/** Random 16-bit words (xorshift32), then the bits that must not be random: scales, or exponents. */
function fillRow(format: SyntheticFormat, words: Uint16Array, seed: number): void {
  let state = seed | 1
  for (let i = 0; i < words.length; i += 2) {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    words[i] = state
    // The last word of a row of odd length falls outside and is dropped.
    words[i + 1] = state >>> 16
  }
  const fixed = FIXED[format]
  if (fixed && format !== 'fp8') {
    const bytes = new Uint8Array(words.buffer, words.byteOffset, words.byteLength)
    for (let block = 0; block < bytes.length; block += FORMATS[format].blockBytes)
      for (const [at, values] of fixed) bytes.set(values, block + at)
    return
  }
  if (format === 'fp8') {
    // Sign and mantissa stay random; the exponent is that of 1.
    for (let i = 0; i < words.length; i++) words[i] = ((words[i] ?? 0) & 0x8787) | 0x3838
    return
  }
  // Sign and mantissa stay random; the exponent of 2^-6 gives values of size 0.016 to 0.031.
  const [first, step] = format === 'bf16' ? [0, 1] : [1, 2]
  for (let i = first; i < words.length; i += step) words[i] = ((words[i] ?? 0) & 0x807f) | (121 << 7)
}

/** FNV-1a of a name, so that every tensor has numbers of its own. */
function hash(text: string): number {
  let value = 0x811c9dc5
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193)
  return value
}
