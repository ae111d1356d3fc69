import { UserError } from '../../../errors.js'
import { sameShape } from '../../shape.js'
import { unsupportedFormat, wrongShape } from '../../tensor-errors.js'
import { mismatch, type FileTensor } from '../file-tensor.js'

/** What compressed-tensors writes for every input where it has dealt none of them. */
const NOT_DEALT = 0xffffffff

/**
 * Quantising with act-order deals inputs to groups in any order, I32 [k], which no kernel of ours follows.
 * @throws UserError unless input i is in group floor(i / group)
 */
export async function checkOrder(
  located: FileTensor | undefined,
  name: string,
  k: number,
  group: number,
): Promise<void> {
  if (!located) return
  checkWords(located, [k])
  const order = await readWords(located)
  if (order.every((g) => g === NOT_DEALT)) return
  const first = order.findIndex((g, i) => g !== Math.floor(i / group))
  if (first < 0) return
  throw new UserError(
    `${located.source.name}: tensor ${located.entry.name}: expected input ${first} in group ${Math.floor(first / group)}, found ` +
      `${order[first]}: ${name} was quantised with act-order (desc_act), which cannot be read. Choose a variant without it.`,
    'unsupported_format',
  )
}

/** @throws UserError unless a tensor is I32 of that shape */
export function checkWords(located: FileTensor, shape: readonly number[]): void {
  const { entry, source } = located
  if (entry.dtype !== 'I32') throw unsupportedFormat(entry.name, source.name, `${entry.dtype}, not I32`)
  if (!sameShape(entry.shape, shape)) {
    throw located.stack === undefined
      ? wrongShape(entry.name, source.name, shape, entry.shape)
      : mismatch(located, shape)
  }
}

export async function readWords(
  { entry, source }: FileTensor,
  first = 0,
  count = (entry.end - entry.start) / 4,
): Promise<Uint32Array> {
  const bytes = await source.read(entry.start + 4 * first, 4 * count)
  // a copy, for its alignment
  return new Uint32Array(Uint8Array.from(bytes).buffer)
}
