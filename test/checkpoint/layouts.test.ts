import { describe, expect, it } from 'vitest'
import type { Checkpoint } from '../../src/checkpoint/checkpoint.js'
import { decodeRows } from '../../src/checkpoint/formats/decode.js'
import { memoryFiles } from '../../src/checkpoint/files/memory.js'
import { openCheckpoint } from '../../src/models/open.js'
import { UserError } from '../../src/errors.js'
import type { RawTensor } from './build.js'
import { folderOf, STORED, type StoredCase } from './layouts.js'

const open = (stored: StoredCase, changes?: Record<string, RawTensor | undefined>): Promise<Checkpoint> =>
  openCheckpoint(memoryFiles('model', folderOf(stored, changes)))

async function failure(stored: StoredCase, changes: Record<string, RawTensor | undefined>): Promise<string> {
  try {
    const checkpoint = await open(stored, changes)
    const tensor = checkpoint.tensor('x.weight', stored.shape)
    await decodeRows(tensor, 0, tensor.rows)
    return 'no error'
  } catch (error) {
    expect(error).toBeInstanceOf(UserError)
    return String(error)
  }
}

describe.each(STORED)('$name', (stored) => {
  const { tensors, shape, value } = stored

  it('means the right values, in any range of rows, under one name', async () => {
    const checkpoint = await open(stored)
    expect([...checkpoint.names()]).toEqual(['x.weight'])
    expect(checkpoint.has('x.weight')).toBe(true)
    const tensor = checkpoint.tensor('x.weight', shape)
    const all = await decodeRows(tensor, 0, shape[0])
    const expected = Array.from({ length: shape[0] * shape[1] }, (_, i) =>
      value(Math.floor(i / shape[1]), i % shape[1]),
    )
    expect([...all]).toEqual(expected.map(Math.fround))
    expect(await decodeRows(tensor, shape[0] - 1, 1)).toEqual(all.slice(-shape[1]))
  })

  const [main = ''] = Object.keys(tensors)
  const scale = Object.keys(tensors).find((name) => /scale(_inv|s)?$/.test(name) && !name.includes('activation')) ?? ''

  it('says which tensor is missing', async () => {
    expect(await failure(stored, { [scale]: undefined })).toMatch(
      new RegExp(`model.safetensors|model: .*(expected the tensor ${scale}|without scales)`),
    )
  })

  it('says what is expected and found of shapes', async () => {
    const checkpoint = await open(stored)
    expect(() => checkpoint.tensor('x.weight', [shape[0], 2 * shape[1]])).toThrow(
      /model.safetensors: tensor x\..*: expected shape \[.*found \[/,
    )
    const { dtype, bytes } = tensors[scale]!
    const wrong = { dtype, shape: [7, 1], bytes: new Uint8Array((7 * bytes.length) / count(tensors[scale]!)) }
    expect(await failure(stored, { [scale]: wrong })).toMatch(
      new RegExp(`tensor ${scale}: expected shape .*found \\[7, 1\\]`),
    )
  })

  it('says which types it does not know', async () => {
    const number = count(tensors[scale]!)
    const doubles = { dtype: 'F64', shape: tensors[scale]!.shape, bytes: new Uint8Array(8 * number) }
    expect(await failure(stored, { [scale]: doubles })).toMatch(/F64.*Supported/)
    const { shape: mainShape } = tensors[main]!
    const words = { dtype: 'U64', shape: mainShape, bytes: new Uint8Array(8 * count(tensors[main]!)) }
    expect(await failure(stored, { [main]: words })).toMatch(/U64.*Supported|U64, not I32/)
  })

  it('refuses scales that are not finite, with their place', async () => {
    const { dtype, bytes } = tensors[scale]!
    const bad = bytes.slice()
    bad.fill(dtype === 'F8_E4M3' ? 0x7f : 0xff, bad.length - bad.length / count(tensors[scale]!))
    expect(await failure(stored, { [scale]: { ...tensors[scale]!, bytes: bad } })).toMatch(
      new RegExp(`tensor ${scale}: expected finite scales, found NaN at row \\d+, column \\d+`),
    )
  })
})

const count = (tensor: RawTensor): number => tensor.shape.reduce((a, b) => a * b, 1)

describe('AWQ and GPTQ', () => {
  const find = (name: string): StoredCase => STORED.find((stored) => stored.name === name)!

  it('refuses act-order', async () => {
    const gptq = find('GPTQ')
    const order = gptq.tensors['x.g_idx']!
    const bytes = order.bytes.slice()
    bytes[4 * 5] = 1
    expect(await failure(gptq, { 'x.g_idx': { ...order, bytes } })).toMatch(/input 5 in group 0, found 1.*act-order/)
  })

  it('reads the zero points of GPTQ v2 as they are', async () => {
    const gptq = find('GPTQ')
    const config = {
      quantization_config: { quant_method: 'gptq', bits: 4, group_size: 32, checkpoint_format: 'gptq_v2' },
    }
    const checkpoint = await open({ ...gptq, config })
    const first = await decodeRows(checkpoint.tensor('x.weight', gptq.shape), 0, 1)
    expect(first[0]).toBe(gptq.value(0, 0) + 2 ** -3)
  })

  it.each([
    [{ quant_method: 'gptq', bits: 8 }, /"gptq" with 8 bits/],
    [{ quant_method: 'awq', bits: 4, group_size: 32, version: 'gemv' }, /awq version "gemv"/],
    [{ quant_method: 'awq', bits: 4, group_size: 24 }, /groups of 24/],
    [{ quant_method: 'hqq', bits: 4 }, /qweight of "hqq"/],
  ])('refuses %j', async (quantization_config, message) => {
    expect(await failure({ ...find('AWQ'), config: { quantization_config } }, {})).toMatch(message)
  })
})

describe('compressed-tensors', () => {
  const int4 = STORED.find(({ name }) => name.startsWith('INT4 in groups of 64'))!
  const order = (...groups: number[]): RawTensor => ({
    ...{ dtype: 'I32', shape: [64], bytes: new Uint8Array(Int32Array.from(groups).buffer) },
  })
  const each = (group: (i: number) => number): number[] => Array.from({ length: 64 }, (_, i) => group(i))

  it('refuses INT4 whose inputs are dealt to groups in another order', async () => {
    const dealt = { 'x.weight_g_idx': order(...each((i) => (i === 5 ? 1 : 0))) }
    expect(await failure(int4, dealt)).toMatch(/x\.weight_g_idx: expected input 5 in group 0, found 1.*act-order/)
    expect(await failure(int4, { 'x.weight_g_idx': order(...each(() => 0)) })).toBe('no error')
    expect(await failure(int4, { 'x.weight_g_idx': order(...each(() => -1)) })).toBe('no error')
  })

  const transformed = (...locations: string[]): StoredCase => {
    const quantization = (int4.config as { quantization_config: object }).quantization_config
    const apply = locations.map((location) => ({ targets: ['Linear'], location }))
    const transform_config = { config_groups: { u: { type: 'hadamard', apply } } }
    return { ...int4, config: { quantization_config: { ...quantization, transform_config } } }
  }

  it('refuses transforms of activations, and reads weights that are turned in themselves', async () => {
    expect(await failure(transformed('weight_output', 'output'), {})).toMatch(
      /model: config\.json: quantization_config\.transform_config\.u: expected .* weights alone, found one of "output"/,
    )
    expect(await failure(transformed('weight_input', 'weight_output'), {})).toBe('no error')
  })
})
