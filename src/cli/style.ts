import { styleText } from 'node:util'

type Style = Parameters<typeof styleText>[0]

/** What of the environment asks for colours or against them. */
const OFF = /^(0|false)$/i

/**
 * Escape codes only where somebody sees them: not in pipes and files, nor on a terminal that knows none (TERM=dumb), and not against
 * the reader's wish (no-color.org); FORCE_COLOR wants them everywhere (force-color.org).
 */
export function style(format: Style, text: string, stream: { readonly isTTY?: boolean } = process.stdout): string {
  const { NO_COLOR, FORCE_COLOR, TERM } = process.env
  const isWanted = FORCE_COLOR ? !OFF.test(FORCE_COLOR) : stream.isTTY === true && !NO_COLOR && TERM !== 'dumb'
  if (!isWanted) return text
  // Node would ask whether stdout is a terminal, where it is stderr that is written to.
  return styleText(format, text, { validateStream: false })
}
