import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import type { Checkpoint } from '../../src/checkpoint/checkpoint.js'
import { decodeRows } from '../../src/checkpoint/formats/decode.js'
import { nodeFiles } from '../../src/checkpoint/files/node.js'
import { openCheckpoint } from '../../src/models/open.js'
import { readSafetensorsHeader } from '../../src/checkpoint/safetensors/header.js'
import { expectFiniteGguf } from './gguf-shapes.js'
import type { JsonObject } from '../../src/json.js'

const FIXTURES = fileURLToPath(new URL('../fixtures/', import.meta.url))

const FOLDERS = [
  ...['deepseek-v2-lite', 'deepseek-v2', 'deepseek-v3', 'deepseek-v3-bf16', 'kimi-k2', 'kimi-k2-thinking'],
  ...['llama3', 'qwen2', 'qwen3', 'deepseek-v32', 'deepseek-v4', 'glm5', 'llama4-scout', 'minimax-m2'],
]

/** Logical shapes of a safetensors checkpoint's tensors, packed INT4 included. */
async function shapesOf(folder: string): Promise<Map<string, readonly number[]>> {
  const source = await (await nodeFiles(folder)).open('model.safetensors')
  if (!source) throw new Error(`no model.safetensors in ${folder}`)
  const shapes = new Map<string, readonly number[]>()
  for (const [name, { shape, dtype }] of await readSafetensorsHeader(source)) {
    const [rows = 0, words = 0] = shape
    if (dtype === 'I8') shapes.set(name, [rows, words * 2])
    else if (name.endsWith('.weight_packed')) shapes.set(name.replace('_packed', ''), [rows, words * 8])
    else shapes.set(name, shape)
  }
  await source.close()
  return shapes
}

async function decodeAll(checkpoint: Checkpoint, shapes: ReadonlyMap<string, readonly number[]>): Promise<number> {
  let count = 0
  for (const name of checkpoint.names()) {
    const tensor = checkpoint.tensor(name, shapes.get(name) ?? [])
    const values = await decodeRows(tensor, 0, tensor.rows)
    expect(values.every(Number.isFinite), name).toBe(true)
    count++
  }
  return count
}

describe('golden checkpoints', () => {
  it.each(FOLDERS)('%s opens and decodes to finite numbers', async (name) => {
    const folder = `${FIXTURES}golden/${name}`
    const checkpoint = await openCheckpoint(await nodeFiles(folder))
    expect(await decodeAll(checkpoint, await shapesOf(folder))).toBeGreaterThan(20)
    await checkpoint.close()
  })

  it.each(['llama-plain', 'deepseek2'])('GGUF %s opens and decodes to finite numbers', async (name) => {
    await expectFiniteGguf(`${FIXTURES}golden-gguf/${name}`)
  })

  it('GGUF deepseek2 holds the numbers of deepseek-v3-bf16 under the same names', async () => {
    const gguf = await openCheckpoint(await nodeFiles(`${FIXTURES}golden-gguf/deepseek2/model.gguf`))
    const folder = `${FIXTURES}golden/deepseek-v3-bf16`
    const published = await openCheckpoint(await nodeFiles(folder))
    for (const [name, shape] of await shapesOf(folder)) {
      const expected = await decodeAt(published, name, shape)
      const actual = name.includes('.kv_b_proj.')
        ? await keyValueFromHalves(gguf, name, published.config)
        : await decodeAt(gguf, name, shape)
      expect(firstDifference(actual, expected), name).toBe(-1)
    }
    await Promise.all([gguf.close(), published.close()])
    for (const [key, value] of Object.entries(gguf.config)) {
      if (key === 'head_dim' || key === 'rope_scaling') continue
      expect({ [key]: published.config[key] }).toEqual({ [key]: value })
    }
    expect(gguf.config['rope_scaling']).toMatchObject(published.config['rope_scaling'] as object)
  })

  it('opens a mix of block formats', async () => {
    const mixed = await openCheckpoint(await nodeFiles(`${FIXTURES}golden-gguf/llama-k/model.gguf`))
    expect(mixed.tensor('lm_head.weight', [256, 256]).format).toBe('q6_k')
    await mixed.close()
  })
})

async function decodeAt(checkpoint: Checkpoint, name: string, shape: readonly number[]): Promise<Float32Array> {
  const tensor = checkpoint.tensor(name, shape)
  return decodeRows(tensor, 0, tensor.rows)
}

/** kv_b [H (nope + v), R] from k_b [H R, nope] and v_b [H v, R]. */
async function keyValueFromHalves(gguf: Checkpoint, name: string, config: JsonObject): Promise<Float32Array> {
  const [heads, nope, v, rank] = ['num_attention_heads', 'qk_nope_head_dim', 'v_head_dim', 'kv_lora_rank'].map((key) =>
    Number(config[key]),
  ) as [number, number, number, number]
  const keys = await decodeAt(gguf, name.replace('kv_b', 'k_b'), [heads * rank, nope])
  const values = await decodeAt(gguf, name.replace('kv_b', 'v_b'), [heads * v, rank])
  const out = new Float32Array(heads * (nope + v) * rank)
  for (let h = 0; h < heads; h++) {
    for (let row = 0; row < nope + v; row++) {
      for (let r = 0; r < rank; r++) {
        const value = row < nope ? keys[(h * rank + r) * nope + row] : values[(h * v + row - nope) * rank + r]
        out[(h * (nope + v) + row) * rank + r] = value ?? NaN
      }
    }
  }
  return out
}

/** Index of the first value further off than rounding to f16 explains, or -1. */
function firstDifference(actual: Float32Array, expected: Float32Array): number {
  return expected.findIndex((value, i) => {
    const difference = Math.abs((actual[i] ?? NaN) - value)
    return !(difference <= Math.max(Math.abs(value) * 2 ** -11, 2 ** -25))
  })
}
