import { UserError } from '../errors.js'
import type { StoredTensor } from '../checkpoint/checkpoint.js'
import { decodeRows } from '../checkpoint/formats/decode.js'

/**
 * A_log as published, log(-a), out of what conversion keeps, a = -exp(A_log): F32 in the shape of `stored`.
 * @throws UserError when it is read and a value is not below zero.
 */
export function publishedRates(stored: StoredTensor): StoredTensor {
  const { name, file, shape, rows, cols } = stored
  const readRows = async (start: number, count: number): Promise<Uint8Array> => {
    const values = await decodeRows(stored, start, count)
    const wrong = values.find((value) => !(value < 0))
    if (wrong !== undefined)
      throw new UserError(`${file}: tensor ${name}: expected values below zero, found ${wrong}.`, 'invalid_file')
    const logs = values.map((value) => Math.log(-value))
    return new Uint8Array(logs.buffer, logs.byteOffset, logs.byteLength)
  }
  return { name, file, format: 'f32', shape, rows, cols, byteLength: rows * cols * 4, readRows }
}
