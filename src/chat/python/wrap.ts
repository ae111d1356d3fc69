import { spendItems } from './limits.js'
import { SPACE } from './text.js'
import { PythonError, codePointCount } from './values.js'

export interface WrapOptions {
  readonly width: number
  readonly breakLong: boolean
  readonly onHyphens: boolean
}

const WORDS = new RegExp(`[${SPACE}]+|[^${SPACE}]+`, 'g')
/** After a hyphen between letters, two of which follow. */
const HYPHENS = /(?<=[\p{L}\p{N}_]-)(?=[\p{L}_]{2})/u
const BLANK = new RegExp(`^[${SPACE}]+$`)

/** The lines of a paragraph, as textwrap.wrap() makes them with expand_tabs and replace_whitespace off. */
export function wrapText(text: string, { width, breakLong, onHyphens }: WrapOptions): string[] {
  if (width <= 0) throw new PythonError(`invalid width ${width} (must be > 0)`)
  const words = text.match(WORDS) ?? []
  spendItems(text.length)
  const chunks = (onHyphens ? words.flatMap((word) => word.split(HYPHENS)) : words).reverse()
  const lines: string[] = []
  while (chunks.length > 0) {
    const line: string[] = []
    let room = width
    if (lines.length > 0 && BLANK.test(chunks.at(-1)!)) chunks.pop()
    while (chunks.length > 0 && codePointCount(chunks.at(-1)!) <= room) {
      room -= codePointCount(chunks.at(-1)!)
      line.push(chunks.pop()!)
    }
    if (chunks.length > 0 && codePointCount(chunks.at(-1)!) > width) {
      if (breakLong) line.push(cut(chunks, Math.max(room, 1), width))
      else if (line.length === 0) line.push(chunks.pop()!)
    }
    if (line.length > 0 && BLANK.test(line.at(-1)!)) line.pop()
    if (line.length > 0) lines.push(line.join(''))
  }
  return lines
}

/** The beginning of the next chunk. The rest stays, in parts that fill a line, so that a long word is divided once. */
function cut(chunks: string[], size: number, width: number): string {
  const characters = Array.from(chunks.pop()!)
  const parts: string[] = []
  for (let at = size; at < characters.length; at += width) parts.push(characters.slice(at, at + width).join(''))
  for (const part of parts.reverse()) chunks.push(part)
  return characters.slice(0, size).join('')
}
