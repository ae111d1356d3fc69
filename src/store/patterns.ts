import picomatch from 'picomatch'

/** Whether a path fits one of the patterns: `*.json`, `Q8_0/**`. A pattern without a slash is for names in all folders. */
export function matches(patterns: readonly string[], path: string): boolean {
  const name = path.slice(path.lastIndexOf('/') + 1)
  return patterns.some((pattern) => picomatch.isMatch(pattern.includes('/') ? path : name, pattern, { dot: true }))
}
