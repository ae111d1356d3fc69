// What would give wrong numbers in silence is refused, with the place and what is there.
import { describe, expect, it } from 'vitest'
import type { Checkpoint } from '../../src/checkpoint/checkpoint.js'
import { memoryFiles } from '../../src/checkpoint/files/memory.js'
import { decodeRows } from '../../src/checkpoint/formats/decode.js'
import { UserError } from '../../src/errors.js'
import { logOfRates } from '../../src/published/values.js'
import { openCheckpoint } from '../../src/models/open.js'
import {
  bf16,
  concat,
  f32,
  gguf,
  ggufString,
  json,
  ramp,
  rawSafetensors,
  safetensors,
  tinyInt4Folder,
  tinyLlamaGguf,
  u32,
  u64,
  utf8,
  type RawTensor,
} from './build.js'
import { folderOf, STORED } from './layouts.js'

async function refusal(work: () => Promise<unknown>): Promise<UserError> {
  const error: unknown = await work().then(
    () => new Error('it was not refused'),
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(UserError)
  return error as UserError
}

const openFolder = (files: Record<string, Uint8Array>): Promise<Checkpoint> =>
  openCheckpoint(memoryFiles('model', files))
const openGguf = (file: Uint8Array): Promise<Checkpoint> =>
  openCheckpoint(memoryFiles('model', { 'm.gguf': file }, 'm.gguf'))

/** Reads all of x.weight. */
async function read(files: Record<string, Uint8Array>, shape: readonly number[]): Promise<Float32Array> {
  const tensor = (await openFolder(files)).tensor('x.weight', shape)
  return decodeRows(tensor, 0, tensor.rows)
}

describe('the alignment of a GGUF file', () => {
  const values = [1, 2, 3, 4]
  const other = [5, 6, 7, 8]

  /** Two tensors whose places are multiples of `alignment`, in a file that says so. */
  function aligned(alignment: number, stated: Uint8Array = concat(u32(4), u32(alignment))): Uint8Array {
    const info = (name: string, offset: number): Uint8Array =>
      concat(ggufString(name), u32(1), u64(4), u32(0), u64(offset))
    const head = concat(
      utf8('GGUF'),
      u32(3),
      u64(2),
      u64(2),
      concat(ggufString('general.architecture'), u32(8), ggufString('novel')),
      concat(ggufString('general.alignment'), stated),
      info('a', 0),
      info('b', alignment),
    )
    const gap = (length: number): Uint8Array =>
      new Uint8Array((alignment - (length % alignment)) % alignment).fill(0x7f)
    return concat(head, gap(head.length), f32(...values), gap(16), f32(...other))
  }

  it.each([16, 32, 64, 256, 4096])('of %i bytes is honoured', async (alignment) => {
    const checkpoint = await openGguf(aligned(alignment))
    expect([...(await decodeRows(checkpoint.tensor('a', [4]), 0, 1))]).toEqual(values)
    expect([...(await decodeRows(checkpoint.tensor('b', [4]), 0, 1))]).toEqual(other)
  })

  it.each([
    ['0', concat(u32(4), u32(0))],
    ['48', concat(u32(4), u32(48))],
    ['4194304', concat(u32(4), u32(2 ** 22))],
    ['"64"', concat(u32(8), ggufString('64'))],
    ['0.5', concat(u32(6), f32(0.5))],
  ])('of %s is refused', async (found, stated) => {
    const error = await refusal(() => openGguf(aligned(64, stated)))
    expect(error.message).toContain(`general.alignment is ${found}, expected a power of two`)
    expect(error.code).toBe('invalid_file')
  })

  it('has to hold for every tensor', async () => {
    const file = aligned(64)
    // The offset of b, in the last 8 bytes before the gap.
    const at = Buffer.from(file).indexOf(Buffer.from(concat(ggufString('b'), u32(1)))) + 8 + 1 + 4 + 8 + 4
    file.set(u64(32), at)
    expect((await refusal(() => openGguf(file))).message).toMatch(/tensor b: offset 32 is no multiple of 64/)
  })
})

describe('INT4 of compressed-tensors', () => {
  const shape = [2, 64]
  const tensors: Record<string, RawTensor> = {
    'x.weight_packed': { dtype: 'I32', shape: [2, 8], bytes: ramp(64) },
    'x.weight_scale': { dtype: 'BF16', shape: [2, 2], bytes: bf16(1, 2, 0.5, 4) },
    'x.weight_shape': { dtype: 'I32', shape: [2], bytes: concat(u32(2), u32(64)) },
  }
  const folder = (weights: object, more: Record<string, RawTensor> = {}, method = 'compressed-tensors') => ({
    'config.json': json({
      quantization_config: {
        quant_method: method,
        config_groups: {
          group_0: { weights: { num_bits: 4, group_size: 32, symmetric: true, type: 'int', ...weights } },
        },
      },
    }),
    'model.safetensors': safetensors({ ...tensors, ...more }),
  })

  it('is read where it is symmetric', async () => {
    expect(await read(folder({}), shape)).toHaveLength(128)
    expect(await read(tinyInt4Folder(), shape)).toEqual(await read(folder({}), shape))
  })

  it('with zero points is refused, whatever the config says', async () => {
    const zeros = { 'x.weight_zero_point': { dtype: 'I32', shape: [2, 1], bytes: new Uint8Array(8) } }
    const error = await refusal(() => read(folder({}, zeros), shape))
    expect(error.message).toMatch(/x\.weight is stored as asymmetric INT4, which cannot be read yet/)
    expect(error.code).toBe('unsupported_format')
  })

  it.each([
    [{ symmetric: false }, /asymmetric type "int" of 4 bits in groups of 32/],
    [{ num_bits: 8 }, /type "int" of 8 bits/],
    [{ type: 'float' }, /type "float" of 4 bits/],
    [{ group_size: 16 }, /groups of 16/],
    [{ group_size: 48 }, /groups of 48/],
    [{ group_size: 'many' }, /groups of "many"/],
  ])('with %j is refused', async (weights, message) => {
    expect((await refusal(() => read(folder(weights), shape))).message).toMatch(message)
  })

  it('of two group sizes is refused', async () => {
    const groups = Object.fromEntries(
      [32, 64].map((size, i) => [
        `group_${i}`,
        { weights: { num_bits: 4, group_size: size, symmetric: true, type: 'int' } },
      ]),
    )
    const config = json({ quantization_config: { quant_method: 'compressed-tensors', config_groups: groups } })
    const files = { ...folder({}), 'config.json': config }
    expect((await refusal(() => read(files, shape))).message).toMatch(/groups of 64/)
  })

  it('of another method, type or shape is refused', async () => {
    expect((await refusal(() => read(folder({}, {}, 'quark'), shape))).message).toMatch(
      /weight_packed of quantization method "quark"/,
    )
    const wide = { 'x.weight_packed': { dtype: 'I64', shape: [2, 4], bytes: ramp(64) } }
    expect((await refusal(() => read(folder({}, wide), shape))).message).toMatch(/weight_packed of I64/)
    const flat = { 'x.weight_packed': { dtype: 'I32', shape: [16], bytes: ramp(64) } }
    expect((await refusal(() => read(folder({}, flat), shape))).message).toMatch(
      /expected shape \[N, K \/ 8\], found \[16\]/,
    )
  })

  it('whose own record of its shape says another is refused', async () => {
    const record = (dtype: string, bytes: Uint8Array, of = [2]) => ({ 'x.weight_shape': { dtype, shape: of, bytes } })
    const swapped = await refusal(() => read(folder({}, record('I32', concat(u32(64), u32(2)))), shape))
    expect(swapped.message).toMatch(/expected shape \[2, 64\] from the config, found \[64, 2\]/)
    expect(await read(folder({}, record('I64', concat(u64(2), u64(64)))), shape)).toHaveLength(128)
    const short = await refusal(() => read(folder({}, record('I32', u32(2), [1])), shape))
    expect(short.message).toMatch(/expected I32 \[2\], found I32 \[1\]/)
    const floats = await refusal(() => read(folder({}, record('F32', f32(2, 64))), shape))
    expect(floats.message).toMatch(/expected I32 \[2\], found F32 \[2\]/)
  })
})

describe('other quantised layouts', () => {
  const find = (name: string) => STORED.find((stored) => stored.name.startsWith(name))!
  const changed = (
    name: string,
    changes: Record<string, RawTensor | undefined>,
    config?: object,
  ): Promise<UserError> => {
    const stored = find(name)
    return refusal(() => read(folderOf(config ? { ...stored, config } : stored, changes), stored.shape))
  }

  it('FP8 of another method, of another rank or in blocks of no size is refused', async () => {
    const codes = { dtype: 'F8_E4M3', shape: [2, 4], bytes: ramp(8) }
    const fp8 = (quantization: object, weight: RawTensor = codes): Record<string, Uint8Array> => ({
      'config.json': json({ quantization_config: quantization }),
      'model.safetensors': safetensors({
        'x.weight': weight,
        'x.weight_scale_inv': { dtype: 'F32', shape: [1, 1], bytes: f32(1) },
      }),
    })
    expect(await read(fp8({ quant_method: 'fp8', weight_block_size: [128, 128] }), [2, 4])).toHaveLength(8)
    const method = await refusal(() => read(fp8({ quant_method: 'quark' }), [2, 4]))
    expect(method.code).toBe('unsupported_format')
    expect(method.message).toMatch(/tensor x\.weight is stored as F8_E4M3 of quantization method "quark"/)
    const cube = fp8({ quant_method: 'fp8' }, { ...codes, shape: [2, 2, 2] })
    expect((await refusal(() => read(cube, [2, 2, 2]))).message).toMatch(/x\.weight is stored as F8_E4M3 of rank 3/)
    for (const size of [[128], [0, 128], [128, 2 ** 21], [64.5, 64], 'large']) {
      const files = fp8({ quant_method: 'fp8', weight_block_size: size })
      expect((await refusal(() => read(files, [2, 4]))).message).toBe(
        `model: config.json: expected quantization_config.weight_block_size as [rows, columns], found ${JSON.stringify(size)}.`,
      )
    }
  })

  it('NVFP4 with a scale for all that is not one f32 is refused', async () => {
    const half = { dtype: 'BF16', shape: [], bytes: bf16(0.5) }
    expect((await changed('NVFP4', { 'x.weight_scale_2': half })).message).toMatch(/a scale of BF16/)
    const two = { dtype: 'F32', shape: [2], bytes: f32(1, 1) }
    expect((await changed('NVFP4', { 'x.weight_scale_2': two })).message).toMatch(
      /x\.weight_scale_2: expected shape \[\].*found \[2\]/,
    )
    const missing = await changed('NVFP4', { 'x.weight_scale_2': undefined })
    expect(missing.message).toMatch(/expected the tensor x\.weight_scale_2/)
    const other = { dtype: 'U8', shape: [2, 4], bytes: new Uint8Array(8).fill(127) }
    expect((await changed('NVFP4', { 'x.weight_scale': other })).message).toMatch(/NVFP4 with scales of U8/)
  })

  it('NVFP4 of compressed-tensors is not taken for MXFP4', async () => {
    const scales = { dtype: 'F8_E4M3', shape: [2, 4], bytes: new Uint8Array(8).fill(0x38) }
    expect((await changed('MXFP4', { 'x.weight_scale': scales })).message).toMatch(/weight_packed of/)
    const config = { quantization_config: { quant_method: 'compressed-tensors', format: 'nvfp4-pack-quantized' } }
    expect((await changed('MXFP4', {}, config)).message).toMatch(/weight_packed of "nvfp4-pack-quantized"/)
  })

  it('AWQ and GPTQ of a tensor that is no matrix are refused', async () => {
    const awq = find('AWQ')
    const checkpoint = await openFolder(folderOf(awq, {}))
    expect(() => checkpoint.tensor('x.weight', [2, 8, 64])).toThrow(/qweight of rank 3/)
  })

  it('AWQ without zero points, with scales of integers or with words of another type or shape is refused', async () => {
    const of = async (part: string, change: Partial<RawTensor> | undefined): Promise<string> => {
      const whole = find('AWQ').tensors[`x.${part}`]!
      return (await changed('AWQ', { [`x.${part}`]: change && { ...whole, ...change } })).message
    }
    expect(await of('qzeros', undefined)).toMatch(/expected the tensor x\.qzeros, found none of that name/)
    expect(await of('scales', undefined)).toMatch(/expected the tensor x\.scales, found none of that name/)
    const { bytes } = find('AWQ').tensors['x.scales']!
    const powers = { dtype: 'U8', bytes: bytes.subarray(bytes.length / 2) }
    expect(await of('scales', powers)).toMatch(/x\.scales is stored as scales of U8/)
    expect(await of('qzeros', { dtype: 'F32' })).toMatch(/x\.qzeros is stored as F32, not I32/)
    const { shape } = find('AWQ').tensors['x.qweight']!
    expect(await of('qweight', { shape: [...shape].reverse() })).toMatch(
      /x\.qweight: expected shape \[64, 2\] from the config, found \[2, 64\]/,
    )
  })

  it('codes of FP4 and INT4 whose type or shape is another are refused', async () => {
    const blocks = {
      'x.weight_blocks': { dtype: 'BOOL', shape: [2, 2, 16], bytes: ramp(64) },
      'x.weight_scales': { dtype: 'U8', shape: [2, 2], bytes: ramp(4) },
    }
    const folder = { 'config.json': json({}), 'model.safetensors': safetensors(blocks) }
    expect((await refusal(() => read(folder, [2, 64]))).message).toMatch(
      /x\.weight is stored as x\.weight_blocks of BOOL/,
    )
    const packed = { 'x.weight_packed': { dtype: 'I32', shape: [2, 8], bytes: ramp(64) } }
    const alone = { ...tinyInt4Folder(), 'model.safetensors': safetensors(packed) }
    expect((await refusal(() => read(alone, [2, 64]))).message).toMatch(
      /expected the tensor x\.weight_scale, found none/,
    )
    const wide = await refusal(() => read(tinyInt4Folder(), [2, 128]))
    expect(wide.message).toMatch(/tensor x\.weight: expected shape \[2, 128\] from the config, found \[2, 64\]/)
  })

  it('codes of a quantiser that is not known are named, not taken for missing', async () => {
    const files = {
      'config.json': json({ quantization_config: { quant_method: 'novel' } }),
      'model.safetensors': safetensors({ 'x.weight_scale': { dtype: 'U8', shape: [8], bytes: ramp(8) } }),
    }
    expect((await refusal(() => read(files, [2, 8]))).message).toMatch(/x\.weight_scale \(U8\) of "novel"/)
  })
})

describe('values that cannot be what they stand for', () => {
  it('rates of a recurrent layer that are not below zero', async () => {
    const stored = async (...values: number[]) => {
      const files = {
        'config.json': json({}),
        'model.safetensors': safetensors({
          'x.weight': { dtype: 'F32', shape: [values.length], bytes: f32(...values) },
        }),
      }
      return logOfRates((await openFolder(files)).tensor('x.weight', [values.length]))
    }
    const good = await stored(-1, -2)
    expect([...(await decodeRows(good, 0, 1))]).toEqual([0, Math.fround(Math.LN2)])
    for (const wrong of [0, 0.5, NaN]) {
      const bad = await stored(-1, wrong)
      expect((await refusal(() => decodeRows(bad, 0, 1))).message).toMatch(/expected values below zero, found/)
    }
  })

  it('ids beyond what f32 holds exactly', async () => {
    const ids = (id: number): Record<string, Uint8Array> => ({
      'config.json': json({}),
      'model.safetensors': safetensors({ 'x.weight': { dtype: 'I32', shape: [1, 2], bytes: concat(u32(7), u32(id)) } }),
    })
    expect([...(await read(ids(2 ** 24 - 1), [1, 2]))]).toEqual([7, 2 ** 24 - 1])
    for (const [stored, found] of [
      [2 ** 24, 2 ** 24],
      [2 ** 32 - 2 ** 24, -(2 ** 24)],
    ] as const)
      expect((await refusal(() => read(ids(stored), [1, 2]))).message).toBe(
        `model/model.safetensors: tensor x.weight: expected whole numbers below 2^24, found ${found}. ` +
          'The file is damaged: download it again.',
      )
  })

  it('a shape of the config without elements', async () => {
    const files = {
      'config.json': json({}),
      'model.safetensors': safetensors({ 'x.weight': { dtype: 'F32', shape: [0, 4], bytes: f32() } }),
    }
    expect((await refusal(() => read(files, [0, 4]))).message).toMatch(/the shape \[0, 4\], which has no elements/)
  })
})

describe('files that contradict themselves', () => {
  it('a safetensors header that is no object of objects, or claims too much', async () => {
    const open = (header: string) =>
      refusal(() => openFolder({ 'config.json': json({}), 'model.safetensors': rawSafetensors(header) }))
    expect((await open('{"t": 3}')).message).toMatch(/model\.safetensors/)
    const huge = concat(u64(2 ** 40), utf8('{}'), new Uint8Array(64))
    expect((await refusal(() => openFolder({ 'config.json': json({}), 'model.safetensors': huge }))).code).toBe(
      'invalid_file',
    )
  })

  it('a tensor of a GGUF twice under two names for one', async () => {
    const norm = { type: 0, shape: [4], bytes: f32(1, 1, 1, 1) }
    const file = gguf({ 'general.architecture': 'novel' }, { a: norm, b: norm })
    const checkpoint = await openGguf(file)
    expect(() => checkpoint.tensor('a', [5])).toThrow(/expected shape \[5\] from the config, found \[4\]/)
  })

  it('a file that is neither weights nor a model', async () => {
    const other = await refusal(() => openCheckpoint(memoryFiles('model', { 'a.bin': ramp(8) }, 'a.bin')))
    expect(other.code).toBe('invalid_argument')
    expect(other.message).toBe(
      'model/a.bin: expected a model folder, a .gguf file or a .safetensors file. Give one of these.',
    )
  })

  it('a folder with two models, and a part whose number is out of range', async () => {
    const one = tinyLlamaGguf()
    const both = await refusal(() => openFolder({ 'a.gguf': one, 'b.gguf': one }))
    expect(both.message).toMatch(/expected one model, found 2 GGUF files/)
    const name = 'm-00003-of-00002.gguf'
    const part = await refusal(() => openCheckpoint(memoryFiles('model', { [name]: one }, name)))
    expect(part.message).toMatch(/the part's number is not within 1 and 2/)
  })
})
