const NAMED: Readonly<Record<string, string>> = { '\b': '\\b', '\f': '\\f', '\n': '\\n', '\r': '\\r', '\t': '\\t' }

/**
 * Mends JSON while it comes: control characters inside of strings, backslashes that begin no escape, and commas before a closing bracket.
 * Whole JSON stays as it is.
 */
export class JsonRepair {
  private quoted = false
  /** A backslash and what follows it, or a comma and the white space after it. */
  private held = ''

  push(text: string): string {
    let out = ''
    for (const character of text) out += this.take(character)
    return out
  }

  /** What was held back, at the end. */
  rest(): string {
    const { held } = this
    this.held = ''
    return held
  }

  private take(c: string): string {
    const { held } = this
    if (!this.quoted) return this.outside(c)
    if (held === '') {
      if (c === '\\') this.held = c
      else if (c === '"') this.quoted = false
      else return c < ' ' ? escape(c) : c
      return this.held === '' ? c : ''
    }
    if (held === '\\' && c !== 'u') {
      this.held = ''
      return '"\\/bfnrt'.includes(c) ? held + c : `\\\\${this.take(c)}`
    }
    if (held === '\\' || /[\da-f]/i.test(c)) {
      this.held += c
      return this.held.length === 6 ? this.rest() : ''
    }
    this.held = ''
    return `\\${held}${this.take(c)}`
  }

  private outside(c: string): string {
    if (c === ',' || (this.held !== '' && /\s/.test(c))) {
      const out = c === ',' ? this.rest() : ''
      this.held += c
      return out
    }
    this.quoted = c === '"'
    const held = this.rest()
    return (c === '}' || c === ']' ? held.slice(1) : held) + c
  }
}

function escape(c: string): string {
  return NAMED[c] ?? `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`
}

/** The text, mended as {@link JsonRepair} does. */
export function repaired(text: string): string {
  const repair = new JsonRepair()
  return repair.push(text) + repair.rest()
}

/** The text with the brackets that are open at its end; undefined where it ends in a string or after a comma, or where its brackets do not match. */
export function closed(text: string): string | undefined {
  const open: string[] = []
  let quoted = false
  for (let i = 0; i < text.length; i++) {
    const c = text[i]!
    if (quoted && c === '\\') i++
    else if (c === '"') quoted = !quoted
    else if (!quoted && (c === '{' || c === '[')) open.push(c === '{' ? '}' : ']')
    else if (!quoted && (c === '}' || c === ']') && open.pop() !== c) return undefined
  }
  return quoted || text.trimEnd().endsWith(',') ? undefined : text + open.reverse().join('')
}
