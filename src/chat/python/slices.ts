import { spendItems } from './limits.js'
import { codePoints } from './text.js'
import { PythonError, Range, Tuple, toIndex, type Value } from './values.js'

/** `start:stop:step` of a subscript; null where a part is left out. */
export interface Slice {
  readonly start: Value
  readonly stop: Value
  readonly step: Value
}

/** `sequence[start:stop:step]`; undefined for what cannot be sliced. */
export function slice(value: Value, { start, stop, step }: Slice): Value | undefined {
  const sequence = sequenceOf(value)
  if (!sequence) return undefined
  const by = step === null ? 1 : toIndex(step)
  if (by === 0) throw new PythonError('slice step cannot be zero')
  const length = sequence.length
  const bound = (given: Value, missing: number): number => {
    if (given === null) return missing
    const index = toIndex(given, 'an index of a slice')
    const place = index < 0 ? index + length : index
    return by > 0 ? Math.min(Math.max(place, 0), length) : Math.min(Math.max(place, -1), length - 1)
  }
  const from = bound(start, by > 0 ? 0 : length - 1)
  const to = bound(stop, by > 0 ? length : -1)
  if (by === 1 && typeof sequence === 'string') return sequence.slice(from, to)
  const taken: Value[] = []
  for (let i = from; by > 0 ? i < to : i > to; i += by) taken.push(sequence[i]!)
  spendItems(taken.length)
  if (typeof value === 'string') return (taken as string[]).join('')
  return value instanceof Tuple ? new Tuple(taken) : taken
}

/** `sequence[index]`; undefined where there is no such place, or no sequence. */
export function itemAt(value: Value, index: Value): Value | undefined {
  const sequence = sequenceOf(value)
  if (!sequence || (typeof index !== 'number' && typeof index !== 'boolean')) return undefined
  const place = Number(index)
  return sequence[place < 0 ? place + sequence.length : place]
}

function sequenceOf(value: Value): readonly Value[] | string | undefined {
  if (typeof value === 'string') return codePoints(value)
  if (Array.isArray(value)) return value
  if (value instanceof Tuple) return value.values
  return value instanceof Range ? value.items() : undefined
}
