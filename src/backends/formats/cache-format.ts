/** What cache pages hold. */
import { UserError } from '../../errors.js'
import { statesOf, type CacheState } from '../../graph/ops.js'
import { allOps, type Program } from '../../graph/program.js'
import { rowsOfPage, type BackendOptions } from '../backend.js'

/** f32 in exact, else f16, or int8 codes with an f16 scale for 32 columns. */
export type CacheFormat = 'f32' | 'f16' | 'q8'

const BLOCK = 32
/** 32 codes and their scale. */
const BLOCK_BYTES = 34

/** @throws UserError where a model's layers cannot read the cache that is asked for. */
export function cacheFormatOf(
  program: Program,
  { precision, kvCache }: Pick<BackendOptions, 'precision' | 'kvCache'>,
): CacheFormat {
  if (precision === 'exact') return 'f32'
  if (kvCache !== 'q8') return 'f16'
  const other = allOps(program).find(({ op }) => op.op !== 'attention' && statesOf(op).length > 0)
  if (other)
    throw new UserError(
      `needs layers with keys and values for each head; found ${other.op.op} in layer ${other.layer}, whose cache is shared by ` +
        'all heads and small already',
      'invalid_argument',
      { at: { option: 'kvCache', value: 'q8' }, remedies: [{ option: 'kvCache', change: 'omit' }] },
    )
  return 'q8'
}

/** Bytes of one page for a state: keys [heads][rows of a page][columns], then values; columns filled up to whole vectors or blocks. */
export function statePageBytes(state: CacheState, format: CacheFormat): { keys: number; values: number } {
  const rowBytes = (columns: number): number =>
    format === 'q8' ? Math.ceil(columns / BLOCK) * BLOCK_BYTES : Math.ceil(columns / 4) * (format === 'f16' ? 8 : 16)
  const bytes = (columns: number): number => rowsOfPage(state.every) * state.heads * rowBytes(columns)
  return { keys: bytes(state.keyDim), values: bytes(state.valueDim) }
}
