/**
 * An answer of GSM8K as the reference compares it: without commas, dollars, what stands before the last "#### " of it and a full stop at
 * the end, in lower case. The full stop of Python's `\.$` may also stand before a last line end.
 */
export function numberOfAnswer(text: string): string {
  return text
    .replaceAll(',', '')
    .replaceAll('$', '')
    .replace(/^[^]*#### /, '')
    .replace(/\.(?=\n?$)/, '')
    .toLowerCase()
}
