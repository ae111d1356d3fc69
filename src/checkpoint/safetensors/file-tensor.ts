import type { UserError } from '../../errors.js'
import type { ByteSource } from '../files/source.js'
import { wrongShape } from '../tensor-errors.js'
import type { SafetensorsEntry } from './header.js'

/** A tensor of a safetensors file, or one of the equal parts that a stack of X of them holds. */
export interface FileTensor {
  readonly entry: SafetensorsEntry
  readonly source: ByteSource
  /** X, where the entry is a part: its shape lacks the leading dimension. */
  readonly stack?: number
}

/** Part `index` of a stack of X. @throws UserError when the tensor is no stack of so many. */
export function sliceOf(located: FileTensor, stack: number, index: number): FileTensor {
  const { entry, source } = located
  const [count, ...shape] = entry.shape
  if (count !== stack) throw wrongShape(entry.name, source.name, [stack, ...shape], entry.shape)
  const bytes = (entry.end - entry.start) / stack
  const start = entry.start + index * bytes
  return { entry: { ...entry, shape, start, end: start + bytes }, source, stack }
}

/** Says what was expected of a located tensor, in the shapes of the file. */
export function mismatch({ entry, source, stack }: FileTensor, expected: readonly number[]): UserError {
  const whole = (shape: readonly number[]): readonly number[] => (stack === undefined ? shape : [stack, ...shape])
  return wrongShape(entry.name, source.name, whole(expected), whole(entry.shape))
}
