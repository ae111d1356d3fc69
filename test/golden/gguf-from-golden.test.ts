// Architectures of which no small GGUF was made elsewhere: the golden checkpoint is rewritten under llama.cpp's names, as its
// conversion does it, and must give the same logits.
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { cpuBackend } from '../../src/backends/cpu/cpu.js'
import type { Checkpoint } from '../../src/checkpoint/checkpoint.js'
import { decodeRows } from '../../src/checkpoint/decode.js'
import { nodeFiles } from '../../src/checkpoint/files-node.js'
import { DEEPSEEK4_LAYER, DEEPSEEK4_TOP } from '../../src/checkpoint/gguf-names-deepseek4.js'
import { memoryFiles } from '../../src/checkpoint/memory.js'
import { openCheckpoint } from '../../src/checkpoint/open.js'
import { weightsOf } from '../../src/graph/ops.js'
import { buildProgram } from '../../src/models/registry.js'
import { concat, gguf, type RawGgufTensor, type RawValue } from '../checkpoint/build.js'
import { FIXTURES, GoldenRun, readGolden } from './harness.js'

interface Decoded {
  readonly shape: readonly number[]
  readonly values: Float32Array
}
type Config = Record<string, number>

/** Every weight that the model reads, widened. */
async function decodeAll(checkpoint: Checkpoint): Promise<Map<string, Decoded>> {
  const program = await buildProgram(checkpoint)
  const all = new Map<string, Decoded>()
  for (const weight of program.ops.flatMap(({ op }) => weightsOf(op))) {
    const stored = checkpoint.tensor(weight.name, weight.shape, weight.part)
    if (!all.has(weight.name))
      all.set(weight.name, { shape: weight.shape, values: await decodeRows(stored, 0, stored.rows) })
  }
  return all
}

/** F32, and I32 for ids. */
function raw({ shape, values }: Decoded, ids = false): RawGgufTensor {
  const stored = ids ? Int32Array.from(values) : values.slice()
  return { type: ids ? 26 : 0, shape, bytes: new Uint8Array(stored.buffer) }
}

/** Stacks `experts.0`, `experts.1`, ... of a name with {e}. */
function stack(all: ReadonlyMap<string, Decoded>, name: string): Decoded | undefined {
  const parts: Decoded[] = []
  for (let part = all.get(name.replace('{e}', '0')); part; part = all.get(name.replace('{e}', String(parts.length))))
    parts.push(part)
  if (parts.length === 0) return undefined
  const bytes = concat(...parts.map(({ values }) => new Uint8Array(values.slice().buffer)))
  return { shape: [parts.length, ...parts[0]!.shape], values: new Float32Array(bytes.buffer) }
}

const LATENT: Readonly<Record<string, string>> = {
  'attn_norm.weight': 'input_layernorm.weight',
  'ffn_norm.weight': 'post_attention_layernorm.weight',
  'attn_q_a.weight': 'self_attn.q_a_proj.weight',
  'attn_q_a_norm.weight': 'self_attn.q_a_layernorm.weight',
  'attn_q_b.weight': 'self_attn.q_b_proj.weight',
  'attn_kv_a_mqa.weight': 'self_attn.kv_a_proj_with_mqa.weight',
  'attn_kv_a_norm.weight': 'self_attn.kv_a_layernorm.weight',
  'attn_output.weight': 'self_attn.o_proj.weight',
  'indexer.k_norm.weight': 'self_attn.indexer.k_norm.weight',
  'indexer.k_norm.bias': 'self_attn.indexer.k_norm.bias',
  'indexer.proj.weight': 'self_attn.indexer.weights_proj.weight',
  'indexer.attn_k.weight': 'self_attn.indexer.wk.weight',
  'indexer.attn_q_b.weight': 'self_attn.indexer.wq_b.weight',
  'ffn_gate.weight': 'mlp.gate_proj.weight',
  'ffn_up.weight': 'mlp.up_proj.weight',
  'ffn_down.weight': 'mlp.down_proj.weight',
  'ffn_gate_inp.weight': 'mlp.gate.weight',
  'exp_probs_b.bias': 'mlp.gate.e_score_correction_bias',
  'ffn_gate_exps.weight': 'mlp.experts.{e}.gate_proj.weight',
  'ffn_up_exps.weight': 'mlp.experts.{e}.up_proj.weight',
  'ffn_down_exps.weight': 'mlp.experts.{e}.down_proj.weight',
  'ffn_gate_shexp.weight': 'mlp.shared_experts.gate_proj.weight',
  'ffn_up_shexp.weight': 'mlp.shared_experts.up_proj.weight',
  'ffn_down_shexp.weight': 'mlp.shared_experts.down_proj.weight',
}
const TOP = {
  'token_embd.weight': 'model.embed_tokens.weight',
  'output_norm.weight': 'model.norm.weight',
  'output.weight': 'lm_head.weight',
}

function renamed(
  all: ReadonlyMap<string, Decoded>,
  top: Iterable<readonly [string, string]>,
  layer: Iterable<readonly [string, string]>,
  prefix: string,
  layers: number,
): Record<string, RawGgufTensor> {
  const out: Record<string, RawGgufTensor> = {}
  const put = (to: string, from: string): void => {
    const found = from.includes('{e}') ? stack(all, from) : all.get(from)
    if (found) out[to] = raw(found, from.endsWith('tid2eid'))
  }
  for (const [to, from] of top) put(to, from)
  for (let i = 0; i < layers; i++) for (const [to, from] of layer) put(`blk.${i}.${to}`, `${prefix}${i}.${from}`)
  return out
}

/** kv_b [H * (nope + v), rank] as k_b [H, rank, nope], transposed, and v_b [H, v, rank]. */
function splitKvB({ values }: Decoded, c: Config): Record<'attn_k_b' | 'attn_v_b', Decoded> {
  const [H, nope, v, rank] = [c.num_attention_heads!, c.qk_nope_head_dim!, c.v_head_dim!, c.kv_lora_rank!]
  const [k, out] = [new Float32Array(H * rank * nope), new Float32Array(H * v * rank)]
  for (let h = 0; h < H; h++)
    for (let r = 0; r < rank; r++) {
      for (let i = 0; i < nope; i++) k[(h * rank + r) * nope + i] = values[(h * (nope + v) + i) * rank + r]!
      for (let i = 0; i < v; i++) out[(h * v + i) * rank + r] = values[(h * (nope + v) + nope + i) * rank + r]!
    }
  return { attn_k_b: { shape: [H, rank, nope], values: k }, attn_v_b: { shape: [H, v, rank], values: out } }
}

function yarnKeys(arch: string, s: Config): Record<string, RawValue> {
  return {
    [`${arch}.rope.scaling.type`]: 'yarn',
    [`${arch}.rope.scaling.factor`]: { f32: s.factor! },
    [`${arch}.rope.scaling.original_context_length`]: s.original_max_position_embeddings!,
    ...(s.mscale_all_dim && { [`${arch}.rope.scaling.yarn_log_multiplier`]: { f32: 0.1 * s.mscale_all_dim } }),
  }
}

function sharedKeys(arch: string, c: Config): Record<string, RawValue> {
  return {
    'general.architecture': arch,
    [`${arch}.block_count`]: c.num_hidden_layers!,
    [`${arch}.context_length`]: c.max_position_embeddings!,
    [`${arch}.embedding_length`]: c.hidden_size!,
    [`${arch}.vocab_size`]: c.vocab_size!,
    [`${arch}.attention.head_count`]: c.num_attention_heads!,
    [`${arch}.attention.head_count_kv`]: 1,
    [`${arch}.attention.layer_norm_rms_epsilon`]: { f32: c.rms_norm_eps! },
    [`${arch}.attention.q_lora_rank`]: c.q_lora_rank!,
    [`${arch}.attention.indexer.head_count`]: c.index_n_heads!,
    [`${arch}.attention.indexer.key_length`]: c.index_head_dim!,
    [`${arch}.attention.indexer.top_k`]: c.index_topk!,
    [`${arch}.rope.freq_base`]: { f32: c.rope_theta! },
    [`${arch}.rope.dimension_count`]: c.qk_rope_head_dim!,
    [`${arch}.expert_count`]: c.n_routed_experts!,
    [`${arch}.expert_used_count`]: c.num_experts_per_tok!,
    [`${arch}.expert_shared_count`]: c.n_shared_experts!,
    [`${arch}.expert_feed_forward_length`]: c.moe_intermediate_size!,
    [`${arch}.expert_weights_scale`]: { f32: c.routed_scaling_factor! },
    [`${arch}.expert_weights_norm`]: true,
    ...yarnKeys(arch, (c as unknown as { rope_scaling: Config }).rope_scaling),
  }
}

function deepseek32(all: ReadonlyMap<string, Decoded>, c: Config): Uint8Array {
  const tensors = renamed(all, Object.entries(TOP), Object.entries(LATENT), 'model.layers.', c.num_hidden_layers!)
  for (let i = 0; i < c.num_hidden_layers!; i++) {
    const halves = splitKvB(all.get(`model.layers.${i}.self_attn.kv_b_proj.weight`)!, c)
    for (const [part, half] of Object.entries(halves)) tensors[`blk.${i}.${part}.weight`] = raw(half)
  }
  const keys = {
    ...sharedKeys('deepseek32', c),
    'deepseek32.feed_forward_length': c.intermediate_size!,
    'deepseek32.leading_dense_block_count': c.first_k_dense_replace!,
    'deepseek32.attention.kv_lora_rank': c.kv_lora_rank!,
    'deepseek32.attention.key_length': c.kv_lora_rank! + c.qk_rope_head_dim!,
    'deepseek32.attention.value_length': c.kv_lora_rank!,
    'deepseek32.attention.key_length_mla': c.qk_nope_head_dim! + c.qk_rope_head_dim!,
    'deepseek32.attention.value_length_mla': c.v_head_dim!,
    'deepseek32.expert_gating_func': 2,
    'deepseek32.expert_group_count': c.n_group!,
    'deepseek32.expert_group_used_count': c.topk_group!,
  }
  return gguf(keys, tensors)
}

function deepseek4(all: ReadonlyMap<string, Decoded>, c: Config): Uint8Array {
  const layers = c.num_hidden_layers!
  const keys = {
    ...sharedKeys('deepseek4', c),
    'deepseek4.attention.key_length': c.head_dim!,
    'deepseek4.attention.value_length': c.head_dim!,
    'deepseek4.attention.sliding_window': c.sliding_window!,
    'deepseek4.attention.compress_ratios': {
      u32: (c as unknown as { compress_ratios: number[] }).compress_ratios.slice(0, layers),
    },
    'deepseek4.attention.compress_rope_freq_base': { f32: c.compress_rope_theta! },
    'deepseek4.attention.output_lora_rank': c.o_lora_rank!,
    'deepseek4.attention.output_group_count': c.o_groups!,
    'deepseek4.expert_gating_func': 4,
    'deepseek4.hash_layer_count': c.num_hash_layers!,
    'deepseek4.hyper_connection.count': c.hc_mult!,
    'deepseek4.hyper_connection.sinkhorn_iterations': c.hc_sinkhorn_iters!,
    'deepseek4.hyper_connection.epsilon': { f32: c.hc_eps! },
    'deepseek4.swiglu_clamp_exp': { f32: Array.from({ length: layers }, () => c.swiglu_limit!) },
  }
  return gguf(keys, renamed(all, DEEPSEEK4_TOP, DEEPSEEK4_LAYER, 'layers.', layers))
}

describe.each([
  ['deepseek32', 'deepseek-v32', deepseek32],
  ['deepseek4', 'deepseek-v4', deepseek4],
] as const)('GGUF architecture %s', (_, fixture, convert) => {
  it('gives the golden logits', async () => {
    const path = join(FIXTURES, 'golden', fixture)
    const published = await openCheckpoint(await nodeFiles(path))
    const file = convert(await decodeAll(published), published.config as unknown as Config)
    await published.close()
    const golden = readGolden(join(path, 'golden.safetensors'))
    const run = await GoldenRun.of(
      await openCheckpoint(memoryFiles('rewritten', { 'model.gguf': file }, 'model.gguf')),
      cpuBackend,
      {
        threads: 2,
      },
    )
    expect(await run.maxError(golden, 320)).toBeLessThan(1e-3)
    await run.runner.close()
  })
})
