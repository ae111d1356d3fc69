import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import type { Checkpoint } from '../../src/checkpoint/checkpoint.js'
import { decodeRows } from '../../src/checkpoint/decode.js'
import { nodeFiles } from '../../src/checkpoint/files-node.js'
import { openCheckpoint } from '../../src/checkpoint/open.js'
import { readSafetensorsHeader } from '../../src/checkpoint/safetensors-header.js'

const shared = fileURLToPath(new URL('../../../shared/', import.meta.url))
const present = existsSync(shared)
if (!present) console.log(`skipped: golden checkpoints: no folder ${shared}`)

const FOLDERS = [
  ...['deepseek-v2-lite', 'deepseek-v2', 'deepseek-v3', 'deepseek-v3-bf16', 'kimi-k2', 'kimi-k2-thinking'],
  ...['llama3', 'qwen2', 'qwen3'],
]

/** Logical shapes of a safetensors checkpoint's tensors, packed INT4 included. */
async function shapesOf(folder: string): Promise<Map<string, readonly number[]>> {
  const source = await (await nodeFiles(folder)).open('model.safetensors')
  if (!source) throw new Error(`no model.safetensors in ${folder}`)
  const shapes = new Map<string, readonly number[]>()
  for (const [name, { shape }] of await readSafetensorsHeader(source)) {
    const [rows = 0, words = 0] = shape
    if (name.endsWith('.weight_packed')) shapes.set(name.replace('_packed', ''), [rows, words * 8])
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

describe.skipIf(!present)('golden checkpoints', () => {
  it.each(FOLDERS)('%s opens and decodes to finite numbers', async (name) => {
    const folder = `${shared}golden/${name}`
    const checkpoint = await openCheckpoint(await nodeFiles(folder))
    expect(await decodeAll(checkpoint, await shapesOf(folder))).toBeGreaterThan(20)
    await checkpoint.close()
  })
})
