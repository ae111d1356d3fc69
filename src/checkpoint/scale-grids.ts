import { UserError } from '../errors.js'
import type { ScaleGrid } from './checkpoint.js'
import { decodeBytes, E8M0 } from './decode.js'
import type { FormatName } from './formats.js'
import { mismatch, type Located } from './located.js'
import { product, sameShape, unsupportedFormat } from './stored.js'

/** Dtypes of values that need no scales. */
export const PLAIN: ReadonlyMap<string, FormatName> = new Map([
  ['F32', 'f32'],
  ['F16', 'f16'],
  ['BF16', 'bf16'],
])

/**
 * Scales of an [n, k] tensor, one per blockRows x blockCols, checked for dtype and shape now, for finite values when they
 * are read. F8_E8M0 and U8 are powers of two: byte b is 2^(b - 127), 255 is NaN (OCP Microscaling 1.0, section 5.4).
 */
export function scaleGrid(located: Located, n: number, k: number, blockRows: number, blockCols: number): ScaleGrid {
  const { entry, source } = located
  const decode = scaleDecoder(entry.dtype)
  if (!decode) throw unsupportedFormat(entry.name, source.name, `scales of ${entry.dtype}`)
  const shape = [Math.ceil(n / blockRows), Math.ceil(k / blockCols)] as const
  if (!sameShape(entry.shape, shape)) throw mismatch(located, shape)
  const read = async (): Promise<Float32Array> => {
    const values = decode(await source.read(entry.start, entry.end - entry.start), product(shape))
    const bad = values.findIndex((value) => !Number.isFinite(value))
    if (bad < 0) return values
    throw new UserError(
      `${source.name}: tensor ${entry.name}: expected finite scales, found ${values[bad]} at row ` +
        `${Math.floor(bad / shape[1])}, column ${bad % shape[1]}. The file is damaged: download it again.`,
      'invalid_file',
    )
  }
  return { blockRows, blockCols, shape, read }
}

function scaleDecoder(dtype: string): ((bytes: Uint8Array, count: number) => Float32Array) | undefined {
  if (dtype === 'F8_E8M0' || dtype === 'U8') return (bytes) => Float32Array.from(bytes, (byte) => E8M0[byte] ?? NaN)
  const format = PLAIN.get(dtype)
  return format && ((bytes, count) => decodeBytes(format, bytes, 1, count))
}
