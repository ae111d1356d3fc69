// Every block format of ggml against values that the gguf package (llama.cpp) computed from the same bytes.
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { decodeBytes, decodeRows } from '../../src/checkpoint/formats/decode.js'
import { FORMATS, type FormatName } from '../../src/checkpoint/formats/formats.js'
import { BLOCK_READERS } from '../../src/checkpoint/formats/ggml-blocks.js'
import { memorySource } from '../../src/checkpoint/files/memory.js'
import { storedTensor } from '../../src/checkpoint/tensor.js'
import { UserError } from '../../src/errors.js'
import { blockCases } from './block-cases.js'

const fixture = fileURLToPath(new URL('../fixtures/ggml-blocks.safetensors', import.meta.url))

const cases = await blockCases(fixture)

/** Where a block keeps its scale, to be damaged: the last byte of an f16, of Q8_K's f32, or MXFP4's only one. */
const SCALE_AT: Partial<Record<FormatName, number>> = {
  ...{ q2_k: 81, q3_k: 109, q6_k: 209, q8_k: 3, tq1_0: 53, tq2_0: 65, mxfp4: 0 },
}

describe('blocks of ggml', () => {
  it('has a case for every format that is read, but for Q8_K', () => {
    const tested = new Set<FormatName>(cases.map(({ format }) => format))
    expect(Object.keys(BLOCK_READERS).filter((name) => !tested.has(name as FormatName))).toEqual(['q8_k'])
  })

  it.each(cases)('$format decodes to the same bits', ({ format, bytes, values }) => {
    const cols = values.length / 4
    expect(new Uint8Array(decodeBytes(format, bytes, 1, cols).buffer)).toEqual(values)
  })

  it('decodes Q8_K: an f32 scale and 256 codes', () => {
    const bytes = new Uint8Array(292).fill(0xff, 4)
    new DataView(bytes.buffer).setFloat32(0, 0.3, true)
    bytes[5] = 127
    const decoded = decodeBytes('q8_k', bytes, 1, 256)
    expect([decoded[0], decoded[1], decoded[255]]).toEqual([-0.3, 127 * Math.fround(0.3), -0.3].map(Math.fround))
  })

  const blocky = Object.keys(BLOCK_READERS) as FormatName[]
  it.each(blocky)('%s with a scale that is not finite is refused, with its place', async (format) => {
    const { blockBytes, blockCols } = FORMATS[format]
    // Rows of two blocks; the second block of the third row is bad.
    const bytes = new Uint8Array(6 * blockBytes)
    const bad = 5 * blockBytes
    if (format === 'iq1_m') for (const i of [53, 55]) bytes[bad + i] = 0xf0
    else bytes[bad + (SCALE_AT[format] ?? 1)] = format === 'mxfp4' ? 255 : 0x7f
    if (format === 'q8_k') bytes[bad + 2] = 0x80
    const source = memorySource('m.gguf', bytes)
    const tensor = storedTensor({ name: 'x.weight', format, shape: [3, 2 * blockCols], source, offset: 0 })
    await expect(decodeRows(tensor, 0, 2)).resolves.toHaveLength(4 * blockCols)
    const error = await decodeRows(tensor, 1, 2).catch((e: unknown) => e)
    expect(error).toBeInstanceOf(UserError)
    expect(String(error)).toMatch(new RegExp(`m.gguf: tensor x.weight: expected finite.*row 2, column ${blockCols}`))
  })
})
