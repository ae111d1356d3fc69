import type { StoredTensor } from '../checkpoint/checkpoint.js'
import { FORMATS } from '../checkpoint/formats/formats.js'
import { shapeText } from '../checkpoint/shape.js'
import { unsupportedFormat } from '../checkpoint/tensor-errors.js'
import { checkRows } from '../checkpoint/tensor.js'
import { UserError } from '../errors.js'

/**
 * Rows that rotate together lie side by side where a container pairs them, half a head apart where they are published:
 * within a head of d rows, stored row 2 i + p is published row p d/2 + i. Works on rows of a matrix and on the elements of
 * a bias. @throws UserError where rows do not make whole heads, or where scales would have to move with them.
 */
export function unpaired(stored: StoredTensor, heads: number): StoredTensor {
  const vector = stored.shape.length === 1
  const lines = vector ? stored.cols : stored.rows
  const d = lines / heads
  if (!(heads >= 1) || !Number.isInteger(d) || d % 2 !== 0 || (vector && FORMATS[stored.format].blockCols !== 1)) {
    throw new UserError(
      `${stored.file}: tensor ${stored.name}: expected ${heads} heads of an even number of rows, found ${shapeText(stored.shape)}.`,
      'tensor_mismatch',
    )
  }
  const { scales } = stored
  if (scales && scales.shape[0] > 1 && scales.blockRows % d !== 0)
    throw unsupportedFormat(stored.name, stored.file, `${stored.format} with scales of ${scales.blockRows} rows`)
  const lineBytes = stored.byteLength / lines
  /** Published lines [start, start + count) from whole heads that begin at line `first`. */
  const gather = (bytes: Uint8Array, first: number, start: number, count: number): Uint8Array => {
    const out = new Uint8Array(count * lineBytes)
    for (let k = 0; k < count; k++) {
      const line = start + k
      const inHead = line % d
      const from = line - inHead + 2 * (inHead % (d / 2)) + Math.floor(inHead / (d / 2)) - first
      out.set(bytes.subarray(from * lineBytes, (from + 1) * lineBytes), k * lineBytes)
    }
    return out
  }
  const readRows = async (start: number, count: number): Promise<Uint8Array> => {
    checkRows(stored.name, stored.rows, start, count)
    if (vector || count === 0) {
      const bytes = await stored.readRows(start, count)
      return count === 0 ? bytes : gather(bytes, 0, 0, lines)
    }
    const first = Math.floor(start / d) * d
    const end = Math.ceil((start + count) / d) * d
    return gather(await stored.readRows(first, end - first), first, start, count)
  }
  return { ...stored, readRows }
}
