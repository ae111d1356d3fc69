/** Keys of a call's name, of its arguments by any of their names, and of its id, where it has one. */
interface NamedKeys {
  readonly name: string
  readonly args: readonly string[]
  readonly id?: string | undefined
}

/** `keyed`: the one key is the name, and the arguments are its value. */
export type CallKeys = NamedKeys | 'keyed'

/** Looks for the arguments in a call's object, `{"name": ..., "arguments": {...}}` or `{"NAME": {...}}`, while it is read. */
export class CallScan {
  /** The tool's name, and the call's id, once they were read. */
  name: string | undefined
  id: string | undefined
  private depth = 0
  private quoted = false
  private escaped = false
  private string = ''
  /** Of the member that is being read. */
  private key: string | undefined
  private inside = false
  private found = false
  /** Members that ended. */
  private members = 0

  constructor(private readonly keys: CallKeys) {}

  /** What of `text` belongs to the arguments, if anything. Those that come before the name or the id are not looked for. */
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
      if (this.depth === 2 && c === '{' && !this.found && this.begins()) this.inside = this.found = true
    } else if (c === '}' || c === ']') {
      this.depth--
      if (this.inside && this.depth === 1) {
        this.inside = false
        return true
      }
    } else if (c === ',' && this.depth === 1) {
      this.key = undefined
      this.members++
    }
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

  /** Whether the value of the key that was read is the arguments of a call whose name is known. */
  private begins(): boolean {
    const { keys, key } = this
    if (keys !== 'keyed')
      return (
        keys.args.includes(key ?? '') && this.name !== undefined && (keys.id === undefined || this.id !== undefined)
      )
    if (this.members === 0) this.name = key
    return this.members === 0 && key !== undefined
  }

  /** A key, or a value of the object itself. */
  private endString(): void {
    const { keys, key } = this
    if (key === undefined) this.key = this.string
    else if (keys === 'keyed') return
    else if (key === keys.name) this.name ??= this.string
    else if (key === keys.id) this.id ??= this.string
  }
}
