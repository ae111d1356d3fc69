// Layers for further tokens (MTP) against transformers' decoder layers: tools/oracle/make_mtp_layer.py.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { cpuBackend } from '../../src/backends/cpu/cpu.js'
import { referenceBackend } from '../../src/backends/reference/reference.js'
import type { Backend } from '../../src/backends/backend.js'
import type { Checkpoint } from '../../src/checkpoint/checkpoint.js'
import { memoryFiles, memorySource } from '../../src/checkpoint/files/memory.js'
import { readSafetensorsHeader } from '../../src/checkpoint/safetensors/header.js'
import { loadEngineFrom } from '../../src/engine/load.js'
import { openCheckpoint } from '../../src/models/open.js'
import { buildProgram } from '../../src/models/registry.js'
import { gguf, json, type RawValue } from '../checkpoint/build.js'
import { ATTENTION, FURTHER_TOKENS, furtherLayers, qwen35, qwen3next, under, type All } from '../golden/gguf-hybrid.js'
import { FIXTURES, readGolden } from '../golden/harness.js'
import { decodeAll, renamed, TOP, type Config } from '../golden/rewrite.js'
import { draftLogitsOf, loadRunner, logitsOf, type RunnerOptions } from '../runner.js'

const TOLERANCE = 1e-3

const BACKENDS: { name: string; backend: Backend; options: RunnerOptions }[] = [
  { name: 'reference', backend: referenceBackend, options: {} },
  { name: 'cpu, 2 threads', backend: cpuBackend, options: { threads: 2 } },
]

/** The golden checkpoint with the layer's tensors in a second file. */
async function withLayer(name: string): Promise<Checkpoint> {
  const golden = join(FIXTURES, 'golden', name)
  const [model, layer] = ['model-00001-of-00002.safetensors', 'model-00002-of-00002.safetensors']
  const files = {
    [model]: readFileSync(join(golden, 'model.safetensors')),
    [layer]: readFileSync(join(FIXTURES, 'mtp', `${name}.safetensors`)),
  }
  const weightMap: Record<string, string> = {}
  for (const [file, bytes] of Object.entries(files))
    for (const tensor of (await readSafetensorsHeader(memorySource(file, bytes))).keys()) weightMap[tensor] = file
  return openCheckpoint(
    memoryFiles(name, {
      ...files,
      'config.json': readFileSync(join(golden, 'config.json')),
      'model.safetensors.index.json': json({ weight_map: weightMap }),
    }),
  )
}

const CONVERTED = {
  fc: 'eh_proj',
  pre_fc_norm_embedding: 'enorm',
  pre_fc_norm_hidden: 'hnorm',
  norm: 'shared_head.norm',
}

/** The same as llama.cpp's conversion writes it: the layer after the others. */
async function converted(name: string): Promise<Checkpoint> {
  const published = await withLayer(name)
  const { config } = published
  const all = await decodeAll(published, true)
  const layer = `model.layers.${String(config['num_hidden_layers'])}`
  for (const [tensor, decoded] of [...all]) {
    if (tensor.startsWith('mtp.layers.0.')) all.set(tensor.replace('mtp.layers.0', layer), decoded)
    for (const [own, to] of Object.entries(CONVERTED))
      if (tensor === `mtp.${own}.weight`) all.set(`${layer}.${to}.weight`, decoded)
  }
  const convert = { 'qwen3-next': qwen3next, 'qwen3.5': qwen35('qwen35'), 'glm4-moe': glm4Moe }[name]!
  const file = convert(all, config as unknown as Config)
  return openCheckpoint(memoryFiles('converted', { 'model.gguf': file }, 'model.gguf'))
}

/** ids [T], draft [T - 1, V]. */
async function readDraft(name: string): Promise<{ ids: number[]; draft: Float32Array }> {
  const bytes = new Uint8Array(readFileSync(join(FIXTURES, 'mtp', `${name}.safetensors`)))
  const source = memorySource(name, bytes)
  const header = await readSafetensorsHeader(source)
  const part = (tensor: string): ArrayBuffer => {
    const { start, end } = header.get(tensor)!
    return bytes.slice(start, end).buffer
  }
  return { ids: Array.from(new BigInt64Array(part('ids')), Number), draft: new Float32Array(part('draft')) }
}

const GLM: [string, string][] = [
  ['attn_norm.weight', 'input_layernorm.weight'],
  ['post_attention_norm.weight', 'post_attention_layernorm.weight'],
  ...under('self_attn', { ...ATTENTION, 'attn_q_norm.weight': 'q_norm.weight', 'attn_k_norm.weight': 'k_norm.weight' }),
  ...under('self_attn', { 'attn_q.bias': 'q_proj.bias', 'attn_k.bias': 'k_proj.bias', 'attn_v.bias': 'v_proj.bias' }),
  ...['gate', 'up', 'down'].flatMap((part): [string, string][] => [
    [`ffn_${part}.weight`, `mlp.${part}_proj.weight`],
    [`ffn_${part}_exps.weight`, `mlp.experts.{e}.${part}_proj.weight`],
    [`ffn_${part}_shexp.weight`, `mlp.shared_experts.${part}_proj.weight`],
  ]),
  ['ffn_gate_inp.weight', 'mlp.gate.weight'],
  ['exp_probs_b.bias', 'mlp.gate.e_score_correction_bias'],
  ...FURTHER_TOKENS,
]

function glm4Moe(all: All, c: Config): Uint8Array {
  const layers = c['num_hidden_layers']! + furtherLayers(all, c)
  const keys: Record<string, RawValue> = {
    block_count: layers,
    nextn_predict_layers: furtherLayers(all, c),
    context_length: c['max_position_embeddings']!,
    embedding_length: c['hidden_size']!,
    feed_forward_length: c['intermediate_size']!,
    'attention.head_count': c['num_attention_heads']!,
    'attention.head_count_kv': c['num_key_value_heads']!,
    'attention.key_length': c['head_dim']!,
    'attention.value_length': c['head_dim']!,
    'attention.layer_norm_rms_epsilon': { f32: c['rms_norm_eps']! },
    'rope.freq_base': { f32: c['rope_theta']! },
    'rope.dimension_count': c['head_dim']! * c['partial_rotary_factor']!,
    expert_count: c['n_routed_experts']!,
    expert_used_count: c['num_experts_per_tok']!,
    expert_feed_forward_length: c['moe_intermediate_size']!,
    expert_shared_count: c['n_shared_experts']!,
    leading_dense_block_count: c['first_k_dense_replace']!,
    expert_weights_scale: { f32: c['routed_scaling_factor']! },
    expert_gating_func: 2,
    expert_weights_norm: true,
  }
  const prefixed = Object.entries(keys).map(([key, value]) => [`glm4moe.${key}`, value])
  const metadata = { 'general.architecture': 'glm4moe', ...(Object.fromEntries(prefixed) as typeof keys) }
  return gguf(metadata, renamed(all, Object.entries(TOP), GLM, 'model.layers.', layers))
}

const CASES = [
  { name: 'qwen3.5', form: 'safetensors', open: withLayer },
  { name: 'qwen3.5', form: 'GGUF', open: converted },
  { name: 'qwen3-next', form: 'safetensors', open: withLayer },
  { name: 'qwen3-next', form: 'GGUF', open: converted },
  { name: 'glm4-moe', form: 'safetensors', open: withLayer },
  { name: 'glm4-moe', form: 'GGUF', open: converted },
]

describe.each(CASES)('$name, $form', ({ name, open }) => {
  it.each(BACKENDS)('drafts as the formulas say, for chunks of 1, 7 and all ($name)', async ({ backend, options }) => {
    const { ids, draft } = await readDraft(name)
    const checkpoint = await open(name)
    const program = await buildProgram(checkpoint, { mtp: true })
    const V = program.vocabSize
    const runner = await loadRunner(backend, program, checkpoint, {
      ...{ precision: 'exact', stepTokens: 64, maxLogitRows: 64 },
      ...options,
    })
    await runner.reservePages(1)
    const recurrent = runner.slotBytes > 0
    if (recurrent) await runner.reserveSlots(1)
    for (const chunk of [1, 7, ids.length]) {
      for (let from = 0; from < ids.length; from += chunk) {
        const tokens = Int32Array.from(ids.slice(from, from + chunk))
        const rows = tokens.map((_, i) => i)
        const place = {
          pageTables: [Int32Array.of(0)],
          slots: Int32Array.of(0),
          sequences: new Int32Array(tokens.length),
        }
        const positions = rows.map((i) => from + i)
        await logitsOf(runner, { tokens, positions, ...place, logitRows: rows })
        // The last token has no successor.
        const known = rows.filter((i) => from + i + 1 < ids.length)
        if (known.length === 0) continue
        const next = { tokens: known.map((i) => ids[from + i + 1]!), hiddenRows: known, logitRows: known }
        const drafted = await draftLogitsOf(runner, { ...place, ...next, positions: positions.slice(0, known.length) })
        const worst = drafted.reduce((most, x, i) => Math.max(most, Math.abs(x - draft[from * V + i]!)), 0)
        expect(worst).toBeLessThan(TOLERANCE)
      }
    }
    await runner.close()
    await checkpoint.close()
  })

  it('gives the greedy ids of transformers with its drafts', async () => {
    const { prompt, greedy } = readGolden(join(FIXTURES, 'golden', name, 'golden.safetensors'))
    await using engine = await loadEngineFrom(await open(name), {
      precision: 'exact',
      threads: 2,
      speculate: 'mtp',
    })
    const { ids, speculation } = await engine.generate(prompt, {
      maxTokens: greedy.length,
      ignoreEos: true,
      temperature: 0,
    }).result
    expect(ids).toEqual(greedy)
    expect(speculation!.drafted).toBeGreaterThan(0)
  })
})

it('says which tensors are missing', async () => {
  const golden = join(FIXTURES, 'golden', 'qwen3.5')
  const files = ['config.json', 'model.safetensors'].map((file) => [file, readFileSync(join(golden, file))] as const)
  const checkpoint = await openCheckpoint(memoryFiles('plain', Object.fromEntries(files)))
  await expect(buildProgram(checkpoint, { mtp: true })).rejects.toThrow(
    /mtp without the tensors of the layer \(mtp\.fc\.weight\)/,
  )
})
