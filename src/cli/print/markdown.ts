import type { Format } from './wrap.js'

/** Where formatted text goes. Code keeps its lines as they are. */
export interface MarkdownOutput {
  text(text: string, format?: Format): void
  code(text: string): void
  /** The line that opens or closes a block of code. */
  fence(text: string): void
}

export interface MarkdownFormats {
  readonly bold: Format
  readonly code: Format
}

/** A line that may still become a fence or a heading. */
const UNDECIDED = /^ {0,3}(`*|~*|#{1,6})$/
const FENCE = /^ {0,3}(`{3,}|~{3,})/
const HEADING = /^#{1,6} /
/** Bold begins before a letter, after something that is none: 2**3 stays as it is. */
const BOLD_BEGINS = /(?<![\p{L}\p{N}*])\*\*(?=[^\s*])/u
/** A span that is longer than this is no span. */
const LONGEST_SPAN = 400

/**
 * Markdown of an answer, shown as far as a terminal can without moving anything: bold, code and headings. Text that comes in pieces
 * waits only while it is open what it is; no character but the marks of bold is left out.
 */
export class MarkdownText {
  private pending = ''
  private isLineStart = true
  /** The mark that closes the block of code that we are in. */
  private fence: string | undefined
  private isHeading = false
  /** The character that was written last. */
  private previous = ''

  constructor(
    private readonly output: MarkdownOutput,
    private readonly formats: MarkdownFormats,
  ) {}

  write(text: string): void {
    this.pending += text
    while (this.pending !== '' && this.step(false));
  }

  end(): void {
    while (this.pending !== '' && this.step(true));
  }

  /** Writes something of what is pending; false: more has to come first. */
  private step(isEnd: boolean): boolean {
    if (this.isLineStart) {
      if (!isEnd && UNDECIDED.test(this.pending)) return false
      const [, mark] = FENCE.exec(this.pending) ?? []
      if (mark !== undefined && (this.fence === undefined || closes(this.pending, this.fence)))
        return this.fenceLine(mark, isEnd)
      this.isHeading = this.fence === undefined && HEADING.test(this.pending)
    }
    const end = this.pending.indexOf('\n')
    if (this.fence !== undefined) this.take(end < 0 ? this.pending.length : end + 1, (text) => this.output.code(text))
    else if (!this.inline(end < 0 ? this.pending.length : end, end >= 0 || isEnd)) return false
    return true
  }

  private fenceLine(mark: string, isEnd: boolean): boolean {
    const end = this.pending.indexOf('\n')
    if (end < 0 && !isEnd) return false
    this.take(end < 0 ? this.pending.length : end + 1, (text) => this.output.fence(text))
    this.fence = this.fence === undefined ? mark : undefined
    return true
  }

  /** One run of the line of `length` characters; false: it is not decided yet how it ends. */
  private inline(length: number, isWhole: boolean): boolean {
    if (length === 0) {
      this.take(1, (text) => this.output.text(text))
      return true
    }
    const line = this.pending.slice(0, length)
    const at = spanAt(line, this.previous)
    // A mark may be cut in its middle, and what follows it decides.
    const cut = isWhole || at < length ? 0 : (/\*{1,2}$/.exec(line)?.[0].length ?? 0)
    const sure = at - cut
    if (sure > 0) {
      this.take(sure, (text) => this.output.text(text, this.isHeading ? this.formats.bold : undefined))
      return true
    }
    if (at > 0) return false
    return this.span(line, isWhole)
  }

  private span(line: string, isWhole: boolean): boolean {
    const mark = line.startsWith('`') ? '`' : '**'
    const end = line.indexOf(mark, mark.length)
    if (end < 0 && !isWhole && line.length < LONGEST_SPAN) return false
    if (end <= mark.length) this.take(mark.length, (text) => this.output.text(text))
    else if (mark === '`') this.take(end + 1, (text) => this.output.text(text, this.formats.code))
    else this.take(end + 2, (text) => this.output.text(text.slice(2, -2), this.formats.bold))
    return true
  }

  private take(length: number, write: (text: string) => void): void {
    const text = this.pending.slice(0, length)
    this.pending = this.pending.slice(length)
    this.isLineStart = text.endsWith('\n')
    this.previous = text.at(-1) ?? ''
    write(text)
  }
}

/** Where the next span begins; the line's length: nowhere. */
function spanAt(line: string, previous: string): number {
  const found = BOLD_BEGINS.exec(previous + line)
  const bold = found ? found.index - previous.length : line.length
  const code = line.indexOf('`')
  return Math.min(bold, code < 0 ? line.length : code)
}

function closes(line: string, fence: string): boolean {
  const mark = line.trim().split('\n')[0]!.trim()
  return mark.startsWith(fence) && /^(`+|~+)$/.test(mark)
}
