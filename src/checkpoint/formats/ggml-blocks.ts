/**
 * Blocks of ggml taken apart into whole numbers and scales. The order of bits inside of each block is that of
 * ggml-common.h and ggml-quants.c of llama.cpp (MIT).
 */
import type { BlockNumbers, BlockReader } from './block-numbers.js'
import type { FormatName } from './formats.js'
import { iq1_m, iq1_s, iq2_s, iq2_xs, iq2_xxs, iq3_s, iq3_xxs } from './ggml-grids.js'
import { E8M0, f16At } from './small-floats.js'

const byte = (bytes: Uint8Array, at: number): number => bytes[at] ?? 0
const signed = (bytes: Uint8Array, at: number): number => (byte(bytes, at) << 24) >> 24

/** IQ4_NL's code points, which follow the normal distribution. */
const IQ4 = Int8Array.of(-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113)
/** The code of each point, by point + 128. */
export const IQ4_CODES = iq4Codes()
function iq4Codes(): Uint8Array {
  const codes = new Uint8Array(256)
  IQ4.forEach((point, code) => (codes[point + 128] = code))
  return codes
}
/** Twice e2m1. */
const TWICE_E2M1 = Int8Array.of(0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12)

/** 32 codes of four bits: low nibbles are columns 0 to 15, high nibbles 16 to 31. */
function nibbles(bytes: Uint8Array, at: number, codes: Int8Array, first: number): void {
  for (let i = 0; i < 16; i++) {
    codes[first + i] = byte(bytes, at + i) & 15
    codes[first + 16 + i] = byte(bytes, at + i) >> 4
  }
}

function q4(bytes: Uint8Array, at: number, { codes }: BlockNumbers, offset: number): void {
  nibbles(bytes, at, codes, 0)
  if (offset !== 0) for (let i = 0; i < 32; i++) codes[i] = codes[i]! - offset
}

/** Q5_0 and Q5_1: the fifth bits are a word of 32 bits before the nibbles. */
function q5(bytes: Uint8Array, at: number, block: BlockNumbers, offset: number): void {
  nibbles(bytes, at + 4, block.codes, 0)
  for (let i = 0; i < 32; i++) {
    const high = (byte(bytes, at + (i >> 3)) >> (i & 7)) & 1
    block.codes[i] = ((block.codes[i] ?? 0) | (high << 4)) - offset
  }
}

/** A minimum that is added, as an f16 of its own. */
function addedMinimum(bytes: Uint8Array, at: number, block: BlockNumbers): void {
  block.minScale = -f16At(bytes, at)
  block.mins.fill(1)
}

function q2_k(bytes: Uint8Array, at: number, block: BlockNumbers): void {
  block.scale = f16At(bytes, at + 80)
  block.minScale = f16At(bytes, at + 82)
  for (let s = 0; s < 16; s++) {
    block.subScales[s] = byte(bytes, at + s) & 15
    block.mins[s] = byte(bytes, at + s) >> 4
  }
  twoBits(bytes, at + 16, block.codes)
}

/** 64 bytes: in each half of 128 columns, bits 2k and 2k + 1 of byte i are column 32k + i. */
function twoBits(bytes: Uint8Array, at: number, codes: Int8Array): void {
  for (let c = 0; c < 256; c++) codes[c] = (byte(bytes, at + 32 * (c >> 7) + (c & 31)) >> (2 * ((c >> 5) & 3))) & 3
}

function q3_k(bytes: Uint8Array, at: number, block: BlockNumbers): void {
  block.scale = f16At(bytes, at + 108)
  twoBits(bytes, at + 32, block.codes)
  for (let c = 0; c < 256; c++) {
    const high = (byte(bytes, at + (c & 31)) >> (c >> 5)) & 1
    block.codes[c] = (block.codes[c] ?? 0) - (high ? 0 : 4)
  }
  for (let s = 0; s < 16; s++) {
    const low = (byte(bytes, at + 96 + (s & 7)) >> (4 * (s >> 3))) & 15
    const high = (byte(bytes, at + 104 + (s & 3)) >> (2 * (s >> 2))) & 3
    block.subScales[s] = (low | (high << 4)) - 32
  }
}

/** Eight pairs of six bits in twelve bytes, each for 32 columns: scales and minima of Q4_K and Q5_K. */
function sixBits(bytes: Uint8Array, at: number, block: BlockNumbers): void {
  block.scale = f16At(bytes, at)
  block.minScale = f16At(bytes, at + 2)
  for (let s = 0; s < 8; s++) {
    const a = byte(bytes, at + 4 + (s & 3))
    const b = byte(bytes, at + 8 + (s & 3))
    const c = byte(bytes, at + 12 + (s & 3))
    const scale = s < 4 ? a & 63 : (c & 15) | ((a >> 2) & 48)
    const min = s < 4 ? b & 63 : (c >> 4) | ((b >> 2) & 48)
    block.subScales.fill(scale, 2 * s, 2 * s + 2)
    block.mins.fill(min, 2 * s, 2 * s + 2)
  }
}

/** 128 bytes: in each quarter of 64 columns, low nibbles are columns 0 to 31, high nibbles 32 to 63. */
function wideNibbles(bytes: Uint8Array, at: number, codes: Int8Array): void {
  for (let c = 0; c < 256; c++) codes[c] = (byte(bytes, at + 32 * (c >> 6) + (c & 31)) >> (c & 32 ? 4 : 0)) & 15
}

function q4_k(bytes: Uint8Array, at: number, block: BlockNumbers): void {
  sixBits(bytes, at, block)
  wideNibbles(bytes, at + 16, block.codes)
}

function q5_k(bytes: Uint8Array, at: number, block: BlockNumbers): void {
  sixBits(bytes, at, block)
  wideNibbles(bytes, at + 48, block.codes)
  for (let c = 0; c < 256; c++) {
    const high = (byte(bytes, at + 16 + (c & 31)) >> (c >> 5)) & 1
    block.codes[c] = (block.codes[c] ?? 0) | (high << 4)
  }
}

function q6_k(bytes: Uint8Array, at: number, block: BlockNumbers): void {
  block.scale = f16At(bytes, at + 208)
  for (let s = 0; s < 16; s++) block.subScales[s] = signed(bytes, at + 192 + s)
  for (let c = 0; c < 256; c++) {
    const half = c >> 7
    const low = (byte(bytes, at + 64 * half + (c & 63)) >> (c & 64 ? 4 : 0)) & 15
    const high = (byte(bytes, at + 128 + 32 * half + (c & 31)) >> (2 * ((c >> 5) & 3))) & 3
    block.codes[c] = (low | (high << 4)) - 32
  }
}

/** f32 scale, 256 i8, and sums that only products use. */
function q8_k(bytes: Uint8Array, at: number, block: BlockNumbers): void {
  block.scale = new DataView(bytes.buffer, bytes.byteOffset + at, 4).getFloat32(0, true)
  for (let c = 0; c < 256; c++) block.codes[c] = signed(bytes, at + 4 + c)
}

function throughTable(codes: Int8Array, count: number, table: Int8Array): void {
  for (let c = 0; c < count; c++) codes[c] = table[codes[c] ?? 0] ?? 0
}

function iq4_xs(bytes: Uint8Array, at: number, block: BlockNumbers): void {
  block.scale = f16At(bytes, at)
  const high = byte(bytes, at + 2) | (byte(bytes, at + 3) << 8)
  for (let s = 0; s < 8; s++) {
    const low = (byte(bytes, at + 4 + (s >> 1)) >> (4 * (s & 1))) & 15
    block.subScales.fill((low | (((high >> (2 * s)) & 3) << 4)) - 32, 2 * s, 2 * s + 2)
    nibbles(bytes, at + 8 + 16 * s, block.codes, 32 * s)
  }
  throughTable(block.codes, 256, IQ4)
}

/** Ternary digits: five of them, most significant first, are the fraction byte / 256 in base 3. */
function tq1_0(bytes: Uint8Array, at: number, block: BlockNumbers): void {
  block.scale = f16At(bytes, at + 52)
  const digit = (from: number, n: number): number => ((((byte(bytes, from) * 3 ** n) & 255) * 3) >> 8) - 1
  for (let c = 0; c < 160; c++) block.codes[c] = digit(at + (c & 31), c >> 5)
  for (let c = 0; c < 80; c++) block.codes[160 + c] = digit(at + 32 + (c & 15), c >> 4)
  for (let c = 0; c < 16; c++) block.codes[240 + c] = digit(at + 48 + (c & 3), c >> 2)
}

function tq2_0(bytes: Uint8Array, at: number, block: BlockNumbers): void {
  block.scale = f16At(bytes, at + 64)
  twoBits(bytes, at, block.codes)
  for (let c = 0; c < 256; c++) block.codes[c] = (block.codes[c] ?? 0) - 1
}

const READERS = {
  q4_0: (bytes, at, block) => {
    block.scale = f16At(bytes, at)
    q4(bytes, at + 2, block, 8)
  },
  q4_1: (bytes, at, block) => {
    block.scale = f16At(bytes, at)
    addedMinimum(bytes, at + 2, block)
    q4(bytes, at + 4, block, 0)
  },
  q5_0: (bytes, at, block) => {
    block.scale = f16At(bytes, at)
    q5(bytes, at + 2, block, 16)
  },
  q5_1: (bytes, at, block) => {
    block.scale = f16At(bytes, at)
    addedMinimum(bytes, at + 2, block)
    q5(bytes, at + 4, block, 0)
  },
  q8_0: (bytes, at, block) => {
    block.scale = f16At(bytes, at)
    for (let c = 0; c < 32; c++) block.codes[c] = signed(bytes, at + 2 + c)
  },
  iq4_nl: (bytes, at, block) => {
    block.scale = f16At(bytes, at)
    nibbles(bytes, at + 2, block.codes, 0)
    throughTable(block.codes, 32, IQ4)
  },
  mxfp4: (bytes, at, block) => {
    // half, because the codes are twice e2m1
    block.scale = (E8M0[byte(bytes, at)] ?? NaN) / 2
    nibbles(bytes, at + 1, block.codes, 0)
    throughTable(block.codes, 32, TWICE_E2M1)
  },
  ...{ q2_k, q3_k, q4_k, q5_k, q6_k, q8_k, iq4_xs, tq1_0, tq2_0 },
  ...{ iq1_s, iq1_m, iq2_xxs, iq2_xs, iq2_s, iq3_xxs, iq3_s },
} satisfies Partial<Record<FormatName, BlockReader>>

/** Formats that are read here. */
export type BlockFormatName = keyof typeof READERS

/** Every block format, by the name of its row in the table of formats. */
export const BLOCK_READERS: Readonly<Partial<Record<FormatName, BlockReader>>> = READERS
