/** Looks for the arguments in a call's object, `{"name": ..., "arguments": {...}}`, while it is read. */
export class CallScan {
  /** The tool's name, once it was read. */
  name: string | undefined
  private depth = 0
  private quoted = false
  private escaped = false
  private string = ''
  /** Of the member that is being read. */
  private key: string | undefined
  private inside = false

  /** @param keys of the name, and of the arguments by any of their names */
  constructor(private readonly keys: { readonly name: string; readonly args: readonly string[] }) {}

  /** What of `text` belongs to the arguments, if anything. Those that come before the name are not looked for. */
  push(text: string): string[] {
    let found = ''
    for (const character of text) if (this.take(character)) found += character
    return found === '' ? [] : [found]
  }

  /** True for a character of the arguments. */
  private take(c: string): boolean {
    if (this.quoted) this.inString(c)
    else if (c === '"') {
      this.quoted = true
      this.string = ''
    } else if (c === '{' || c === '[') {
      this.depth++
      const begins = this.depth === 2 && c === '{' && this.keys.args.includes(this.key ?? '')
      if (begins && this.name !== undefined) this.inside = true
    } else if (c === '}' || c === ']') {
      this.depth--
      if (this.inside && this.depth === 1) {
        this.inside = false
        return true
      }
    } else if (c === ',' && this.depth === 1) this.key = undefined
    return this.inside
  }

  private inString(c: string): void {
    if (this.escaped) this.escaped = false
    else if (c === '\\') this.escaped = true
    else if (c === '"') {
      this.quoted = false
      if (this.depth === 1) this.endString()
      return
    }
    if (this.depth === 1) this.string += c
  }

  /** A key, or a value of the object itself. */
  private endString(): void {
    if (this.key === undefined) this.key = this.string
    else if (this.key === this.keys.name) this.name ??= this.string
  }
}
