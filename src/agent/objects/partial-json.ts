/** JSON while it is being written: reads each character once, and can give at any time what is there of the value. */

type Container = unknown[] | Record<string, unknown>

const ESCAPES: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' }
const PLAIN = /[-+.0-9a-zA-Z]/

/**
 * What a grammar lets a model write is JSON, so that nothing but its end can be wrong. Strings grow; keys, numbers and words come
 * when they are whole.
 */
export class PartialJson {
  /** Told of each item of an array at the top, when it is whole. */
  onItem: (item: unknown, index: number) => void = () => undefined
  private root: unknown
  private hasRoot = false
  private readonly open: Container[] = []
  /** Of each open object, the key whose value comes next. */
  private readonly keys: (string | undefined)[] = []
  /** A string that is being read. */
  private string: string | undefined
  private escape = ''
  /** A number or a word that is being read. */
  private plain = ''

  push(text: string): void {
    for (const character of text.split('')) this.read(character)
  }

  /** A copy of the value so far; undefined before it begins. */
  get value(): unknown {
    const partial = this.string
    if (partial !== undefined && !this.isKey()) this.put(this.withoutHalf(partial), true)
    return structuredClone(this.root)
  }

  private read(c: string): void {
    if (this.string !== undefined) return this.inString(c)
    if (this.plain !== '' && !PLAIN.test(c)) this.endPlain()
    if (c === '"') this.string = ''
    else if (c === '{') this.begin({})
    else if (c === '[') this.begin([])
    else if (c === '}' || c === ']') this.end()
    else if (PLAIN.test(c)) this.plain += c
  }

  private inString(c: string): void {
    const string = this.string ?? ''
    if (this.escape !== '') return this.inEscape(c)
    if (c === '\\') this.escape = c
    else if (c !== '"') this.string = string + c
    else {
      const isKey = this.isKey()
      this.string = undefined
      if (isKey) this.keys[this.keys.length - 1] = string
      else this.finish(string)
    }
  }

  private inEscape(c: string): void {
    this.escape += c
    if (this.escape[1] === 'u' && this.escape.length < 6) return
    const written = this.escape[1] === 'u' ? String.fromCharCode(parseInt(this.escape.slice(2), 16)) : (ESCAPES[c] ?? c)
    this.string = (this.string ?? '') + written
    this.escape = ''
  }

  /** Whether a string here is the name of a property. */
  private isKey(): boolean {
    const last = this.open.at(-1)
    return last !== undefined && !Array.isArray(last) && this.keys.at(-1) === undefined
  }

  private begin(container: Container): void {
    this.put(container, false)
    this.open.push(container)
    this.keys.push(undefined)
  }

  private end(): void {
    this.open.pop()
    this.keys.pop()
    this.finished()
  }

  private endPlain(): void {
    const text = this.plain
    this.plain = ''
    this.finish(JSON.parse(text))
  }

  private finish(value: unknown): void {
    this.put(value, false)
    this.finished()
  }

  /** A value is whole. */
  private finished(): void {
    this.partial = false
    const top = this.open.at(-1)
    if (top && !Array.isArray(top)) this.keys[this.keys.length - 1] = undefined
    if (this.open.length === 1 && Array.isArray(top)) this.onItem(top.at(-1), top.length - 1)
  }

  /** Whether the last item of the open array is a text that grows. */
  private partial = false

  private put(value: unknown, partial: boolean): void {
    const container = this.open.at(-1)
    if (Array.isArray(container)) {
      if (this.partial) container[container.length - 1] = value
      else container.push(value)
    } else if (container) {
      const name = this.keys.at(-1) ?? ''
      // As JSON.parse has it: also where the name means something to objects.
      Object.defineProperty(container, name, { value, writable: true, enumerable: true, configurable: true })
    } else if (!this.hasRoot || partial || this.partial) this.root = value
    this.hasRoot = true
    this.partial = partial
  }

  /** Without half of a character at the end. */
  private withoutHalf(text: string): string {
    return /[\uD800-\uDBFF]$/.test(text) ? text.slice(0, -1) : text
  }
}
