/** Cutting a text at what an expression finds. huggingface/tokenizers, tokenizer/normalizer.rs: SplitDelimiterBehavior. */
export const BEHAVIORS = ['Removed', 'Isolated', 'MergedWithPrevious', 'MergedWithNext', 'Contiguous'] as const
export type Behavior = (typeof BEHAVIORS)[number]

export interface Cut {
  readonly start: number
  readonly end: number
  /** Found, and not between two that were found. */
  readonly found: boolean
}

/** The whole text in order: what was found, and what lies between. */
export function cuts(text: string, matches: readonly (readonly [number, number])[], invert = false): Cut[] {
  const all: Cut[] = []
  let at = 0
  for (const [start, end] of matches) {
    if (start > at) all.push({ start: at, end: start, found: invert })
    all.push({ start, end, found: !invert })
    at = end
  }
  if (at < text.length) all.push({ start: at, end: text.length, found: invert })
  return all
}

/** The pieces of a text, none of them empty. */
export function split(text: string, all: readonly Cut[], behavior: Behavior): string[] {
  return grouped(all, behavior)
    .filter(({ start, end }) => end > start)
    .map(({ start, end }) => text.slice(start, end))
}

function grouped(all: readonly Cut[], behavior: Behavior): { start: number; end: number }[] {
  if (behavior === 'Isolated') return [...all]
  if (behavior === 'Removed') return all.filter(({ found }) => !found)
  const backwards = behavior === 'MergedWithNext'
  const groups: { start: number; end: number }[] = []
  let before: boolean | undefined
  for (const { start, end, found } of backwards ? [...all].reverse() : all) {
    const last = groups.at(-1)
    // Of two found in a row only the first joins its neighbour.
    const joins = behavior === 'Contiguous' ? found === before : found && before !== true
    if (last && joins) [last.start, last.end] = backwards ? [start, last.end] : [last.start, end]
    else groups.push({ start, end })
    before = found
  }
  return backwards ? groups.reverse() : groups
}
