import { styleText } from 'node:util'

/** Escape codes only where somebody sees them: not in pipes and files, and not against the reader's wish (no-color.org). */
export function style(format: 'bold' | 'dim' | 'red', text: string): string {
  if (!process.stdout.isTTY || process.env['NO_COLOR']) return text
  return styleText(format, text)
}
