/** Whole numbers and scales put together into blocks of ggml: what ggml-blocks.ts takes apart, the other way round. */
import type { BlockNumbers } from './block-numbers.js'
import type { FormatName } from './formats.js'
import { IQ4_CODES } from './ggml-blocks.js'
import { f16Bits } from './small-floats.js'

/** Writes the block at `at`, whose bytes are 0. Scales must be f16s: {@link f16Bits}. */
export type BlockWriter = (block: BlockNumbers, bytes: Uint8Array, at: number) => void

function put(bytes: Uint8Array, at: number, bits: number): void {
  bytes[at] = (bytes[at] ?? 0) | bits
}

function putHalf(bytes: Uint8Array, at: number, value: number): void {
  const bits = f16Bits(value)
  bytes[at] = bits & 255
  bytes[at + 1] = bits >> 8
}

/** 32 codes of which four bits are written: columns 0 to 15 are low nibbles. */
function putNibbles(bytes: Uint8Array, at: number, code: (column: number) => number): void {
  for (let i = 0; i < 16; i++) bytes[at + i] = (code(i) & 15) | ((code(i + 16) & 15) << 4)
}

/** The fifth bits of 32 codes, a word. */
function putFifths(bytes: Uint8Array, at: number, code: (column: number) => number): void {
  for (let i = 0; i < 32; i++) put(bytes, at + (i >> 3), ((code(i) >> 4) & 1) << (i & 7))
}

/** d, dmin, and eight pairs of six bits in twelve bytes. */
function putSixBits({ scale, minScale, subScales, mins }: BlockNumbers, bytes: Uint8Array, at: number): void {
  putHalf(bytes, at, scale)
  putHalf(bytes, at + 2, minScale)
  for (let s = 0; s < 4; s++) {
    const [low, high] = [subScales[2 * s] ?? 0, subScales[2 * s + 8] ?? 0]
    const [lowMin, highMin] = [mins[2 * s] ?? 0, mins[2 * s + 8] ?? 0]
    bytes[at + 4 + s] = low | ((high >> 4) << 6)
    bytes[at + 8 + s] = lowMin | ((highMin >> 4) << 6)
    bytes[at + 12 + s] = (high & 15) | ((highMin & 15) << 4)
  }
}

function putWideNibbles(codes: Int8Array, bytes: Uint8Array, at: number): void {
  for (let c = 0; c < 256; c++) put(bytes, at + 32 * (c >> 6) + (c & 31), ((codes[c] ?? 0) & 15) << (c & 32 ? 4 : 0))
}

function q6k({ codes, scale, subScales }: BlockNumbers, bytes: Uint8Array, at: number): void {
  for (let c = 0; c < 256; c++) {
    const code = (codes[c] ?? 0) + 32
    const half = c >> 7
    put(bytes, at + 64 * half + (c & 63), (code & 15) << (c & 64 ? 4 : 0))
    put(bytes, at + 128 + 32 * half + (c & 31), (code >> 4) << (2 * ((c >> 5) & 3)))
  }
  for (let s = 0; s < 16; s++) bytes[at + 192 + s] = subScales[s] ?? 0
  putHalf(bytes, at + 208, scale)
}

/** Codes with a scale of their own: of four bits, or of five. */
function symmetric({ codes, scale }: BlockNumbers, bytes: Uint8Array, at: number, offset: 8 | 16): void {
  const code = (column: number): number => (codes[column] ?? 0) + offset
  putHalf(bytes, at, scale)
  if (offset === 16) putFifths(bytes, at + 2, code)
  putNibbles(bytes, at + (offset === 16 ? 6 : 2), code)
}

/** The same with a minimum, which is added: minScale times mins is taken away. */
function withMinimum(block: BlockNumbers, bytes: Uint8Array, at: number, fifths: boolean): void {
  const code = (column: number): number => block.codes[column] ?? 0
  putHalf(bytes, at, block.scale)
  putHalf(bytes, at + 2, -block.minScale * (block.mins[0] ?? 0))
  if (fifths) putFifths(bytes, at + 4, code)
  putNibbles(bytes, at + (fifths ? 8 : 4), code)
}

const WRITERS = {
  q4_0: (block, bytes, at) => symmetric(block, bytes, at, 8),
  q5_0: (block, bytes, at) => symmetric(block, bytes, at, 16),
  q4_1: (block, bytes, at) => withMinimum(block, bytes, at, false),
  q5_1: (block, bytes, at) => withMinimum(block, bytes, at, true),
  q8_0: ({ codes, scale }, bytes, at) => {
    putHalf(bytes, at, scale)
    for (let c = 0; c < 32; c++) bytes[at + 2 + c] = codes[c] ?? 0
  },
  iq4_nl: ({ codes, scale }, bytes, at) => {
    putHalf(bytes, at, scale)
    putNibbles(bytes, at + 2, (column) => IQ4_CODES[(codes[column] ?? 0) + 128] ?? 0)
  },
  q4_k: (block, bytes, at) => {
    putSixBits(block, bytes, at)
    putWideNibbles(block.codes, bytes, at + 16)
  },
  q5_k: (block, bytes, at) => {
    putSixBits(block, bytes, at)
    for (let c = 0; c < 256; c++) put(bytes, at + 16 + (c & 31), (((block.codes[c] ?? 0) >> 4) & 1) << (c >> 5))
    putWideNibbles(block.codes, bytes, at + 48)
  },
  q6_k: q6k,
} satisfies Partial<Record<FormatName, BlockWriter>>

/** Formats that can be written. */
export type WrittenFormat = keyof typeof WRITERS

export const BLOCK_WRITERS: Readonly<Record<WrittenFormat, BlockWriter>> = WRITERS
