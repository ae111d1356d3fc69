// Golden checkpoints rewritten as Mistral publishes its models: params.json and consolidated.safetensors, with the rows of
// queries and keys in pairs. They must give the same logits.
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { cpuBackend } from '../../src/backends/cpu/cpu.js'
import { decodeRows } from '../../src/checkpoint/formats/decode.js'
import { nodeFiles } from '../../src/checkpoint/files/node.js'
import { memoryFiles } from '../../src/checkpoint/files/memory.js'
import { openCheckpoint } from '../../src/models/open.js'
import type { FileSet } from '../../src/checkpoint/files/source.js'
import { weightsOf } from '../../src/graph/ops.js'
import { buildProgram } from '../../src/models/registry.js'
import { bf16, f32, json, safetensors, type RawTensor } from '../checkpoint/build.js'
import { FIXTURES, GoldenRun, readGolden } from './harness.js'
import { decodeAll, raw, type Config, type Decoded } from './rewrite.js'
import type { JsonObject } from '../../src/json.js'

type Files = Record<string, Uint8Array>
type Params = Record<string, unknown>

/** From Hugging Face's names to Mistral's, one after the other. */
const RENAMES: readonly (readonly [RegExp, string])[] = [
  [/^lm_head/, 'output'],
  [/^model\.(language_model\.)?/, ''],
  [/^language_model\.model\./, ''],
  [/embed_tokens/, 'tok_embeddings'],
  [/input_layernorm/, 'attention_norm'],
  [/post_attention_layernorm/, 'ffn_norm'],
  [/self_attn\.(q_a|kv_a)_layernorm/, 'attention.$1_norm'],
  [/self_attn\.kv_a_proj_with_mqa/, 'attention.wkv_a_with_mqa'],
  [/self_attn\.(q|k|v|o|q_a|q_b|kv_b)_proj/, 'attention.w$1'],
  [/gate_proj/, 'w1'],
  [/down_proj/, 'w2'],
  [/up_proj/, 'w3'],
  [/mlp\.(w[123])/, 'feed_forward.$1'],
  [/mlp\./, ''],
]

/** Row i of a head's first half and row i of its second become rows 2 i and 2 i + 1. */
function paired({ shape, values }: Decoded, heads: number): Decoded {
  const [rows = 0, cols = 0] = shape
  const half = rows / heads / 2
  const out = new Float32Array(values.length)
  for (let h = 0; h < heads; h++)
    for (let i = 0; i < half; i++)
      for (const p of [0, 1]) {
        const from = (h * 2 * half + p * half + i) * cols
        out.set(values.subarray(from, from + cols), (h * 2 * half + 2 * i + p) * cols)
      }
  return { shape, values: out }
}

function tensorsOf(all: ReadonlyMap<string, Decoded>, c: Config): Record<string, RawTensor> {
  const rope = (c as unknown as { rope_parameters?: Config }).rope_parameters
  // Mistral's layout has no factor of YaRN on the softmax, the golden logits do: here the queries take it up.
  const mscale = rope?.['mscale_all_dim'] && c.kv_lora_rank ? 0.1 * Math.log(rope['factor']!) + 1 : 1
  const out: Record<string, RawTensor> = {}
  for (const [name, tensor] of all) {
    const own = RENAMES.reduce((text, [from, to]) => text.replace(from, to), name)
    let stored = tensor
    if (own.endsWith('.wq.weight')) stored = paired(tensor, c.num_attention_heads!)
    if (own.endsWith('.wk.weight')) stored = paired(tensor, c.num_key_value_heads!)
    if (own.endsWith('.wq_b.weight')) stored = { ...tensor, values: tensor.values.map((value) => value * mscale ** 2) }
    out[own] = { dtype: 'F32', shape: stored.shape, bytes: raw(stored).bytes }
  }
  return out
}

function paramsOf(c: Config): Params {
  const rope = (c as unknown as { rope_parameters?: Config }).rope_parameters
  const length = rope?.['original_max_position_embeddings']
  return {
    dim: c.hidden_size,
    n_layers: c.num_hidden_layers,
    hidden_dim: c.intermediate_size,
    n_heads: c.num_attention_heads,
    n_kv_heads: c.num_key_value_heads,
    head_dim: c.head_dim,
    norm_eps: c.rms_norm_eps,
    vocab_size: c.vocab_size,
    rope_theta: rope?.['rope_theta'] ?? c.rope_theta,
    max_position_embeddings: c.max_position_embeddings,
    tied_embeddings: c.tie_word_embeddings,
    ...(c.sliding_window && { sliding_window: String(c.sliding_window) }),
    ...(rope?.['factor'] && {
      yarn: {
        factor: rope['factor'],
        original_max_position_embeddings: length,
        beta: rope['beta_fast'],
        alpha: rope['beta_slow'],
        apply_scale: false,
      },
      llama_4_scaling: { beta: rope['llama_4_scaling_beta'], original_max_position_embeddings: length },
      vision_encoder: { hidden_size: 1024 },
    }),
    ...(c.kv_lora_rank && {
      q_lora_rank: c.q_lora_rank,
      kv_lora_rank: c.kv_lora_rank,
      qk_nope_head_dim: c.qk_nope_head_dim,
      qk_rope_head_dim: c.qk_rope_head_dim,
      v_head_dim: c.v_head_dim,
      moe: {
        num_experts: c.n_routed_experts,
        num_experts_per_tok: c.num_experts_per_tok,
        expert_hidden_dim: c.moe_intermediate_size,
        num_shared_experts: c.n_shared_experts,
        first_k_dense_replace: c.first_k_dense_replace,
        route_every_n: 1,
        routed_scale: c.routed_scaling_factor,
        num_expert_groups: 1,
        num_expert_groups_per_tok: 1,
      },
    }),
  }
}

/** The folder as Mistral publishes it; in two shards if asked for. */
async function rewritten(name: string, shards = false): Promise<Files> {
  const published = await openCheckpoint(await nodeFiles(join(FIXTURES, 'golden', name)))
  const all = await decodeAll(published)
  const outer = published.config as JsonObject & { text_config?: JsonObject }
  const c = (outer.text_config ?? outer) as unknown as Config
  await published.close()
  const tensors = tensorsOf(all, c)
  const params = json(paramsOf(c))
  if (!shards) return { 'params.json': params, 'consolidated.safetensors': safetensors(tensors) }
  const names = [1, 2].map((i) => `consolidated-0000${i}-of-00002.safetensors`)
  const entries = Object.entries(tensors).map((entry, i) => [names[i % 2]!, entry] as const)
  const index = { weight_map: Object.fromEntries(entries.map(([file, [tensor]]) => [tensor, file])) }
  const part = (file: string) => Object.fromEntries(entries.filter(([at]) => at === file).map(([, entry]) => entry))
  return {
    'params.json': params,
    'consolidated.safetensors.index.json': json(index),
    ...Object.fromEntries(names.map((file) => [file, safetensors(part(file))])),
  }
}

async function maxError(files: FileSet, name: string): Promise<number> {
  const run = await GoldenRun.of(await openCheckpoint(files), cpuBackend, { threads: 2 })
  const error = await run.maxError(readGolden(join(FIXTURES, 'golden', name, 'golden.safetensors')), 320)
  await run.runner.close()
  return error
}

describe.each([
  ['mistral', 'mistral'],
  ['ministral3', 'ministral3'],
  ['mistral4', 'mistral4'],
  ['mistral-large-3', 'mistral4'],
] as const)('%s in the layout of Mistral', (name, modelType) => {
  it('gives the golden logits', async () => {
    const files = memoryFiles('native', await rewritten(name))
    const checkpoint = await openCheckpoint(files)
    expect(checkpoint.config['model_type']).toBe(modelType)
    await checkpoint.close()
    expect(await maxError(files, name)).toBeLessThan(1e-3)
  })
})

describe('the layout of Mistral', () => {
  it('comes in shards, from a place that lists no files, and as one file that is named', async () => {
    const one = await rewritten('ministral3')
    const shards = memoryFiles('shards', await rewritten('ministral3', true))
    for (const files of [shards, memoryFiles('one', one)]) {
      expect(await maxError(files, 'ministral3')).toBeLessThan(1e-3)
      expect(await maxError({ ...files, list: () => Promise.resolve([]) }, 'ministral3')).toBeLessThan(1e-3)
    }
    const named = memoryFiles('named', one, 'consolidated.safetensors')
    expect(await maxError(named, 'ministral3')).toBeLessThan(1e-3)
  })

  it('gives way to the layout of Hugging Face where a folder has both', async () => {
    const own = { ...(await rewritten('mistral')), 'params.json': json({}) }
    const hf = await nodeFiles(join(FIXTURES, 'golden', 'mistral'))
    const both: FileSet = {
      name: 'both',
      list: async () => [...(await hf.list()).filter((name) => !name.startsWith('golden')), ...Object.keys(own)],
      open: async (name) => (await hf.open(name)) ?? (await memoryFiles('both', own).open(name)),
    }
    expect(await maxError(both, 'mistral')).toBeLessThan(1e-3)
  })

  it('reads FP8 with one scale for a tensor, and with scales by block', async () => {
    const codes = Uint8Array.from({ length: 4 * 64 }, (_, i) => 0x30 + Math.floor(i / 64)) // rows of 0.5, 0.5625, 0.625, 0.6875
    const matrix = { dtype: 'F8_E4M3', shape: [4, 64], bytes: codes }
    const files = await rewritten('mistral')
    const params = JSON.parse(new TextDecoder().decode(files['params.json'])) as Params
    const open = async (quantization: Params, tensors: Record<string, RawTensor>) =>
      openCheckpoint(
        memoryFiles('fp8', {
          'params.json': json({ ...params, n_heads: 1, n_kv_heads: 1, head_dim: 4, ...quantization }),
          'consolidated.safetensors': safetensors(tensors),
        }),
      )
    const firstColumn = async (files: ReturnType<typeof open>) => {
      const stored = (await files).tensor('model.layers.0.self_attn.q_proj.weight', [4, 64])
      return [...(await decodeRows(stored, 0, 4))].filter((_, i) => i % 64 === 0)
    }
    const one = open(
      { quantization: { qformat_weight: 'fp8_e4m3', qscheme_act: 'TENSOR' } },
      {
        'layers.0.attention.wq.weight': matrix,
        'layers.0.attention.wq.qscale_weight': { dtype: 'BF16', shape: [], bytes: bf16(2) },
        'layers.0.attention.wq.qscale_act': { dtype: 'BF16', shape: [], bytes: bf16(3) },
      },
    )
    expect(await firstColumn(one)).toEqual([1, 1.25, 1.125, 1.375])
    expect([...(await one).names()]).toEqual(['model.layers.0.self_attn.q_proj.weight'])
    const grid = (...scales: number[]) => ({
      'layers.0.attention.wq.weight': matrix,
      'layers.0.attention.wq.weight_scale': { dtype: 'F32', shape: [scales.length, 1], bytes: f32(...scales) },
    })
    const compressed = { quantization_config: { quant_method: 'compressed_tensors', format: 'float-quantized' } }
    expect(await firstColumn(open(compressed, grid(4)))).toEqual([2, 2.5, 2.25, 2.75])
    // Scales by row would have to move with the rows; Mistral publishes none.
    await expect(firstColumn(open(compressed, grid(1, 2, 3, 4)))).rejects.toThrow(/scales of 1 rows/)
  })

  it.each([
    ['Mixtral', { moe: { num_experts: 8, num_experts_per_tok: 2 } }, /mixture of experts without latent attention/],
    ['Voxtral', { multimodal: { whisper_model_args: {} } }, /Voxtral/],
    ['Codestral Mamba', { model_type: 'mamba' }, /model_type "mamba"/],
    ['scaled YaRN', { yarn: { factor: 4, apply_scale: true } }, /yarn.apply_scale true/],
    ['latent attention without experts', { qk_nope_head_dim: 16 }, /latent attention without experts cannot/],
    ['several windows', { sliding_window: [null, 4096] }, /sliding_window \[null,4096\]/],
    ['two lengths', { llama_4_scaling: { beta: 0.1, original_max_position_embeddings: 3 } }, /two different/],
    ['unknown codes', { quantization: { qformat_weight: 'int3' } }, /quantization .*int3/],
    ['no width', { dim: undefined }, /expected the key dim/],
  ])('refuses %s, and says what to download instead', async (_, change, reason) => {
    const files = await rewritten('ministral3')
    const params = JSON.parse(new TextDecoder().decode(files['params.json'])) as Params
    const opened = openCheckpoint(memoryFiles('m', { ...files, 'params.json': json({ ...params, ...change }) }))
    await expect(opened).rejects.toThrow(reason)
    await expect(opened).rejects.toThrow(/^m\/params.json: .*Download the same model in Hugging Face layout/)
  })

  it('refuses a router that Large 3 does not have', async () => {
    const files = await rewritten('mistral-large-3')
    const params = JSON.parse(new TextDecoder().decode(files['params.json'])) as { moe: Params }
    for (const change of [{ use_load_balancing_bias: true }, { renorm_strategy: 'NONE' }, { route_every_n: 2 }]) {
      const changed = json({ ...params, moe: { ...params.moe, ...change } })
      const opened = openCheckpoint(memoryFiles('m', { ...files, 'params.json': changed }))
      await expect(opened).rejects.toThrow(`moe.${Object.keys(change)[0]}`)
    }
    const windowed = json({ ...params, sliding_window: 4096 })
    await expect(openCheckpoint(memoryFiles('m', { ...files, 'params.json': windowed }))).rejects.toThrow(
      "m/params.json: latent attention with a sliding_window cannot be read in Mistral's own layout.",
    )
  })

  it('has the parameters of Large 3 by its published params.json', async () => {
    // as vLLM's tests have it (tests/transformers_utils/test_config.py)
    const params = {
      ...{ dim: 7168, n_layers: 61, head_dim: 192, hidden_dim: 16384, n_heads: 128, n_kv_heads: 128, norm_eps: 1e-5 },
      ...{ vocab_size: 131072, rope_theta: 10000, max_position_embeddings: 294912 },
      ...{ q_lora_rank: 1536, kv_lora_rank: 512, qk_nope_head_dim: 128, qk_rope_head_dim: 64, v_head_dim: 128 },
      moe: {
        ...{ num_experts: 128, num_experts_per_tok: 4, num_shared_experts: 1, expert_hidden_dim: 4096 },
        ...{ first_k_dense_replace: 3, route_every_n: 1, routed_scale: 1 },
        ...{ num_expert_groups: 1, num_expert_groups_per_tok: 1 },
      },
      llama_4_scaling: { beta: 0.1, original_max_position_embeddings: 8192 },
      yarn: { alpha: 1, apply_scale: false, beta: 32, factor: 36, original_max_position_embeddings: 8192 },
    }
    const files = { 'params.json': json(params), 'consolidated.safetensors': safetensors({}) }
    const checkpoint = await openCheckpoint(memoryFiles('large-3', files))
    expect(checkpoint.config['rope_parameters']).toEqual({
      ...{ rope_theta: 10000, rope_type: 'yarn', factor: 36, beta_fast: 32, beta_slow: 1, attention_factor: 1 },
      ...{ original_max_position_embeddings: 8192, llama_4_scaling_beta: 0.1 },
    })
    const program = await buildProgram(checkpoint)
    const weights = new Map(program.ops.flatMap(({ op }) => weightsOf(op)).map(({ name, shape }) => [name, shape]))
    const parameters = [...weights.values()].reduce((sum, shape) => sum + shape.reduce((all, n) => all * n, 1), 0)
    expect(parameters / 1e9).toBeCloseTo(673, 0)
    const attention = program.ops.map(({ op }) => op).find((op) => op.op === 'mlaAttention')!
    expect(attention.scale).toBeCloseTo(192 ** -0.5)
  })
})
