/** Stands for a line feed inside of a line that is being edited. */
export const LINE_FEED = '⏎'

/** Longer pastes are shown by their size. */
const MOST_CHARACTERS = 400
const MOST_LINES = 5

/** Text that was pasted: short pieces are shown as one line, long ones by a name that stands for them. */
export class Pasted {
  private readonly texts = new Map<string, string>()

  /** What is shown on the line that is edited. */
  shown(pasted: string): string {
    const text = pasted.replace(/\r\n?/g, '\n')
    const lines = text.split('\n').length
    if (text.length <= MOST_CHARACTERS && lines <= MOST_LINES && !text.includes(LINE_FEED))
      return text.replaceAll('\n', LINE_FEED).replaceAll('\t', '  ')
    const size = lines === 1 ? `${text.length} characters` : `${lines} lines`
    const name = `[pasted ${this.texts.size + 1}: ${size}]`
    this.texts.set(name, text)
    return name
  }

  /** A line as it is meant. */
  meant(line: string): string {
    let text = line.replaceAll(LINE_FEED, '\n')
    for (const [name, pasted] of this.texts) text = text.replaceAll(name, () => pasted)
    return text
  }
}
