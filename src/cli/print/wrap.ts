import stringWidth from 'string-width'

/** Narrower terminals break lines themselves. */
const LEAST_COLUMNS = 20

/** How a run of text is shown. */
export type Format = (text: string) => string

/** Text in its place: what is written as it is. */
export const plain: Format = (text) => text

interface Run {
  readonly text: string
  readonly format: Format
}

/**
 * Writes text that comes in pieces so that no word is broken at the terminal's edge. A word waits for its end; Chinese, Japanese
 * and emoji may break anywhere.
 */
export class WordWrap {
  private column = 0
  private word: Run[] = []
  private wordWidth = 0
  /** Blanks before the word, which a line does not begin with where it was broken. */
  private blanks = ''

  constructor(
    private readonly output: (text: string) => void,
    private readonly columns: () => number,
  ) {}

  write(text: string, format: Format = plain): void {
    for (const piece of text.split(/(\n| +|\t+)/)) {
      if (piece === '') continue
      if (piece === '\n') this.newLine()
      else if (piece.startsWith(' ') || piece.startsWith('\t')) {
        this.endWord()
        this.blanks += piece
      } else this.grow(piece, format)
    }
  }

  /** Writes lines as they are, whatever their length. */
  raw(text: string): void {
    this.flush()
    this.output(text)
    if (text.includes('\n')) this.column = 0
  }

  /** Writes what waits, for example before somebody else writes. */
  flush(): void {
    this.endWord()
    this.output(this.blanks)
    this.column += this.blanks.length
    this.blanks = ''
  }

  private newLine(): void {
    this.endWord()
    this.blanks = ''
    this.output('\n')
    this.column = 0
  }

  private grow(text: string, format: Format): void {
    let run = ''
    for (const character of text) {
      const width = stringWidth(character)
      run += character
      this.wordWidth += width
      if (width < 2) continue
      this.word.push({ text: run, format })
      run = ''
      this.endWord()
    }
    if (run !== '') this.word.push({ text: run, format })
  }

  private endWord(): void {
    if (this.word.length === 0) return
    const columns = this.columns()
    const end = this.column + this.blanks.length + this.wordWidth
    // The last column stays free: what follows it would begin the next line.
    if (columns >= LEAST_COLUMNS && end >= columns && this.column > 0) {
      this.output('\n')
      this.column = 0
    } else {
      this.output(this.blanks)
      this.column += this.blanks.length
    }
    for (const { text, format } of this.word) this.output(format(text))
    this.column += this.wordWidth
    // What is wider than a line is broken by the terminal.
    if (columns > 0) this.column %= columns
    this.word = []
    this.wordWidth = 0
    this.blanks = ''
  }
}

/** A whole text as the terminal takes it. */
export function wrapped(text: string, columns = process.stdout.columns ?? 0): string {
  let shown = ''
  const wrap = new WordWrap(
    (piece) => (shown += piece),
    () => columns,
  )
  wrap.write(text)
  wrap.flush()
  return shown
}
