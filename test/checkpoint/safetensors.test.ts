import { describe, expect, it } from 'vitest'
import { decodeRows } from '../../src/checkpoint/formats/decode.js'
import { memoryFiles } from '../../src/checkpoint/files/memory.js'
import { openCheckpoint } from '../../src/models/open.js'
import { UserError } from '../../src/errors.js'
import {
  f32,
  json,
  ramp,
  rawSafetensors,
  safetensors,
  tinyFolder,
  tinyInt4Folder,
  u64,
  type RawTensor,
} from './build.js'

const config = json({ model_type: 'tiny' })

async function refusal(work: Promise<unknown>): Promise<string> {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(UserError)
  return String(error)
}

const openFolder = (files: Record<string, Uint8Array>) => openCheckpoint(memoryFiles('model', files))
const openFile = (file: Uint8Array) => openFolder({ 'config.json': config, 'model.safetensors': file })
const openHeader = (header: string, data = new Uint8Array(64)) => openFile(rawSafetensors(header, data))

describe('a safetensors folder', () => {
  it('gives plain and FP8 tensors, with ragged blocks', async () => {
    const checkpoint = await openFolder(tinyFolder())
    expect([...checkpoint.names()]).toEqual(['a.weight', 'b.weight', 'c.weight'])
    expect(await decodeRows(checkpoint.tensor('a.weight', [2, 3]), 1, 1)).toEqual(Float32Array.of(4, 5, 6))
    expect(await decodeRows(checkpoint.tensor('b.weight', [4]), 0, 1)).toEqual(Float32Array.of(1, -2, 0.5, 3))
    // 0x38 is 1.0 and every code above adds an eighth, until the exponent steps at 0x40 = 2.0.
    const values = await decodeRows(checkpoint.tensor('c.weight', [3, 5]), 1, 2)
    expect([...values]).toEqual([1.625, 1.75, 1.875, 2, 22.5, 250, 275, 300, 325, 3500])
  })

  it('gives packed INT4 under the name of the weight', async () => {
    const checkpoint = await openFolder(tinyInt4Folder())
    expect([...checkpoint.names()]).toEqual(['x.weight'])
    expect(checkpoint.has('x.weight')).toBe(true)
    const tensor = checkpoint.tensor('x.weight', [2, 64])
    const values = await decodeRows(tensor, 0, 2)
    const bytes = ramp(64)
    const expected = [1, 2, 0.5, 4].flatMap((scale, group) =>
      Array.from({ length: 32 }, (_, i) => {
        const byte = bytes[group * 16 + (i >> 1)] ?? 0
        return ((i % 2 ? byte >> 4 : byte & 15) - 8) * scale
      }),
    )
    expect([...values]).toEqual(expected)
    expect(await decodeRows(tensor, 1, 1)).toEqual(values.slice(64))
  })

  it('reads shards through the index, and names the missing one', async () => {
    const index = json({ weight_map: { p: 'one.safetensors', q: 'two.safetensors' } })
    const tensor = (value: number): RawTensor => ({ dtype: 'F32', shape: [1], bytes: f32(value) })
    const files = {
      'config.json': config,
      'model.safetensors.index.json': index,
      'one.safetensors': safetensors({ p: tensor(1) }),
      'two.safetensors': safetensors({ q: tensor(2) }),
    }
    const checkpoint = await openFolder(files)
    expect(await decodeRows(checkpoint.tensor('q', [1]), 0, 1)).toEqual(Float32Array.of(2))
    const partial = Object.entries(files).filter(([name]) => name !== 'two.safetensors')
    expect(await refusal(openFolder(Object.fromEntries(partial)))).toMatch(/shard two\.safetensors.*holds q/)
    const swapped = { ...files, 'two.safetensors': files['one.safetensors'] }
    expect(await refusal(openFolder(swapped))).toMatch(/two\.safetensors.*tensor q/)
    const outside = { ...files, 'model.safetensors.index.json': json({ weight_map: { p: '../one.safetensors' } }) }
    expect(await refusal(openFolder(outside))).toMatch(/no such file/)
  })

  it('says what is wrong with a tensor that a model asks for', async () => {
    const checkpoint = await openFolder(tinyFolder())
    expect(() => checkpoint.tensor('a.weight', [3, 2])).toThrow(/a\.weight.*\[3, 2\].*\[2, 3\]/)
    expect(() => checkpoint.tensor('none', [1])).toThrow(/none/)
    const other = await openFile(
      safetensors({
        'g.qweight': { dtype: 'I32', shape: [1], bytes: ramp(4) },
        'e.weight': { dtype: 'F8_E5M2', shape: [1], bytes: ramp(1) },
        's.weight': { dtype: 'F8_E4M3', shape: [1, 2], bytes: ramp(2) },
      }),
    )
    for (const [name, format] of [
      ['g', 'qweight'],
      ['e', 'F8_E5M2'],
      ['s', 'F8_E4M3'],
    ] as const) {
      expect(() => other.tensor(`${name}.weight`, [1, 2])).toThrow(new RegExp(`${format}.*Supported: F32`))
    }
  })

  it('refuses scales that are not finite, with their place', async () => {
    const folder = {
      'config.json': config,
      'model.safetensors': safetensors({
        'c.weight': { dtype: 'F8_E4M3', shape: [1, 200], bytes: new Uint8Array(200) },
        'c.weight_scale_inv': { dtype: 'F32', shape: [1, 2], bytes: f32(1, NaN) },
      }),
    }
    const checkpoint = await openFolder(folder)
    const message = await refusal(decodeRows(checkpoint.tensor('c.weight', [1, 200]), 0, 1))
    expect(message).toMatch(/model\.safetensors.*c\.weight_scale_inv.*NaN at row 0, column 1/)
  })

  it.each([
    ['a short file', Uint8Array.of(1, 2, 3), /at least 8 bytes/],
    ['a header longer than the file', u64(1000), /claims 1000 bytes/],
    ['a header near 2^64', u64(2n ** 64n - 1n), /claims 18446744073709551615 bytes/],
    ['no JSON', rawSafetensors('{"a'), /expected JSON/],
    ['an array', rawSafetensors('[]'), /JSON object/],
  ])('refuses %s', async (_, file, message) => {
    expect(await refusal(openFile(file))).toMatch(message)
  })

  const entry = (dtype: string, shape: string, offsets: string): string =>
    `{"dtype":"${dtype}","shape":${shape},"data_offsets":${offsets}}`

  it.each([
    ['an unknown dtype', `{"t":${entry('F33', '[1]', '[0,4]')}}`, /tensor t: unknown dtype "F33"/],
    ['offsets beyond the file', `{"t":${entry('F32', '[17]', '[0,68]')}}`, /tensor t.*truncated/],
    ['offsets in reverse', `{"t":${entry('F32', '[1]', '[8,4]')}}`, /tensor t/],
    [
      'a size that differs',
      `{"t":${entry('F32', '[3]', '[0,8]')}}`,
      /tensor t: F32 \[3\] takes 12 bytes, but data_offsets span 8/,
    ],
    ['one offset', `{"t":${entry('F32', '[1]', '[0]')}}`, /tensor t: data_offsets \[0\], expected \[begin, end\]/],
    [
      'offsets that are no numbers',
      `{"t":${entry('F32', '[1]', '[0,"4"]')}}`,
      /data_offsets \[0,"4"\], expected \[begin, end\]/,
    ],
    ['nine dimensions', `{"t":${entry('U8', '[1,1,1,1,1,1,1,1,1]', '[0,1]')}}`, /at most 8/],
    ['unsafe integers', `{"t":${entry('U8', '[1e300]', '[0,1]')}}`, /shape/],
    ['an overflowing product', `{"t":${entry('U8', '[4294967296,4294967296]', '[0,0]')}}`, /span 0/],
    ['overlap', `{"t":${entry('U8', '[4]', '[0,4]')},"u":${entry('U8', '[4]', '[3,7]')}}`, /t and u overlap/],
    [
      'a name twice',
      `{"t":${entry('U8', '[1]', '[0,1]')},"\\u0074":${entry('U8', '[1]', '[1,2]')}}`,
      /name t appears twice/,
    ],
    ['a number', '{"t":5}', /tensor t: expected an object with dtype, shape and data_offsets/],
    ['a text', '{"t":"u"}', /tensor t: expected an object with dtype, shape and data_offsets/],
    ['a text, and spaces', '{ "t": "u" }', /header: expected an object for every tensor/],
    ['a name twice, as the reference writes it', '{"t":5,"t":6}', /name t appears twice/],
  ])('refuses %s', async (_, header, message) => {
    expect(await refusal(openHeader(header))).toMatch(message)
    expect(await refusal(openHeader(header))).toMatch(/The file is damaged: download it again\.$/)
  })

  it('refuses a header that would take all memory', async () => {
    const claimed = memoryFiles('folder', { 'config.json': config, 'model.safetensors': u64(100_000_001) })
    const large = {
      ...claimed,
      open: async (name: string) => {
        const source = await claimed.open(name)
        return source && name.endsWith('.safetensors') ? { ...source, size: 2 ** 40 } : source
      },
    }
    expect(await refusal(openCheckpoint(large))).toMatch(
      /folder\/model\.safetensors: the header claims 100000001 bytes, the limit is 100000000\. The file is damaged/,
    )
  })

  it('refuses a file that is not there, and an index that names no file', async () => {
    const named = memoryFiles('folder', { 'config.json': config }, 'm.safetensors')
    expect(await refusal(openCheckpoint(named))).toMatch(/folder\/m\.safetensors: no such file\./)
    const index = json({ weight_map: { t: 7 } })
    expect(await refusal(openFolder({ 'config.json': config, 'model.safetensors.index.json': index }))).toMatch(
      /model\.safetensors\.index\.json: weight_map\.t: expected a file name, found a number\. Download it again\.$/,
    )
  })

  it('refuses an index without a weight_map', async () => {
    for (const index of [{}, { weight_map: ['model.safetensors'] }])
      expect(await refusal(openFolder({ 'config.json': config, 'model.safetensors.index.json': json(index) }))).toMatch(
        /model\.safetensors\.index\.json: expected weight_map \{tensor: file\}, found none\. Download it again\.$/,
      )
  })

  it('refuses folders without config or weights', async () => {
    expect(await refusal(openFolder({}))).toMatch(/config\.json/)
    expect(await refusal(openFolder({ 'config.json': json([1]) }))).toMatch(/object, found an array/)
    expect(await refusal(openFolder({ 'config.json': config }))).toMatch(/model\.safetensors/)
  })
})
