import type { JsonObject } from '../json.js'
import type { Checkpoint, ScaleGrid, Scales, StoredTensor } from './checkpoint.js'
import { FORMATS, rowBytes, type FormatName } from './formats/formats.js'
import { product } from './shape.js'
import { checkRows } from './tensor.js'

export type SyntheticFormat = 'q4_0' | 'q8_0' | 'q4_k' | 'q6_k' | 'mxfp4' | 'fp8' | 'bf16' | 'f32'
export const SYNTHETIC_FORMATS: readonly SyntheticFormat[] = [
  'q4_0',
  'q8_0',
  'q4_k',
  'q6_k',
  'mxfp4',
  'fp8',
  'bf16',
  'f32',
]

/**
 * A checkpoint with random weights. Every tensor that a model asks for is there, in the shape that it expects. Rows are made
 * when they are read, the same for any range; nothing is kept.
 */
export function randomCheckpoint(name: string, config: JsonObject, format: SyntheticFormat): Checkpoint {
  return {
    ...{ name, config },
    names: () => [],
    has: () => false,
    tensor: (tensor, shape) => randomTensor(tensor, name, kindOf(tensor, shape, format), shape),
    file: () => Promise.resolve(undefined),
    json: () => Promise.resolve(undefined),
    close: () => Promise.resolve(),
  }
}

/** Norms are ones, so is the bias of a router; routers are in BF16 whatever the rest is in, as published. */
function kindOf(name: string, shape: readonly number[], format: SyntheticFormat): SyntheticFormat | 'ones' {
  if (shape.length === 1) return 'ones'
  // The taps of a convolution are no whole block, and are published as floats.
  if (shape.at(-1)! % FORMATS[format === 'fp8' ? 'fp8_e4m3' : format].blockCols !== 0) return 'bf16'
  return name.endsWith('.mlp.gate.weight') ? 'bf16' : format
}

function randomTensor(
  name: string,
  file: string,
  kind: SyntheticFormat | 'ones',
  shape: readonly number[],
): StoredTensor {
  const format: FormatName = kind === 'ones' ? 'f32' : kind === 'fp8' ? 'fp8_e4m3' : kind
  const cols = shape.at(-1) ?? 1
  const rows = product(shape.slice(0, -1))
  const bytes = rowBytes(format, cols)
  const seed = hash(name)
  return {
    name,
    file,
    format,
    shape,
    rows,
    cols,
    byteLength: rows * bytes,
    ...(kind === 'fp8' && { scales: equalScales(rows, cols) }),
    async readRows(start, count, into) {
      checkRows(name, rows, start, count)
      if (kind === 'ones') return new Uint8Array(new Float32Array(count * cols).fill(1).buffer)
      // Every row has a seed of its own, so that any range gives the same bytes; rows are whole 16-bit words.
      const enough = into && into.byteLength >= count * bytes && into.byteOffset % 2 === 0
      const words = enough
        ? new Uint16Array(into.buffer, into.byteOffset, (count * bytes) / 2)
        : new Uint16Array((count * bytes) / 2)
      for (let row = 0; row < count; row++) {
        fillRow(
          kind,
          words.subarray((row * bytes) / 2, ((row + 1) * bytes) / 2),
          seed ^ Math.imul(start + row + 1, 0x9e3779b1),
        )
      }
      return new Uint8Array(words.buffer, words.byteOffset, words.byteLength)
    },
  }
}

const FP8_BLOCK = 128

/** 2^-6 for every block of FP8, whose codes are 1 to 2. */
function equalScales(rows: number, cols: number): ScaleGrid {
  const shape = [Math.ceil(rows / FP8_BLOCK), Math.ceil(cols / FP8_BLOCK)] as const
  const values = new Float32Array(shape[0] * shape[1]).fill(2 ** -6)
  const read = (): Promise<Scales> => Promise.resolve({ values, multiplier: 1 })
  return { blockRows: FP8_BLOCK, blockCols: FP8_BLOCK, shape, kind: 'float', read }
}

/** What a block holds besides random codes: bytes from an offset on. The weights become about 0.02 in size, centred. */
const FIXED: Readonly<Partial<Record<SyntheticFormat, readonly (readonly [at: number, bytes: readonly number[]])[]>>> =
  {
    q4_0: [[0, [0x1f, 0x1d]]], // f16 0.02 / 4
    q8_0: [[0, [0x1f, 0x0d]]], // f16 0.02 / 64
    // d and dmin = 7.5 d, then scales and minima of 32 in six bits each
    q4_k: [[0, [0x71, 0x08, 0x2a, 0x14, ...new Array<number>(8).fill(0xa0), 0, 0, 0, 0]]],
    // scales of 16, and d
    q6_k: [[192, [...new Array<number>(16).fill(16), 0x6e, 0x04]]],
    mxfp4: [[0, [120]]], // 2^-7
  }

/** Random 16-bit words (xorshift32), then the bits that must not be random: scales, or exponents. */
function fillRow(format: SyntheticFormat, words: Uint16Array, seed: number): void {
  let state = seed | 1
  for (let i = 0; i < words.length; i += 2) {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    words[i] = state
    // The last word of a row of odd length falls outside and is dropped.
    words[i + 1] = state >>> 16
  }
  const fixed = FIXED[format]
  if (fixed && format !== 'fp8') {
    const bytes = new Uint8Array(words.buffer, words.byteOffset, words.byteLength)
    for (let block = 0; block < bytes.length; block += FORMATS[format].blockBytes)
      for (const [at, values] of fixed) bytes.set(values, block + at)
    return
  }
  if (format === 'fp8') {
    // Sign and mantissa stay random; the exponent is that of 1.
    for (let i = 0; i < words.length; i++) words[i] = ((words[i] ?? 0) & 0x8787) | 0x3838
    return
  }
  // Sign and mantissa stay random; the exponent of 2^-6 gives values of size 0.016 to 0.031.
  const [first, step] = format === 'bf16' ? [0, 1] : [1, 2]
  for (let i = first; i < words.length; i += step) words[i] = ((words[i] ?? 0) & 0x807f) | (121 << 7)
}

/** FNV-1a of a name, so that every tensor has numbers of its own. */
function hash(text: string): number {
  let value = 0x811c9dc5
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193)
  return value
}
