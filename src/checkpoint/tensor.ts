import { invariant } from '../errors.js'
import type { ScaleGrid, StoredTensor } from './checkpoint.js'
import type { ByteSource } from './files/source.js'
import { rowBytes, type FormatName } from './formats/formats.js'
import { product } from './shape.js'

/** Where a tensor's bytes lie: rows of rowBytes(format, cols), one after the other from `offset`. */
export interface Placement {
  readonly name: string
  readonly format: FormatName
  /** Logical shape; leading dimensions are rows, the last one is columns. */
  readonly shape: readonly number[]
  readonly source: ByteSource
  readonly offset: number
  readonly scales?: ScaleGrid
}

/** A tensor whose rows are stored in order. */
export function storedTensor(place: Placement): StoredTensor {
  const { name, format, shape, source, offset, scales } = place
  const cols = shape.at(-1) ?? 1
  const rows = product(shape.slice(0, -1))
  const bytes = rowBytes(format, cols)
  return {
    name,
    file: source.name,
    format,
    shape,
    rows,
    cols,
    byteLength: rows * bytes,
    ...(scales && { scales }),
    async readRows(start, count, into) {
      checkRows(name, rows, start, count)
      return source.read(offset + start * bytes, count * bytes, into)
    },
  }
}

export function checkRows(name: string, rows: number, start: number, count: number): void {
  const inside = Number.isInteger(start) && Number.isInteger(count) && start >= 0 && count >= 0 && start + count <= rows
  invariant(inside, `rows [${start}, +${count}) of ${name}, which has ${rows}`)
}
