/** Python's `re.findall`, for expressions with groups of which one matches. */

/** The first group that is not empty, of every match; '' where all are. @param expression global */
export function allMatches(expression: RegExp, text: string): string[] {
  return [...text.matchAll(expression)].map(([whole, ...groups]) =>
    groups.length === 0 ? whole : (groups.find((group) => group !== undefined && group !== '') ?? ''),
  )
}
