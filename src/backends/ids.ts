import type { StoredTensor } from '../checkpoint/checkpoint.js'
import { UserError } from '../errors.js'
import type { Weight } from '../graph/ops.js'

/** @throws UserError when a table of ids holds one that is not there: kernels trust them. */
export function checkIds({ idsBelow }: Weight, stored: StoredTensor, values: Float32Array): void {
  if (idsBelow === undefined) return
  const wrong = values.findIndex((id) => !(Number.isInteger(id) && id >= 0 && id < idsBelow))
  if (wrong < 0) return
  throw new UserError(
    `${stored.file}: tensor ${stored.name}: expected ids from 0 to ${idsBelow - 1}, found ${values[wrong]!} in row ` +
      `${Math.floor(wrong / stored.cols)}. The config and the weights do not belong together, or the file is damaged.`,
    'invalid_file',
  )
}
