/** Rows as GGUF has them, of matrices and biases as they are published: transforms.ts, the other way round. */
import { invariant } from '../errors.js'
import type { JsonObject } from '../json.js'
import type { Transform } from './transforms.js'

export interface RowOrder {
  /** Rows are read in multiples of it. */
  readonly together: number
  /** `values` holds whole groups of rows of `width` numbers, as published. */
  readonly arrange: (values: Float32Array, width: number) => Float32Array
}

/** The order of the rows of a tensor that conversion changes so, or that it leaves alone; undefined for other changes. */
export function rowOrder(transform: Transform, rows: number, config: JsonObject): RowOrder | undefined {
  if (transform === 'none' || transform === 'experts') return { together: 1, arrange: (values) => values }
  if (typeof transform !== 'object') return undefined
  const d = rows / Number(config[transform.paired])
  if (!Number.isInteger(d) || d % 2 !== 0) return undefined
  return { together: d, arrange: (values, width) => paired(values, width, d) }
}

/** Within a head of d rows, published row p d/2 + i becomes row 2 i + p. */
function paired(values: Float32Array, width: number, d: number): Float32Array {
  invariant(values.length % (d * width) === 0, `heads of ${d} rows in ${values.length} values of ${width} columns`)
  const out = new Float32Array(values.length)
  for (let row = 0; row < values.length / width; row++) {
    const inHead = row % d
    const to = row - inHead + 2 * (inHead % (d / 2)) + Math.floor(inHead / (d / 2))
    out.set(values.subarray(row * width, (row + 1) * width), to * width)
  }
  return out
}
