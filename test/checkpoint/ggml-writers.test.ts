import { describe, expect, it } from 'vitest'
import fc from 'fast-check'
import { BlockNumbers } from '../../src/checkpoint/formats/block-numbers.js'
import { FORMATS } from '../../src/checkpoint/formats/formats.js'
import { BLOCK_READERS } from '../../src/checkpoint/formats/ggml-blocks.js'
import { BLOCK_WRITERS, type WrittenFormat } from '../../src/checkpoint/formats/ggml-writers.js'
import { f16Bits, f16Of } from '../../src/checkpoint/formats/small-floats.js'

const formats = Object.keys(BLOCK_WRITERS) as WrittenFormat[]
/** Where the f16s of a block lie: any bytes but these may be any. */
const HALVES: Record<WrittenFormat, number[]> = {
  ...{ q4_0: [0], q5_0: [0], q8_0: [0], iq4_nl: [0], q6_k: [208] },
  ...{ q4_1: [0, 2], q5_1: [0, 2], q4_k: [0, 2], q5_k: [0, 2] },
}

describe('blocks of ggml', () => {
  it.each(formats)('%s: what was read is written as it was', (format) => {
    const { blockBytes } = FORMATS[format]
    fc.assert(
      fc.property(fc.uint8Array({ minLength: blockBytes, maxLength: blockBytes }), (random) => {
        const bytes = Uint8Array.from(random)
        for (const at of HALVES[format]) bytes[at + 1] = (bytes[at + 1] ?? 0) & 0x3b
        const block = new BlockNumbers()
        block.subScales.fill(1)
        BLOCK_READERS[format]!(bytes, 0, block)
        const again = new Uint8Array(blockBytes)
        BLOCK_WRITERS[format](block, again, 0)
        expect(again).toEqual(bytes)
      }),
      { numRuns: 50 },
    )
  })
})

describe('f16Bits', () => {
  it('gives every finite f16 its own bits, and what lies between two the nearer one, halves to even', () => {
    const wrong: number[] = []
    for (let code = 0; code < 65536; code++) {
      const [value, next] = [f16Of(code), f16Of(code + 1)]
      if (!Number.isFinite(value)) continue
      if (f16Bits(value) !== (Object.is(value, -0) ? 0x8000 : code)) wrong.push(code)
      if (!Number.isFinite(next) || (code & 0x7fff) === 0x7fff) continue
      if (f16Bits((value + next) / 2) !== (code % 2 === 0 ? code : code + 1)) wrong.push(code + 0.5)
    }
    expect(wrong).toEqual([])
    expect([f16Bits(65519), f16Bits(65520), f16Bits(-1e9)]).toEqual([0x7bff, 0x7c00, 0xfc00])
  })
})
