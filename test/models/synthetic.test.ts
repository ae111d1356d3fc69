import { describe, expect, it } from 'vitest'
import { decodeRows } from '../../src/checkpoint/formats/decode.js'
import { assumedShape, syntheticCheckpoint } from '../../src/models/shapes.js'
import { countParameters } from '../../src/engine/measure/parameters.js'
import { buildProgram } from '../../src/models/registry.js'

const Q = 'model.layers.3.self_attn.q_proj.weight'

describe('synthetic checkpoints', () => {
  it.each(['q4_0', 'q8_0', 'q4_k', 'q6_k', 'mxfp4', 'fp8', 'bf16', 'f32'])(
    '%s: centred values of weight size, the same for any range',
    async (format) => {
      const tensor = syntheticCheckpoint(`qwen3-0.6b:${format}`).tensor(Q, [2048, 1024])
      const all = await tensor.readRows(100, 20)
      const part = await tensor.readRows(107, 2)
      expect(part).toEqual(all.subarray((7 * all.length) / 20, (9 * all.length) / 20))
      const values = await decodeRows(tensor, 100, 20)
      const mean = values.reduce((sum, value) => sum + value, 0) / values.length
      const deviation = Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length)
      expect(Math.abs(mean)).toBeLessThan(0.005)
      expect(deviation).toBeGreaterThan(0.015)
      expect(deviation).toBeLessThan(0.03)
    },
  )

  it.each(['q4_0', 'q4_k', 'fp8', 'f32'])('keeps rows that are no whole blocks as floats (%s)', async (format) => {
    const taps = syntheticCheckpoint(`qwen3.5-27b:${format}`).tensor('conv1d.weight', [64, 1, 4])
    expect(await taps.readRows(0, 64)).toHaveLength(taps.byteLength)
    expect(taps.format).toBe(format === 'f32' ? 'f32' : format === 'fp8' ? 'fp8_e4m3' : 'bf16')
  })

  it('norms are ones and tensors differ', async () => {
    const checkpoint = syntheticCheckpoint('qwen3-1.7b:q8_0')
    const norm = await decodeRows(checkpoint.tensor('model.norm.weight', [2048]), 0, 1)
    expect(norm.every((value) => value === 1)).toBe(true)
    const [a, b] = await Promise.all([
      checkpoint.tensor(Q, [2048, 2048]).readRows(0, 1),
      checkpoint.tensor(Q.replace('3', '4'), [2048, 2048]).readRows(0, 1),
    ])
    expect(a).not.toEqual(b)
  })

  it('is a model of its family, or the first layers of one', async () => {
    for (const [model, layers, parameters] of [
      ['qwen3-0.6b', 28, 596_049_920],
      ['qwen3-8b', 36, 8_190_735_360],
      ['qwen3-30b-a3b', 48, 30_532_122_624],
      ['deepseek-v3', 61, 671_026_419_200],
    ] as const) {
      const whole = await buildProgram(syntheticCheckpoint(`${model}:q4_0`))
      expect(whole.nLayers).toBe(layers)
      expect(countParameters(whole).total).toBe(parameters)
      expect((await buildProgram(syntheticCheckpoint(`${model}:q4_0:4`))).nLayers).toBe(4)
    }
    expect(() => syntheticCheckpoint('qwen3-0.6b:q4_0:none')).toThrow(/MODEL:FORMAT:LAYERS/)
  })

  it('has Behemoth near its published numbers, and says what is assumed', async () => {
    const { total, active } = countParameters(await buildProgram(syntheticCheckpoint('llama4-behemoth:q4_k')))
    expect(total).toBeGreaterThan(1.95e12)
    expect(total).toBeLessThan(2e12)
    // After the row of the embedding that a token looks up.
    expect(Math.abs(active - 288e9)).toBeLessThan(0.02 * 288e9)
    expect(assumedShape('llama4-behemoth:fp8:2')).toMatch(/never published.*published: 288 B.*assumed/)
    expect(assumedShape('qwen3-8b:q4_0')).toBeUndefined()
  })

  it('refuses what it does not know, with the list', () => {
    expect(() => syntheticCheckpoint('qwen9:q4_0')).toThrow(
      /qwen3-0\.6b, qwen3-1\.7b, qwen3-4b, .*deepseek-v3.*q4_0, q8_0, q4_k, q6_k, mxfp4, fp8, bf16, f32/,
    )
  })
})
