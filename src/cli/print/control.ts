/** Whether a terminal takes it as a command: C0 and C1, but for the tab and the line feed. */
function isControl(code: number): boolean {
  return (code < 0x20 && code !== 0x09 && code !== 0x0a) || (code >= 0x7f && code < 0xa0)
}

/**
 * A model's text as a terminal may have it: without the bytes that move the cursor, set the title or fill the clipboard.
 * @example
 * printable('\u001b]0;title\u0007hello') // ]0;titlehello
 */
export function printable(text: string): string {
  let kept = ''
  for (const character of text) if (!isControl(character.codePointAt(0)!)) kept += character
  return kept
}
