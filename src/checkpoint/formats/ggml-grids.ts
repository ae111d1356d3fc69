/** IQ1, IQ2 and IQ3: weights as points of a codebook, with signs. Layouts from ggml-common.h of llama.cpp (MIT). */
import type { BlockNumbers } from './block-numbers.js'
import { IQ1_S, IQ2_S, IQ2_XS, IQ2_XXS, IQ3_S, IQ3_XXS, type Codebook } from './ggml-codebooks.js'
import { f16At, f16Of } from './small-floats.js'

const byte = (bytes: Uint8Array, at: number): number => bytes[at] ?? 0
const word = (bytes: Uint8Array, at: number): number => byte(bytes, at) | (byte(bytes, at + 1) << 8)

/** The points of a codebook, one after the other; unpacked when a file first needs them. */
function points(book: Codebook): () => Int8Array {
  let made: Int8Array | undefined
  return () => {
    if (made) return made
    const packed = atob(book.packed)
    const perByte = 8 / book.bits
    made = new Int8Array(packed.length * perByte)
    for (let i = 0; i < made.length; i++) {
      const index = (packed.charCodeAt(Math.floor(i / perByte)) >> (book.bits * (i % perByte))) & (2 ** book.bits - 1)
      made[i] = book.levels[index] ?? 0
    }
    return made
  }
}

const [iq2xxs, iq2xs, iq2s] = [points(IQ2_XXS), points(IQ2_XS), points(IQ2_S)]
const [iq3xxs, iq3s, iq1s] = [points(IQ3_XXS), points(IQ3_S), points(IQ1_S)]

/** Seven bits of signs; the eighth makes their number even. */
function evenSigns(bits: number): number {
  let parity = bits
  for (const shift of [4, 2, 1]) parity ^= parity >> shift
  return bits | ((parity & 1) << 7)
}

/** Writes point `index` to codes[at ...]; bit k of `signs` makes coordinate k negative. */
function put(grid: Int8Array, width: 4 | 8, index: number, signs: number, codes: Int8Array, at: number): void {
  for (let k = 0; k < width; k++) {
    const value = grid[index * width + k] ?? 0
    codes[at + k] = (signs >> k) & 1 ? -value : value
  }
}

/** Scales of four bits s are (s + 1/2) times a power of two: twice that is the whole number 2s + 1. */
function oddScales(block: BlockNumbers, group: number, bits: number, groups: number): void {
  const each = 16 / groups
  block.subScales.fill(2 * bits + 1, group * each, (group + 1) * each)
}

export function iq2_xxs(bytes: Uint8Array, at: number, block: BlockNumbers): void {
  block.scale = f16At(bytes, at) / 8
  const grid = iq2xxs()
  for (let g = 0; g < 8; g++) {
    const p = at + 2 + 8 * g
    const rest = word(bytes, p + 4) + word(bytes, p + 6) * 65536
    oddScales(block, g, Math.floor(rest / 2 ** 28), 8)
    for (let k = 0; k < 4; k++) {
      const signs = evenSigns(Math.floor(rest / 2 ** (7 * k)) & 127)
      put(grid, 8, byte(bytes, p + k), signs, block.codes, 32 * g + 8 * k)
    }
  }
}

export function iq2_xs(bytes: Uint8Array, at: number, block: BlockNumbers): void {
  block.scale = f16At(bytes, at) / 8
  const grid = iq2xs()
  for (let g = 0; g < 16; g++) {
    oddScales(block, g, (byte(bytes, at + 66 + (g >> 1)) >> (4 * (g & 1))) & 15, 16)
    for (let k = 0; k < 2; k++) {
      const code = word(bytes, at + 2 + 4 * g + 2 * k)
      put(grid, 8, code & 511, evenSigns(code >> 9), block.codes, 16 * g + 8 * k)
    }
  }
}

export function iq2_s(bytes: Uint8Array, at: number, block: BlockNumbers): void {
  block.scale = f16At(bytes, at) / 8
  const grid = iq2s()
  for (let g = 0; g < 16; g++) oddScales(block, g, (byte(bytes, at + 74 + (g >> 1)) >> (4 * (g & 1))) & 15, 16)
  for (let i = 0; i < 32; i++) {
    const high = (byte(bytes, at + 66 + (i >> 2)) >> (2 * (i & 3))) & 3
    put(grid, 8, byte(bytes, at + 2 + i) | (high << 8), byte(bytes, at + 34 + i), block.codes, 8 * i)
  }
}

export function iq3_xxs(bytes: Uint8Array, at: number, block: BlockNumbers): void {
  block.scale = f16At(bytes, at) / 4
  const grid = iq3xxs()
  for (let g = 0; g < 8; g++) {
    const p = at + 66 + 4 * g
    const rest = word(bytes, p) + word(bytes, p + 2) * 65536
    oddScales(block, g, Math.floor(rest / 2 ** 28), 8)
    for (let k = 0; k < 8; k++) {
      const signs = evenSigns(Math.floor(rest / 2 ** (7 * (k >> 1))) & 127) >> (4 * (k & 1))
      put(grid, 4, byte(bytes, at + 2 + 8 * g + k), signs, block.codes, 32 * g + 4 * k)
    }
  }
}

export function iq3_s(bytes: Uint8Array, at: number, block: BlockNumbers): void {
  block.scale = f16At(bytes, at)
  const grid = iq3s()
  for (let g = 0; g < 8; g++) oddScales(block, g, (byte(bytes, at + 106 + (g >> 1)) >> (4 * (g & 1))) & 15, 8)
  for (let i = 0; i < 64; i++) {
    const high = (byte(bytes, at + 66 + (i >> 3)) >> (i & 7)) & 1
    const signs = byte(bytes, at + 74 + (i >> 1)) >> (4 * (i & 1))
    put(grid, 4, byte(bytes, at + 2 + i) | (high << 8), signs, block.codes, 4 * i)
  }
}

/** A point moved by 1/8 up or down; eight times that is whole. */
function putMoved(index: number, down: boolean, codes: Int8Array, at: number): void {
  const grid = iq1s()
  for (let k = 0; k < 8; k++) codes[at + k] = 8 * (grid[8 * index + k] ?? 0) + (down ? -1 : 1)
}

export function iq1_s(bytes: Uint8Array, at: number, block: BlockNumbers): void {
  block.scale = f16At(bytes, at) / 8
  for (let g = 0; g < 8; g++) {
    const high = word(bytes, at + 34 + 2 * g)
    oddScales(block, g, (high >> 12) & 7, 8)
    for (let k = 0; k < 4; k++) {
      const index = byte(bytes, at + 2 + 4 * g + k) | (((high >> (3 * k)) & 7) << 8)
      putMoved(index, (high & 0x8000) !== 0, block.codes, 32 * g + 8 * k)
    }
  }
}

/** The f16 scale lies in the upper four bits of four words, whose other bits are scales of 16 columns. */
export function iq1_m(bytes: Uint8Array, at: number, block: BlockNumbers): void {
  const scales = [0, 1, 2, 3].map((i) => word(bytes, at + 48 + 2 * i))
  block.scale = f16Of(scales.reduce((all, value, i) => all | ((value >> 12) << (4 * i)), 0)) / 8
  for (let g = 0; g < 16; g++) oddScales(block, g, ((scales[g >> 2] ?? 0) >> (3 * (g & 3))) & 7, 16)
  for (let i = 0; i < 32; i++) {
    const high = (byte(bytes, at + 32 + (i >> 1)) >> (4 * (i & 1))) & 15
    putMoved(byte(bytes, at + i) | ((high & 7) << 8), (high & 8) !== 0, block.codes, 8 * i)
  }
}
