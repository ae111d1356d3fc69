import { UserError } from '../../../errors.js'
import type { ScaleGrid, Scales } from '../../checkpoint.js'
import { decodeBytes } from '../../formats/decode.js'
import { FORMATS, type Format, type FormatName } from '../../formats/formats.js'
import { E4M3, E8M0 } from '../../formats/small-floats.js'
import { product, sameShape } from '../../shape.js'
import { unsupportedFormat } from '../../tensor-errors.js'
import { mismatch, type FileTensor } from '../file-tensor.js'

/** Dtypes of values that need no scales. */
export const PLAIN: ReadonlyMap<string, FormatName> = dtypes(({ ids }) => !ids)
/** Dtypes of tables of ids. */
export const IDS: ReadonlyMap<string, FormatName> = dtypes(({ ids }) => ids)

function dtypes(chosen: (format: Format) => boolean): ReadonlyMap<string, FormatName> {
  const formats = Object.values(FORMATS).filter(chosen)
  return new Map(formats.flatMap(({ dtype, name }): [string, FormatName][] => (dtype ? [[dtype, name]] : [])))
}

/** Dtypes of scales. U8 are powers of two, for tools that had no name for e8m0. */
const KINDS: ReadonlyMap<string, ScaleGrid['kind']> = new Map([
  ...[...PLAIN.keys()].map((dtype) => [dtype, 'float'] as const),
  ['F8_E8M0', 'e8m0'],
  ['U8', 'e8m0'],
  ['F8_E4M3', 'e4m3'],
])

/** The n x k matrix that scales belong to, and the blocks that share one. */
export interface Blocks {
  readonly n: number
  readonly k: number
  readonly blockRows: number
  readonly blockCols: number
}

/** Scales, checked for dtype and shape now, for finite values when they are read; `whole` is one more for all of them. */
export function scaleGrid(located: FileTensor, { n, k, blockRows, blockCols }: Blocks, whole?: FileTensor): ScaleGrid {
  const { entry, source } = located
  const kind = KINDS.get(entry.dtype)
  if (!kind) throw unsupportedFormat(entry.name, source.name, `scales of ${entry.dtype}`)
  const shape = [Math.ceil(n / blockRows), Math.ceil(k / blockCols)] as const
  if (!sameShape(entry.shape, shape)) throw mismatch(located, shape)
  if (whole && whole.entry.dtype !== 'F32')
    throw unsupportedFormat(whole.entry.name, whole.source.name, `a scale of ${whole.entry.dtype}`)
  if (whole && product(whole.entry.shape) !== 1) throw mismatch(whole, [])
  const read = async (): Promise<Scales> => ({
    values: await readFinite(located, shape[1]),
    multiplier: whole ? ((await readFinite(whole, 1))[0] ?? NaN) : 1,
  })
  return { blockRows, blockCols, shape, kind, read }
}

async function readFinite({ entry, source }: FileTensor, cols: number): Promise<Float32Array> {
  const bytes = await source.read(entry.start, entry.end - entry.start)
  const values = numbers(entry.dtype, bytes, product(entry.shape))
  const bad = values.findIndex((value) => !Number.isFinite(value))
  if (bad < 0) return values
  throw new UserError(
    `${source.name}: tensor ${entry.name}: expected finite scales, found ${values[bad]} at row ` +
      `${Math.floor(bad / cols)}, column ${bad % cols}. The file is damaged: download it again.`,
    'invalid_file',
  )
}

function numbers(dtype: string, bytes: Uint8Array, count: number): Float32Array {
  const format = PLAIN.get(dtype)
  if (format) return decodeBytes(format, bytes, 1, count)
  const table = dtype === 'F8_E4M3' ? E4M3 : E8M0
  return Float32Array.from(bytes, (byte) => table[byte] ?? NaN)
}
