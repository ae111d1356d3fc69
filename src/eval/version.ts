/** The package's own version; in a page, which has no file of it, none. */
export function packageVersion(): string {
  if (typeof process === 'undefined' || typeof process.getBuiltinModule !== 'function') return 'in a page'
  const text = process.getBuiltinModule('node:fs').readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
  return (JSON.parse(text) as { version: string }).version
}
