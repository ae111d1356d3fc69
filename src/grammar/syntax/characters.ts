/** Sets of Unicode characters, and the bytes that UTF-8 writes them with. */

/** Ranges of code points, both ends included, rising and apart. */
export type CodeRanges = readonly (readonly [number, number])[]

export const LAST_CODE = 0x10ffff
const SURROGATES = [0xd800, 0xdfff] as const

/** The same code points in order, without overlaps. */
export function normalized(ranges: CodeRanges): CodeRanges {
  const result: [number, number][] = []
  for (const [from, to] of [...ranges].sort((a, b) => a[0] - b[0])) {
    const last = result.at(-1)
    if (last && from <= last[1] + 1) last[1] = Math.max(last[1], to)
    else result.push([from, to])
  }
  return result
}

/** All characters but those of `ranges`; surrogates are no characters. */
export function complement(ranges: CodeRanges): CodeRanges {
  const result: [number, number][] = []
  let next = 0
  for (const [from, to] of normalized([...ranges, SURROGATES])) {
    if (from > next) result.push([next, from - 1])
    next = to + 1
  }
  if (next <= LAST_CODE) result.push([next, LAST_CODE])
  return result
}

/** The characters that are in both. */
export function intersection(a: CodeRanges, b: CodeRanges): CodeRanges {
  return complement([...complement(a), ...complement(b)])
}

export function includesCode(ranges: CodeRanges, code: number): boolean {
  return ranges.some(([from, to]) => code >= from && code <= to)
}
