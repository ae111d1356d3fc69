import { describe, expect, it } from 'vitest'
import { configOnly, openConfigOnly } from '../../src/checkpoint/config-only.js'
import { memoryFiles } from '../../src/checkpoint/files/memory.js'
import { planLoad } from '../../src/engine/measure/plan.js'
import { buildProgram } from '../../src/models/registry.js'

const [D, F, L, V] = [512, 1024, 2, 1000]
const CONFIG = {
  ...{ model_type: 'llama', hidden_size: D, intermediate_size: F, num_hidden_layers: L, vocab_size: V },
  ...{
    num_attention_heads: 4,
    num_key_value_heads: 4,
    head_dim: 128,
    rms_norm_eps: 1e-5,
    max_position_embeddings: 512,
  },
  ...{ tie_word_embeddings: false, torch_dtype: 'bfloat16' },
}
/** Parameters of the layers' matrices, of one of its projections, and of what stays BF16. */
const MATRICES = L * (4 * D * D + 3 * D * F)
const QUERIES = D * D
const OUTSIDE = 2 * V * D + (2 * L + 1) * D

async function stored(quantization: Record<string, unknown>): Promise<Readonly<Record<string, number>>> {
  const checkpoint = configOnly('planned', { ...CONFIG, quantization_config: quantization })
  const plan = await planLoad(await buildProgram(checkpoint), checkpoint)
  expect(plan.weightBytes).toBeGreaterThan(0)
  return plan.bytesByFormat
}

describe('a plan from a config alone', () => {
  it.each([
    ['NVFP4', { quant_method: 'modelopt', quant_algo: 'NVFP4' }, 'fp4', 16],
    ['AWQ', { quant_method: 'awq', bits: 4, group_size: 128, version: 'gemm' }, 'int4_packed', 128],
    ['GPTQ', { quant_method: 'gptq', bits: 4, group_size: 64, desc_act: false }, 'int4_packed', 64],
  ])('knows the bytes of %s', async (_, quantization, format, group) => {
    const bits = 1 / 2 + 4 / group
    expect(await stored(quantization)).toEqual({ [format]: MATRICES * bits, bf16: 2 * OUTSIDE })
    const kept = { ...quantization, modules_to_not_convert: ['model.layers.0.self_attn.q_proj'] }
    expect(await stored(kept)).toEqual({ [format]: (MATRICES - QUERIES) * bits, bf16: 2 * (OUTSIDE + QUERIES) })
  })

  it('knows FP8 of ModelOpt, with one scale for a tensor', async () => {
    const found = await stored({ quant_method: 'modelopt', quant_algo: 'FP8' })
    expect(found['fp8_e4m3']).toBe(MATRICES + 4 * 7 * L)
  })

  it('has no weights to read, and says so', async () => {
    const tensor = configOnly('planned', CONFIG).tensor('model.norm.weight', [D])
    await expect(tensor.readRows(0, 1)).rejects.toMatchObject({
      code: 'file_not_found',
      message: 'planned: model.norm.weight has no weights here: this is a config alone. Download the model to load it.',
    })
    await expect(openConfigOnly(memoryFiles('folder', {}))).rejects.toMatchObject({
      code: 'file_not_found',
      message: 'folder/config.json: no such file. Give a config.json.',
    })
  })

  it.each([
    ['GPTQ of three bits', { quant_method: 'gptq', bits: 3 }, /stored as "gptq", bits 3/],
    ['AWQ in groups of 16', { quant_method: 'awq', bits: 4, group_size: 16 }, /group_size 16/],
  ])('refuses %s', async (_, quantization, message) => {
    await expect(stored(quantization)).rejects.toThrow(message)
  })
})
