import { describe, expect, it } from 'vitest'
import { cpuBackend } from '../../src/backends/cpu/cpu.js'
import { referenceBackend } from '../../src/backends/reference/reference.js'
import type { Checkpoint, TensorPart } from '../../src/checkpoint/checkpoint.js'
import { decodeRows } from '../../src/checkpoint/formats/decode.js'
import { memoryFiles } from '../../src/checkpoint/files/memory.js'
import { openCheckpoint } from '../../src/models/open.js'
import { GraphBuilder, matrix, vector } from '../../src/graph/builder.js'
import { bf16, blocks, f32, gguf, json, ramp, safetensors, type RawTensor } from './build.js'
import { loadRunner, logitsOf } from '../runner.js'

const open = (tensors: Record<string, RawTensor>, config: object = {}): Promise<Checkpoint> =>
  openCheckpoint(memoryFiles('model', { 'config.json': json(config), 'model.safetensors': safetensors(tensors) }))

const values = async (checkpoint: Checkpoint, shape: number[], part: TensorPart): Promise<number[]> => {
  const tensor = checkpoint.tensor('part', shape, part)
  const whole = await decodeRows(tensor, 0, tensor.rows)
  // Any range of rows gives the same numbers.
  const byRow = await Promise.all(Array.from({ length: tensor.rows }, (_, row) => decodeRows(tensor, row, 1)))
  expect(byRow.flatMap((row) => [...row])).toEqual([...whole])
  return [...whole]
}

const count = (length: number, from = 0): number[] => Array.from({ length }, (_, i) => from + i)

describe('parts of larger tensors', () => {
  it('takes experts from a stack, gate and up one after the other', async () => {
    const checkpoint = await open({ experts: { dtype: 'F32', shape: [2, 4, 3], bytes: f32(...count(24)) } })
    const part = { tensor: 'experts', shape: [2, 4, 3], index: 1 }
    expect(await values(checkpoint, [2, 3], { ...part, rowRun: 2 })).toEqual(count(6, 12))
    expect(await values(checkpoint, [2, 3], { ...part, firstRow: 2 })).toEqual(count(6, 18))
    expect([...checkpoint.names()]).toEqual(['experts'])
  })

  it('takes every other row, and runs of rows', async () => {
    const checkpoint = await open({
      rows: { dtype: 'BF16', shape: [6, 2], bytes: bf16(...count(12)) },
      biases: { dtype: 'F32', shape: [2, 6], bytes: f32(...count(12)) },
    })
    const part = { tensor: 'rows', shape: [6, 2] }
    expect(await values(checkpoint, [3, 2], { ...part, rowStep: 2 })).toEqual([0, 1, 4, 5, 8, 9])
    expect(await values(checkpoint, [3, 2], { ...part, rowStep: 2, firstRow: 1 })).toEqual([2, 3, 6, 7, 10, 11])
    expect(await values(checkpoint, [4, 2], { ...part, rowRun: 2, rowStep: 3, firstRow: 1 })).toEqual([
      2, 3, 4, 5, 8, 9, 10, 11,
    ])
    const bias = { tensor: 'biases', shape: [2, 6], index: 1, rowStep: 2, firstRow: 1 }
    expect(await values(checkpoint, [3], bias)).toEqual([7, 9, 11])
  })

  it('refuses elements out of blocks, which have none of their own', async () => {
    const q8 = (shape: number[]) => ({ type: 8, shape, bytes: blocks(shape.reduce((a, b) => a * b) / 32, 32) })
    const file = gguf({ 'general.architecture': 'novel' }, { v: q8([64]), m: q8([4, 32]) })
    const checkpoint = await openCheckpoint(memoryFiles('model', { 'm.gguf': file }, 'm.gguf'))
    const refused = (of: string): string =>
      `model/m.gguf: part is a part of ${of}, whose q8_0 blocks cannot be taken apart by columns. ` +
      'Choose a published variant in BF16 or FP8.'
    expect(() => checkpoint.tensor('part', [32], { tensor: 'v', shape: [64], rowStep: 2 })).toThrow(refused('v'))
    expect(() => checkpoint.tensor('part', [32, 4], { tensor: 'm', shape: [4, 32], transposed: true })).toThrow(
      refused('m'),
    )
  })

  it('turns matrices that are stored transposed', async () => {
    const shape = [2, 3, 4]
    for (const [dtype, bytes] of [
      ['F32', f32(...count(24))],
      ['BF16', bf16(...count(24))],
    ] as const) {
      const checkpoint = await open({ x: { dtype, shape, bytes } })
      const part = { tensor: 'x', shape, index: 1, transposed: true }
      // rows of the weight are columns 2 and 3 of [[12 .. 15], [16 .. 19], [20 .. 23]]
      expect(await values(checkpoint, [2, 3], { ...part, firstRow: 2 })).toEqual([14, 18, 22, 15, 19, 23])
      expect(await values(checkpoint, [2, 3], { ...part, rowStep: 2 })).toEqual([12, 16, 20, 14, 18, 22])
    }
  })

  it('takes the scales of FP8 along', async () => {
    const codes = Uint8Array.from({ length: 2 * 4 * 4 }, () => 0x38) // ones
    const checkpoint = await open(
      {
        'x.weight': { dtype: 'F8_E4M3', shape: [2, 4, 4], bytes: codes },
        'x.weight_scale_inv': { dtype: 'F32', shape: [2, 2, 2], bytes: f32(...count(8, 1)) },
      },
      { quantization_config: { quant_method: 'fp8', weight_block_size: [2, 2] } },
    )
    const part = { tensor: 'x.weight', shape: [2, 4, 4], index: 1 }
    const [top, bottom] = [
      [5, 5, 6, 6],
      [7, 7, 8, 8],
    ] as const
    expect(await values(checkpoint, [2, 4], { ...part, firstRow: 2 })).toEqual([...bottom, ...bottom])
    expect(await values(checkpoint, [2, 4], { ...part, firstRow: 1 })).toEqual([...top, ...bottom])
    expect(await values(checkpoint, [2, 4], { ...part, rowStep: 2 })).toEqual([...top, ...bottom])
    expect(await values(checkpoint, [2, 4], { ...part, transposed: true, firstRow: 1 })).toEqual([
      ...[5, 5, 7, 7],
      ...[6, 6, 8, 8],
    ])
  })

  it('reads MXFP4 blocks with gate and up rows interleaved', async () => {
    const blocks = Uint8Array.from({ length: 2 * 4 * 16 }, (_, i) => (i % 16 === 0 ? 0x72 : 0))
    const checkpoint = await open({
      'e.gate_up_proj_blocks': { dtype: 'U8', shape: [2, 4, 1, 16], bytes: blocks },
      'e.gate_up_proj_scales': { dtype: 'U8', shape: [2, 4, 1], bytes: Uint8Array.from(count(8, 124)) },
    })
    expect([...checkpoint.names()]).toEqual(['e.gate_up_proj'])
    const part = { tensor: 'e.gate_up_proj', shape: [2, 4, 32], index: 1, rowStep: 2 }
    const gate = await values(checkpoint, [2, 32], part)
    expect(gate.slice(0, 3)).toEqual([2, 12, 0]) // codes 2 and 7: 1 and 6; scale 2^(128 - 127)
    expect(gate.slice(32, 34)).toEqual([8, 48])
    const up = await values(checkpoint, [2, 32], { ...part, firstRow: 1 })
    expect([up[0], up[32]]).toEqual([4, 16])
  })

  it('prefers the tensor itself where a checkpoint has it', async () => {
    const checkpoint = await open({
      part: { dtype: 'F32', shape: [1, 2], bytes: f32(7, 8) },
      all: { dtype: 'F32', shape: [2, 2], bytes: f32(1, 2, 3, 4) },
    })
    expect(await values(checkpoint, [1, 2], { tensor: 'all', shape: [2, 2] })).toEqual([7, 8])
  })

  it('reads parts of GGUF tensors, block formats included', async () => {
    const file = gguf(
      { 'general.architecture': 'other' },
      {
        stack: { type: 0, shape: [2, 3, 2], bytes: f32(...count(12)) },
        q8: {
          type: 8,
          shape: [2, 2, 32],
          bytes: ramp(4 * 34).map((byte, i) => (i % 34 < 2 ? [0, 0x3c][i % 34]! : byte)),
        },
      },
    )
    const checkpoint = await openCheckpoint(memoryFiles('model', { 'm.gguf': file }, 'm.gguf'))
    expect(await values(checkpoint, [2, 2], { tensor: 'stack', shape: [2, 3, 2], index: 1, rowStep: 2 })).toEqual([
      ...[6, 7, 10, 11],
    ])
    const whole = checkpoint.tensor('q8', [2, 2, 32])
    const expected = await decodeRows(whole, 3, 1)
    const part = { tensor: 'q8', shape: [2, 2, 32], index: 1, firstRow: 1 }
    expect(await values(checkpoint, [1, 32], part)).toEqual([...expected])
    expect(() => checkpoint.tensor('part', [32, 1], { ...part, shape: [2, 1, 32], transposed: true })).toThrow(
      /stack|q8/,
    )
  })

  it('names tensors, files and shapes when something is amiss', async () => {
    const checkpoint = await open({
      stack: { dtype: 'F32', shape: [2, 4, 3], bytes: f32(...count(24)) },
      'f8.weight': { dtype: 'F8_E4M3', shape: [2, 4, 4], bytes: ramp(32) },
      b_blocks: { dtype: 'U8', shape: [2, 4, 1, 16], bytes: ramp(128) },
      c_blocks: { dtype: 'U8', shape: [2, 4, 1, 16], bytes: ramp(128) },
      c_scales: { dtype: 'U8', shape: [2, 4, 1], bytes: ramp(8) },
    })
    const want = (shape: number[], part: TensorPart) => () => checkpoint.tensor('w', shape, part)
    expect(want([2, 3], { tensor: 'none', shape: [4, 3] })).toThrow(/expected the tensor none/)
    expect(want([2, 3], { tensor: 'stack', shape: [3, 4, 3], index: 2 })).toThrow(
      /model.safetensors: tensor stack: expected shape \[3, 4, 3\].*found \[2, 4, 3\]/,
    )
    expect(want([2, 3], { tensor: 'stack', shape: [2, 5, 3], index: 1 })).toThrow(/expected shape \[2, 5, 3\]/)
    expect(want([2, 4], { tensor: 'f8.weight', shape: [2, 4, 4], index: 1 })).toThrow(/F8_E4M3 without scales/)
    expect(want([2, 32], { tensor: 'b', shape: [2, 4, 32], index: 1 })).toThrow(/expected the tensor b_scales/)
    expect(want([2, 64], { tensor: 'c', shape: [2, 4, 64], index: 1 })).toThrow(/expected shape \[2, 4, 2, 16\]/)
    // A part that lies outside of what the model says of the whole is a fault of the model's definition.
    expect(() => matrix('w', 3, 3, { part: { tensor: 'stack', shape: [2, 4, 3], index: 2 } })).toThrow(/as a part of/)
    expect(() => matrix('w', 3, 3, { part: { tensor: 'stack', shape: [4, 3], rowStep: 2 } })).toThrow(/as a part of/)
    expect(() => vector('w', 3, { part: { tensor: 'stack', shape: [4, 3] } })).toThrow(/as a part of/)
  })
})

describe.each([
  ['reference', referenceBackend],
  ['cpu', cpuBackend],
] as const)('a program of parts on %s', (_, backend) => {
  it.each(['exact', 'fast'] as const)('multiplies with them in %s', async (precision) => {
    const [V, D, F] = [5, 32, 4]
    const wave = (n: number): number[] => Array.from({ length: n }, (_, i) => Math.round(8 * Math.sin(i)) / 8)
    const checkpoint = await open({
      embed: { dtype: 'F32', shape: [V, D], bytes: f32(...wave(V * D)) },
      'e.gate_up': { dtype: 'BF16', shape: [2, D, 2 * F], bytes: bf16(...wave(4 * D * F)) },
      'e.bias': { dtype: 'F32', shape: [2, 2 * F], bytes: f32(...wave(4 * F)) },
    })
    const graph = new GraphBuilder()
    const x = graph.embed(matrix('embed', V, D))
    const part = { tensor: 'e.gate_up', shape: [2, D, 2 * F], index: 1, transposed: true, firstRow: F }
    const bias = vector('bias', F, { part: { tensor: 'e.bias', shape: [2, 2 * F], index: 1, firstRow: 1, rowStep: 2 } })
    const y = graph.linear(graph.selectRows(x), matrix('up', F, D, { part }), bias)
    const runner = await loadRunner(backend, graph.build(y, 64), checkpoint, {
      precision,
      ...{ stepTokens: 4, maxLogitRows: 4, threads: 1 },
    })
    const logits = await logitsOf(runner, {
      ...{ tokens: Int32Array.of(3), positions: Int32Array.of(0), sequences: Int32Array.of(0) },
      ...{ pageTables: [Int32Array.of(0)], logitRows: Int32Array.of(0) },
    })
    await runner.close()
    const [embed, stack, biases] = [wave(V * D), wave(4 * D * F), wave(4 * F)]
    const expected = Array.from({ length: F }, (_, n) =>
      embed
        .slice(3 * D, 4 * D)
        .reduce((sum, v, k) => sum + v * stack[D * 2 * F + k * 2 * F + F + n]!, biases[2 * F + 1 + 2 * n]!),
    )
    expected.forEach((value, n) =>
      expect(Math.abs(logits[n]! - value)).toBeLessThan(precision === 'exact' ? 1e-5 : 0.1),
    )
  })
})
