/** An object's JSON text from keys and the JSON text of their values. */
export function objectText(entries: readonly (readonly [key: string, json: string])[]): string {
  return `{${entries.map(([key, json]) => `${JSON.stringify(key)}: ${json}`).join(', ')}}`
}

/** Arguments that stand one after the other, as the text of a JSON object, which is told while they are read. */
export class ToldArguments {
  private readonly entries: string[] = []
  private open: { readonly string: StringPieces; text: string } | undefined

  /** @param tell gets the object's text piece by piece */
  constructor(private readonly tell: (text: string) => void) {}

  /**
   * Begins an argument whose value is a string, and returns what takes its text.
   * @param lines a line end at each side belongs to the tags
   */
  string(key: string, lines: boolean): (text: string) => void {
    const open = { string: new StringPieces(lines), text: `${JSON.stringify(key)}: "` }
    this.open = open
    this.tell(this.separator + open.text)
    return (text) => {
      const json = open.string.push(text)
      open.text += json
      if (json !== '') this.tell(json)
    }
  }

  /** An argument that was read; of a string that was begun, its end. */
  add(key: string, json: string): void {
    const { open } = this
    this.open = undefined
    if (open) {
      const rest = `${open.string.rest()}"`
      this.tell(rest)
      this.entries.push(open.text + rest)
    } else {
      const entry = `${JSON.stringify(key)}: ${json}`
      this.tell(this.separator + entry)
      this.entries.push(entry)
    }
  }

  /** The text of the whole object. */
  end(): string {
    this.tell(this.entries.length === 0 ? '{}' : '}')
    return `{${this.entries.join(', ')}}`
  }

  private get separator(): string {
    return this.entries.length === 0 ? '{' : ', '
  }
}

/** A text that comes in pieces as the inside of a JSON string. */
class StringPieces {
  private begun = false
  private held = ''

  constructor(private readonly lines: boolean) {}

  push(piece: string): string {
    let text = this.held + piece
    if (this.lines && !this.begun && text !== '') text = text.replace(/^\n/, '')
    this.begun ||= piece !== ''
    // A last line end may belong to the tag, and half a character is none.
    const keep = /[\n\ud800-\udbff]$/.test(text) ? 1 : 0
    this.held = text.slice(text.length - keep)
    return JSON.stringify(text.slice(0, text.length - keep)).slice(1, -1)
  }

  /** What was held back, at the closing tag. */
  rest(): string {
    return JSON.stringify(this.lines ? this.held.replace(/\n$/, '') : this.held).slice(1, -1)
  }
}
