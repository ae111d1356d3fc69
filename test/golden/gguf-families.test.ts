// The attention families as llama.cpp stores them: GGUF files made from the golden checkpoints, by the names and the layouts of
// its converters, must give the same logits.
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { cpuBackend } from '../../src/backends/cpu/cpu.js'
import { referenceBackend } from '../../src/backends/reference/reference.js'
import type { Checkpoint } from '../../src/checkpoint/checkpoint.js'
import { decodeRows } from '../../src/checkpoint/formats/decode.js'
import { nodeFiles } from '../../src/checkpoint/files/node.js'
import { memoryFiles } from '../../src/checkpoint/files/memory.js'
import { openCheckpoint } from '../../src/models/open.js'
import { weightsOf } from '../../src/graph/ops.js'
import { buildProgram } from '../../src/models/registry.js'
import { gguf, type RawGgufTensor, type RawValue } from '../checkpoint/build.js'
import { FIXTURES, GoldenRun, largest, readGolden } from './harness.js'

type Metadata = Record<string, RawValue>
type Config = Record<string, unknown>

interface Family {
  readonly fixture: string
  readonly arch: string
  /** Published name within a layer (without `.weight` and `.bias`) to the file's. */
  readonly names: Record<string, string>
  /** In addition to what every architecture has. */
  readonly metadata: (c: Config) => Metadata
  /** What the file cannot say: the expected logits are those of the published checkpoint with these values. */
  readonly assumed?: Config
  readonly permuted?: boolean
  readonly normsPlusOne?: boolean
}

const ATTENTION = {
  input_layernorm: 'attn_norm',
  post_attention_layernorm: 'ffn_norm',
  'self_attn.q_proj': 'attn_q',
  'self_attn.k_proj': 'attn_k',
  'self_attn.v_proj': 'attn_v',
  'self_attn.o_proj': 'attn_output',
  'self_attn.q_norm': 'attn_q_norm',
  'self_attn.k_norm': 'attn_k_norm',
}
const MLP = { 'mlp.gate_proj': 'ffn_gate', 'mlp.up_proj': 'ffn_up', 'mlp.down_proj': 'ffn_down' }
const EXPERTS = {
  'mlp.gate': 'ffn_gate_inp',
  'mlp.experts.gate_proj': 'ffn_gate_exps',
  'mlp.experts.up_proj': 'ffn_up_exps',
  'mlp.experts.down_proj': 'ffn_down_exps',
}
const SPARSE = {
  'block_sparse_moe.gate': 'ffn_gate_inp',
  'block_sparse_moe.experts.w1': 'ffn_gate_exps',
  'block_sparse_moe.experts.w3': 'ffn_up_exps',
  'block_sparse_moe.experts.w2': 'ffn_down_exps',
}
const SHARED = {
  'feed_forward.router': 'ffn_gate_inp',
  'feed_forward.experts.gate_proj': 'ffn_gate_exps',
  'feed_forward.experts.up_proj': 'ffn_up_exps',
  'feed_forward.experts.down_proj': 'ffn_down_exps',
  'feed_forward.shared_expert.gate_proj': 'ffn_gate_shexp',
  'feed_forward.shared_expert.up_proj': 'ffn_up_shexp',
  'feed_forward.shared_expert.down_proj': 'ffn_down_shexp',
  'feed_forward.gate_proj': 'ffn_gate',
  'feed_forward.up_proj': 'ffn_up',
  'feed_forward.down_proj': 'ffn_down',
}
const AFTER = { post_attention_layernorm: 'post_attention_norm' }

const number = (value: unknown): number => value as number
const f32 = (value: unknown): RawValue => ({ f32: number(value) })
const yarn = (rope: Config): Metadata => ({
  'rope.scaling.type': 'yarn',
  'rope.scaling.factor': f32(rope['factor']),
  'rope.scaling.original_context_length': number(rope['original_max_position_embeddings']),
})
const counts = (c: Config): Metadata => ({
  expert_count: number(c['num_local_experts'] ?? c['n_routed_experts']),
  expert_used_count: number(c['num_experts_per_tok']),
})
const llama4 = (fixture: string): Family => ({
  fixture,
  arch: 'llama4',
  names: { ...ATTENTION, ...SHARED },
  metadata: (c) => ({
    ...counts(c),
    feed_forward_length: number(c['intermediate_size_mlp']),
    expert_feed_forward_length: number(c['intermediate_size']),
    interleave_moe_layer_step: number(c['interleave_moe_layer_step']),
  }),
  assumed: { attention_chunk_size: 8192, floor_scale: 8192, use_qk_norm: true, rope_scaling: null },
})

const FAMILIES: Family[] = [
  { fixture: 'qwen2', arch: 'qwen2', names: { ...ATTENTION, ...MLP }, metadata: () => ({}) },
  { fixture: 'qwen3', arch: 'qwen3', names: { ...ATTENTION, ...MLP }, metadata: () => ({}) },
  {
    fixture: 'mixtral',
    arch: 'llama',
    names: { ...ATTENTION, ...SPARSE },
    metadata: counts,
    permuted: true,
  },
  {
    fixture: 'ministral3',
    arch: 'mistral3',
    names: { ...ATTENTION, ...MLP },
    metadata: ({ rope_parameters: rope }) => ({
      ...yarn(rope as Config),
      'rope.scaling.yarn_log_multiplier': f32(1),
      'attention.temperature_scale': f32((rope as Config)['llama_4_scaling_beta']),
    }),
    permuted: true,
  },
  {
    fixture: 'qwen3-moe',
    arch: 'qwen3moe',
    names: { ...ATTENTION, ...EXPERTS },
    metadata: (c) => ({ ...counts(c), expert_feed_forward_length: number(c['moe_intermediate_size']) }),
  },
  {
    fixture: 'glm4-moe',
    arch: 'glm4moe',
    names: {
      ...{ ...ATTENTION, ...AFTER, ...MLP, ...EXPERTS },
      'mlp.gate.e_score_correction_bias': 'exp_probs_b.bias',
      'mlp.shared_experts.gate_proj': 'ffn_gate_shexp',
      'mlp.shared_experts.up_proj': 'ffn_up_shexp',
      'mlp.shared_experts.down_proj': 'ffn_down_shexp',
    },
    metadata: (c) => ({
      ...counts(c),
      'rope.dimension_count': number(c['head_dim']) / 2,
      expert_feed_forward_length: number(c['moe_intermediate_size']),
      expert_shared_count: number(c['n_shared_experts']),
      leading_dense_block_count: number(c['first_k_dense_replace']),
      expert_weights_scale: f32(c['routed_scaling_factor']),
      expert_gating_func: 2,
      expert_weights_norm: true,
    }),
  },
  {
    fixture: 'minimax-m2',
    arch: 'minimax-m2',
    names: { ...ATTENTION, ...SPARSE, 'block_sparse_moe.e_score_correction_bias': 'exp_probs_b.bias' },
    metadata: (c) => ({
      ...counts(c),
      'rope.dimension_count': number(c['rotary_dim']),
      expert_feed_forward_length: number(c['intermediate_size']),
    }),
  },
  {
    fixture: 'gpt-oss',
    arch: 'gpt-oss',
    names: {
      ...{ ...ATTENTION, ...AFTER, ...EXPERTS },
      'mlp.router': 'ffn_gate_inp',
      'self_attn.sinks': 'attn_sinks.weight',
    },
    metadata: (c) => ({
      ...counts(c),
      ...yarn(c['rope_scaling'] as Config),
      'attention.sliding_window': number(c['sliding_window']),
      expert_feed_forward_length: number(c['intermediate_size']),
    }),
  },
  {
    fixture: 'gemma3',
    arch: 'gemma3',
    names: {
      ...{ ...ATTENTION, ...AFTER, ...MLP },
      pre_feedforward_layernorm: 'ffn_norm',
      post_feedforward_layernorm: 'post_ffw_norm',
    },
    metadata: (c) => ({ 'attention.sliding_window': number(c['sliding_window']), 'rope.freq_base': f32(1e6) }),
    assumed: { query_pre_attn_scalar: 16 },
    normsPlusOne: true,
  },
  llama4('llama4-scout'),
  llama4('llama4-maverick'),
]

/** Metadata that every architecture has. */
function sharedMetadata(c: Config, arch: string): Metadata {
  return {
    block_count: number(c['num_hidden_layers']),
    context_length: number(c['max_position_embeddings']),
    embedding_length: number(c['hidden_size']),
    feed_forward_length: number(c['intermediate_size']),
    'attention.head_count': number(c['num_attention_heads']),
    'attention.head_count_kv': number(c['num_key_value_heads']),
    ...(c['head_dim'] !== undefined && { 'attention.key_length': number(c['head_dim']) }),
    'attention.layer_norm_rms_epsilon': f32(c['rms_norm_eps']),
    'rope.freq_base': f32(c['rope_theta'] ?? 1e4),
    ...(arch === 'gpt-oss' && { vocab_size: number(c['vocab_size']) }),
  }
}

/** The order of rows after llama.cpp's conversion: halves of each rotated head interleaved. */
function permute(values: Float32Array, heads: number, cols: number): Float32Array {
  const d = values.length / cols / heads
  const out = new Float32Array(values.length)
  for (let h = 0; h < heads; h++)
    for (let i = 0; i < d; i++) {
      const from = (h * d + (i % 2) * (d / 2) + Math.floor(i / 2)) * cols
      out.set(values.subarray(from, from + cols), (h * d + i) * cols)
    }
  return out
}

/** Every weight that the published checkpoint's program reads, as F32 under the file's names. */
async function tensorsOf(family: Family, checkpoint: Checkpoint, c: Config): Promise<Record<string, RawGgufTensor>> {
  const program = await buildProgram(checkpoint)
  const weights = new Map(program.ops.flatMap(({ op }) => weightsOf(op)).map((w) => [w.name, w]))
  const tensors: Record<string, RawGgufTensor> = {}
  const stacks = new Map<string, { shape: readonly number[]; values: Float32Array[] }>()
  for (const { name, shape, part } of weights.values()) {
    const stored = checkpoint.tensor(name, shape, part)
    let values = await decodeRows(stored, 0, stored.rows)
    const plain = name.replace(/^language_model\./, '')
    if (family.normsPlusOne && /norm\.weight$/.test(plain)) values = values.map((v) => v + 1)
    const heads = /q_proj\./.test(plain) ? 'num_attention_heads' : /k_proj\./.test(plain) ? 'num_key_value_heads' : ''
    if (family.permuted && heads) values = permute(values, number(c[heads]), shape[1]!)
    const ggufName = nameOf(family, plain)
    const stack = stacks.get(ggufName)
    if (stack) stack.values.push(values)
    else stacks.set(ggufName, { shape, values: [values] })
  }
  for (const [name, { shape, values }] of stacks) {
    const all = new Float32Array(values.flatMap((v) => Array.from(v)))
    const stacked = name.includes('_exps.')
    tensors[name] = { type: 0, shape: stacked ? [values.length, ...shape] : shape, bytes: new Uint8Array(all.buffer) }
    expect(stacked || values.length === 1, name).toBe(true)
  }
  return tensors
}

function nameOf(family: Family, name: string): string {
  const top: Record<string, string> = {
    'model.embed_tokens.weight': 'token_embd.weight',
    'model.norm.weight': 'output_norm.weight',
    'lm_head.weight': 'output.weight',
  }
  if (top[name]) return top[name]
  const [, layer, rest = ''] = /^model\.layers\.(\d+)\.(.*)$/.exec(name)!
  const inLayer = rest.replace(/\.experts\.\d+\./, '.experts.')
  const whole = family.names[inLayer]
  if (whole) return `blk.${layer}.${whole}`
  const [, base = '', kind] = /^(.*)\.(weight|bias)$/.exec(inLayer)!
  return `blk.${layer}.${family.names[base]!}.${kind}`
}

/** The published checkpoint under another config. */
function withConfig(checkpoint: Checkpoint, changes: Config): Checkpoint {
  const text = checkpoint.config['text_config'] as Config | undefined
  const config = text
    ? { ...checkpoint.config, text_config: { ...text, ...changes } }
    : { ...checkpoint.config, ...changes }
  return Object.assign(Object.create(checkpoint) as Checkpoint, { config: config })
}

describe.each(FAMILIES)('$fixture as GGUF $arch', (family) => {
  it('gives the logits of the published checkpoint', async () => {
    const path = join(FIXTURES, 'golden', family.fixture)
    const golden = readGolden(join(path, 'golden.safetensors'))
    const publish = async (): Promise<Checkpoint> =>
      withConfig(await openCheckpoint(await nodeFiles(path)), family.assumed ?? {})
    const published = await publish()
    const c = (published.config['text_config'] ?? published.config) as Config
    const metadata = { ...sharedMetadata(c, family.arch), ...family.metadata(c) }
    const prefixed = Object.entries(metadata).map(([key, value]) => [`${family.arch}.${key}`, value] as const)
    const tensors = await tensorsOf(family, published, c)
    const file = gguf({ 'general.architecture': family.arch, ...Object.fromEntries(prefixed) }, tensors)
    await published.close()
    let expected = golden.logits!
    if (family.assumed) {
      const run = await GoldenRun.of(await publish(), referenceBackend)
      expected = await run.feed(golden.ids!, 0, 256)
      expect(largest(expected, golden.logits!)).toBeGreaterThan(1e-3)
    }
    for (const backend of [referenceBackend, cpuBackend]) {
      const run = await GoldenRun.of(await openCheckpoint(memoryFiles('made', { 'model.gguf': file })), backend, {
        threads: 2,
      })
      expect(largest(await run.feed(golden.ids!, 0, 256), expected)).toBeLessThan(1e-3)
      await run.runner.close()
    }
  })
})
