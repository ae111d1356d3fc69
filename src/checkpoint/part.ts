import { invariant, UserError } from '../errors.js'
import type { ScaleGrid, Scales, StoredTensor, TensorPart } from './checkpoint.js'
import { FORMATS, rowBytes } from './formats/formats.js'
import { product, shapeText } from './shape.js'
import { checkRows } from './tensor.js'

/** Bytes of a transposed tensor that are read at a time. */
const PIECE_BYTES = 1 << 20

/** The shape of what `index` selects. */
export function sliceShape(part: TensorPart): readonly number[] {
  return part.index === undefined ? part.shape : part.shape.slice(1)
}

/** Checks a part against the weight's shape [N, K] or [N]: both come from the model's definition, so a fault is ours. */
export function checkPart(name: string, shape: readonly number[], part: TensorPart): void {
  const slice = sliceShape(part)
  const { index, transposed = false, rowRun = 1, rowStep = rowRun } = part
  const rows = transposed ? slice.at(-1) : slice[0]
  const cols = transposed ? slice[0] : slice[1]
  const inStack = index === undefined || (Number.isInteger(index) && index >= 0 && index < (part.shape[0] ?? 0))
  const last = publishedRow(part, (shape[0] ?? 0) - 1)
  const rowsFit = rows !== undefined && rowRun >= 1 && rowStep >= rowRun && (part.firstRow ?? 0) >= 0 && last < rows
  const sameRank = slice.length === shape.length && (shape.length === 2 || (shape.length === 1 && !transposed))
  invariant(
    inStack && sameRank && rowsFit && cols === shape[1],
    `${name} ${shapeText(shape)} as a part of ${part.tensor} ${shapeText(part.shape)}`,
  )
}

/** Part `index` of a stack whose rows are stored one after the other, without a scale grid. */
export function sliceOfRows(stack: StoredTensor, shape: readonly number[], index: number): StoredTensor {
  const rows = product(shape.slice(0, -1))
  const byteLength = rows * rowBytes(stack.format, stack.cols)
  const readRows: StoredTensor['readRows'] = (start, count, into) => stack.readRows(index * rows + start, count, into)
  return { ...stack, shape, rows, byteLength, readRows }
}

function publishedRow({ firstRow = 0, rowRun = 1, rowStep = rowRun }: TensorPart, row: number): number {
  return firstRow + Math.floor(row / rowRun) * rowStep + (row % rowRun)
}

/**
 * The weight `name` of `shape` out of `slice`, the published tensor without its leading dimension. `held` keeps the one
 * transposed tensor that is being read.
 * @throws UserError where a format cannot be taken apart in this way.
 */
export function partOf(
  slice: StoredTensor,
  name: string,
  shape: readonly number[],
  part: TensorPart,
  held: HeldBytes,
): StoredTensor {
  checkPart(name, shape, part)
  if (part.transposed) return transposedPart(slice, name, shape, part, held)
  if (shape.length === 1) return vectorPart(slice, name, shape, part)
  return rowsPart(slice, name, shape, part)
}

function rowsPart(slice: StoredTensor, name: string, shape: readonly number[], part: TensorPart): StoredTensor {
  const rows = shape[0] ?? 0
  const bytes = rowBytes(slice.format, slice.cols)
  const { rowRun = 1, rowStep = rowRun } = part
  const together = rowRun === rowStep || rows <= rowRun
  const readRows = async (start: number, count: number, into?: Uint8Array): Promise<Uint8Array> => {
    checkRows(name, rows, start, count)
    const first = publishedRow(part, start)
    if (together || count === 0) return slice.readRows(first, count, into)
    const out =
      into && into.byteLength >= count * bytes ? into.subarray(0, count * bytes) : new Uint8Array(count * bytes)
    const span = await slice.readRows(first, publishedRow(part, start + count - 1) - first + 1)
    for (let i = 0; i < count; i++) {
      const from = (publishedRow(part, start + i) - first) * bytes
      out.set(span.subarray(from, from + bytes), i * bytes)
    }
    return out
  }
  const scales = slice.scales && rowsOfGrid(slice.scales, rows, part, together)
  return { ...slice, name, shape, rows, byteLength: rows * bytes, ...(scales && { scales }), readRows }
}

/** Scales of the chosen rows: whole grid rows where the part begins at one, else one grid row for each row. */
function rowsOfGrid(grid: ScaleGrid, rows: number, part: TensorPart, together: boolean): ScaleGrid {
  const { firstRow = 0 } = part
  const whole = together && firstRow % grid.blockRows === 0
  const blockRows = whole ? grid.blockRows : 1
  const shape = [Math.ceil(rows / blockRows), grid.shape[1]] as const
  const pick = <T extends Float32Array | Uint8Array>(from: T, to: T): T => {
    for (let i = 0; i < shape[0]; i++) {
      const at = Math.floor(publishedRow(part, i * blockRows) / grid.blockRows) * shape[1]
      to.set(from.subarray(at, at + shape[1]), i * shape[1])
    }
    return to
  }
  const read = async (): Promise<Scales> => {
    const { values, zeros, multiplier } = await grid.read()
    const picked = { values: pick(values, new Float32Array(product(shape))), multiplier }
    return zeros ? { ...picked, zeros: pick(zeros, new Uint8Array(product(shape))) } : picked
  }
  return { ...grid, blockRows, shape, read }
}

function vectorPart(slice: StoredTensor, name: string, shape: readonly number[], part: TensorPart): StoredTensor {
  const cols = shape[0] ?? 0
  const { blockCols, blockBytes: bytes } = FORMATS[slice.format]
  if (blockCols !== 1 || slice.scales) throw notElements(slice, name)
  const readRows = async (start: number, count: number): Promise<Uint8Array> => {
    checkRows(name, 1, start, count)
    const all = await slice.readRows(start, count)
    const out = new Uint8Array(count * cols * bytes)
    for (let i = 0; i < count * cols; i++) {
      const from = publishedRow(part, i) * bytes
      out.set(all.subarray(from, from + bytes), i * bytes)
    }
    return out
  }
  return { ...slice, name, shape, cols, byteLength: cols * bytes, readRows }
}

/** Columns of [K, N'] as rows [N, K]: turned around when the first rows are asked for, and held until the last ones are. */
function transposedPart(
  slice: StoredTensor,
  name: string,
  shape: readonly number[],
  part: TensorPart,
  held: HeldBytes,
): StoredTensor {
  const [rows = 0, cols = 0] = shape
  const { blockCols, blockBytes: bytes } = FORMATS[slice.format]
  if (blockCols !== 1) throw notElements(slice, name)
  const turn = async (): Promise<Uint8Array> => {
    const out = elements(new Uint8Array(rows * cols * bytes), bytes)
    const step = Math.max(1, Math.floor(PIECE_BYTES / (slice.cols * bytes)))
    for (let first = 0; first < cols; first += step) {
      const count = Math.min(step, cols - first)
      const piece = elements(await slice.readRows(first, count), bytes)
      for (let n = 0; n < rows; n++) {
        const column = publishedRow(part, n)
        for (let k = 0; k < count; k++) out[n * cols + first + k] = piece[k * slice.cols + column] ?? 0
      }
    }
    return new Uint8Array(out.buffer)
  }
  const readRows = async (start: number, count: number): Promise<Uint8Array> => {
    checkRows(name, rows, start, count)
    const all = await held.get(name, turn)
    if (start + count === rows) held.release(name)
    return all.slice(start * cols * bytes, (start + count) * cols * bytes)
  }
  const scales = slice.scales && transposedGrid(slice.scales, rows, part)
  return { ...slice, name, shape, rows, cols, byteLength: rows * cols * bytes, ...(scales && { scales }), readRows }
}

/** Bytes as numbers of the elements' width, to be moved and not looked at. */
function elements(bytes: Uint8Array, width: number): Uint8Array | Uint16Array | Uint32Array {
  const aligned = bytes.byteOffset % width === 0 ? bytes : bytes.slice()
  const { buffer, byteOffset, byteLength } = aligned
  if (width === 4) return new Uint32Array(buffer, byteOffset, byteLength / 4)
  return width === 2 ? new Uint16Array(buffer, byteOffset, byteLength / 2) : aligned
}

/** One grid row for each row of the weight. */
function transposedGrid(grid: ScaleGrid, rows: number, part: TensorPart): ScaleGrid {
  const shape = [rows, grid.shape[0]] as const
  const read = async (): Promise<Scales> => {
    const { values, multiplier } = await grid.read()
    const out = new Float32Array(product(shape))
    for (let n = 0; n < rows; n++) {
      const column = Math.floor(publishedRow(part, n) / grid.blockCols)
      for (let k = 0; k < shape[1]; k++) out[n * shape[1] + k] = values[k * grid.shape[1] + column] ?? NaN
    }
    return { values: out, multiplier }
  }
  return { ...grid, blockRows: 1, blockCols: grid.blockRows, shape, read }
}

function notElements(slice: StoredTensor, name: string): UserError {
  return new UserError(
    `${slice.file}: ${name} is a part of ${slice.name}, whose ${slice.format} blocks cannot be taken apart by columns. ` +
      'Choose a published variant in BF16 or FP8.',
    'unsupported_format',
  )
}

/** The bytes of one tensor at a time: asking for another one frees the last. */
export class HeldBytes {
  private latest: { readonly key: string; readonly bytes: Promise<Uint8Array> } | undefined

  get(key: string, make: () => Promise<Uint8Array>): Promise<Uint8Array> {
    if (this.latest?.key === key) return this.latest.bytes
    const made = { key, bytes: make() }
    this.latest = made
    made.bytes.catch(() => this.release(key))
    return made.bytes
  }

  release(key: string): void {
    if (this.latest?.key === key) this.latest = undefined
  }
}
