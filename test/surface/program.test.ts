import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { programText } from '../../src/cli/program-text.js'
import { openHeaders, type OpOutline } from '../../src/plan.js'

const GOLDEN = fileURLToPath(new URL('../fixtures/golden/', import.meta.url))

async function opsOf(model: string | { shape: string }): Promise<OpOutline[]> {
  const headers = await openHeaders(model)
  await headers.close()
  return headers.ops()
}

it.each(readdirSync(GOLDEN))('gives the shapes of %s as its weights have them', async (name) => {
  const ops = await opsOf(GOLDEN + name)
  expect(ops[0]).toMatchObject({ part: 'embedding', op: 'embed' })
  expect(ops.at(-1)!.outputs).toEqual([{ name: 'out', rows: 'R', width: ops[0]!.weights[0]!.shape[0] }])
  for (const { op, inputs, outputs, weights, settings } of ops) {
    expect(inputs.length).toBeGreaterThan(0)
    expect(outputs.length).toBeGreaterThan(0)
    for (const { width } of [...inputs, ...outputs]) expect(width).toBeGreaterThan(0)
    if (op === 'linear') expect(weights[0]!.shape).toEqual([outputs[0]!.width, inputs[0]!.width])
    if (op === 'experts') {
      const [gate, , down] = weights
      expect([gate!.shape[1], down!.shape[0]]).toEqual([inputs[0]!.width, outputs[0]!.width])
      expect(inputs[1]).toMatchObject({ name: 'routing', width: 2 * Number(settings['topK']) })
    }
    if (op === 'attention')
      expect(inputs.map(({ width }) => width)).toEqual([
        Number(settings['nHeads']) * Number(settings['headDim']),
        Number(settings['nKvHeads']) * Number(settings['headDim']),
        Number(settings['nKvHeads']) * Number(settings['vHeadDim']),
      ])
  }
})

it('shows a layer like an earlier one as such, and all of them when asked', async () => {
  const ops = await opsOf('mini')
  const folded = programText(ops, false).split('\n')
  expect(folded.filter((line) => !line.startsWith(' '))).toEqual([
    ...['embedding', 'layer 0', 'layer 1', 'layers 2-6: as layer 1', 'head', ''],
  ])
  expect(folded).toContain('  linear          [T, 192] -> [T, 96]  model.layers.0.self_attn.q_a_proj.weight [96, 192]')
  expect(folded).toContain('  add             a [T, 192], b [T, 192] -> [T, 192]')
  const all = programText(ops, true).split('\n')
  expect(all.filter((line) => /^layer \d$/.test(line))).toHaveLength(7)
  expect(all.filter((line) => line.startsWith(' '))).toHaveLength(ops.length)
})

it('tells layers apart that differ in a number alone, and finds them again', async () => {
  // Every sixth layer of Gemma 3 looks at the whole text.
  const text = programText(await opsOf(GOLDEN + 'gemma3'), false)
  expect(text).toMatch(/span \{"kind":"sliding","length":\d+\}/)
  expect(text).toMatch(/^layers? \d+(-\d+)?: as layer \d+$/m)
  // The first layer has experts already, the zeroth of which is not the layer.
  const mixture = programText(await opsOf({ shape: 'qwen3-30b-a3b:q4_0' }), false)
  expect(mixture).toContain('\nlayers 1-47: as layer 0\n')
  expect(mixture).toContain('gate 128 x model.layers.0.mlp.experts.0.gate_proj.weight [768, 2048]')
})
