import { invariant, UserError } from '../errors.js'
import type { ScaleGrid, StoredTensor } from './checkpoint.js'
import { rowBytes, type FormatName } from './formats/formats.js'
import type { ByteSource } from './files/source.js'

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

export function product(values: readonly number[]): number {
  return values.reduce((all, value) => all * value, 1)
}

export function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((value, i) => value === b[i])
}

export function shapeText(shape: readonly number[]): string {
  return `[${shape.join(', ')}]`
}

export function missingTensor(name: string, where: string): UserError {
  return new UserError(
    `${where}: expected the tensor ${name}, found none of that name. ` +
      'The config and the weights do not belong together, or a file is incomplete.',
    'tensor_mismatch',
  )
}

export function wrongShape(
  name: string,
  file: string,
  expected: readonly number[],
  found: readonly number[],
): UserError {
  return new UserError(
    `${file}: tensor ${name}: expected shape ${shapeText(expected)} from the config, found ${shapeText(found)}. ` +
      'Check that the config belongs to these weights.',
    'tensor_mismatch',
  )
}

const SUPPORTED =
  'F32, F16, BF16, F8_E4M3 with scales by block, row or tensor, MXFP8, MXFP4, NVFP4 (ModelOpt), INT4 of compressed-tensors, ' +
  'AWQ or GPTQ, and all block formats of GGUF except Q8_1 and NVFP4'

export function unsupportedFormat(name: string, file: string, format: string): UserError {
  return new UserError(
    `${file}: tensor ${name} is stored as ${format}, which cannot be read yet. Supported: ${SUPPORTED}. ` +
      'Choose a published variant in one of these.',
    'unsupported_format',
  )
}
