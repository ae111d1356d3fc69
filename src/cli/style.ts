import { styleText } from 'node:util'

type Style = Parameters<typeof styleText>[0]

/** Escape codes only where somebody sees them: not in pipes and files, and not against the reader's wish (no-color.org). */
export function style(format: Style, text: string, stream: { readonly isTTY?: boolean } = process.stdout): string {
  if (!stream.isTTY || process.env['NO_COLOR']) return text
  return styleText(format, text)
}
