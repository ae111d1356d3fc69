import { expect } from 'vitest'
import type { Checkpoint } from '../../src/checkpoint/checkpoint.js'
import { decodeRows } from '../../src/checkpoint/formats/decode.js'
import { nodeFiles } from '../../src/checkpoint/files/node.js'
import { readGgufHeader } from '../../src/checkpoint/gguf/header.js'
import { MODELS } from '../../src/models/registry.js'
import { publishedTensor } from '../../src/published/gguf.js'
import { openCheckpoint } from '../../src/models/open.js'

/** Opens model.gguf of a folder and decodes every tensor, all of whose values have to be finite. */
export async function expectFiniteGguf(folder: string): Promise<void> {
  const checkpoint = await openCheckpoint(await nodeFiles(`${folder}/model.gguf`))
  let count = 0
  for (const [tensor, shape] of await ggufShapes(checkpoint, folder)) {
    const stored = checkpoint.tensor(tensor, shape)
    const values = await decodeRows(stored, 0, stored.rows)
    expect(values.every(Number.isFinite), tensor).toBe(true)
    count++
  }
  expect(count).toBeGreaterThan(10)
  await checkpoint.close()
}

/** Logical shapes by published name. */
async function ggufShapes(checkpoint: Checkpoint, folder: string): Promise<Map<string, readonly number[]>> {
  const source = await (await nodeFiles(folder)).open('model.gguf')
  if (!source) throw new Error(`no model.gguf in ${folder}`)
  const { metadata, tensors } = await readGgufHeader(source)
  const forms = MODELS.flatMap(({ published }) => published?.gguf ?? [])
  const form = forms.find(({ architecture, when }) => architecture === metadata.get('general.architecture') && !when)!
  const shapes = new Map<string, readonly number[]>()
  for (const { name, shape } of tensors) {
    const published = publishedTensor(form.names, name)
    const [experts = 0, rows = 0, cols = 0] = shape
    if (published.transform === 'flattened') shapes.set(published.name, [experts * rows, cols])
    else if (published.transform !== 'experts') shapes.set(published.name, shape)
    else for (let e = 0; e < experts; e++) shapes.set(published.name.replace('{e}', String(e)), [rows, cols])
  }
  await source.close()
  expect([...checkpoint.names()].sort()).toEqual([...shapes.keys()].sort())
  return shapes
}
