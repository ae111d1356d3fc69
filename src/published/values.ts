import type { StoredTensor } from '../checkpoint/checkpoint.js'
import { decodeRows } from '../checkpoint/formats/decode.js'
import { UserError } from '../errors.js'

/**
 * A_log, log(-a), out of what is stored, a = -exp(A_log): F32 in the shape of `stored`.
 * @throws UserError when it is read and a value is not below zero.
 */
export function logOfRates(stored: StoredTensor): StoredTensor {
  return changed(stored, (values) => {
    const wrong = values.find((value) => !(value < 0))
    if (wrong === undefined) return values.map((value) => Math.log(-value))
    const { file, name } = stored
    throw new UserError(`${file}: tensor ${name}: expected values below zero, found ${wrong}.`, 'invalid_file')
  })
}

/** w out of what is stored, 1 + w: F32. Exact for all that was made from bfloat16, as published norms are. */
export function oneLess(stored: StoredTensor): StoredTensor {
  return changed(stored, (values) => values.map((value) => value - 1))
}

function changed(stored: StoredTensor, change: (values: Float32Array) => Float32Array): StoredTensor {
  const { name, file, shape, rows, cols } = stored
  const readRows = async (start: number, count: number): Promise<Uint8Array> => {
    const values = change(await decodeRows(stored, start, count))
    return new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
  }
  return { name, file, format: 'f32', shape, rows, cols, byteLength: rows * cols * 4, readRows }
}
