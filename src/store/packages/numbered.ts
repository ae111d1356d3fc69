import { UserError } from '../../errors.js'

/** More packages than a model is divided into. */
const MOST = 500

/** `part{1..3}`: part1, part2, part3. A name without braces is itself. @throws UserError for a range that runs backwards */
export function numbered(name: string): string[] {
  const [, before = '', from, to, after = ''] = /^(.*)\{(\d+)\.\.(\d+)\}(.*)$/.exec(name) ?? []
  if (from === undefined) return [name]
  const [first, last] = [Number(from), Number(to)]
  if (last < first || last - first >= MOST)
    throw new UserError(`${name}: expected a range such as {1..4}, of ${MOST} packages at most`, 'invalid_argument')
  // {01..10} keeps its zeros.
  const digits = from.startsWith('0') ? from.length : 0
  return Array.from(
    { length: last - first + 1 },
    (_, i) => `${before}${String(first + i).padStart(digits, '0')}${after}`,
  )
}
