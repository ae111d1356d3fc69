/** A piece of an answer: what the model thinks, or what it says. */
export interface Part {
  readonly kind: 'reasoning' | 'text'
  readonly text: string
}

const OPEN = '<think>'
const CLOSE = '</think>'

/** True where a rendered prompt ends inside of a reasoning block, so that the answer begins with reasoning. */
export function promptOpensReasoning(prompt: string): boolean {
  return /<think>\s*$/.test(prompt)
}

/**
 * Splits an answer into reasoning and text while it streams. Tags may be cut anywhere; text that may yet become a tag
 * is held back. White space around the tags belongs to neither side.
 */
export class ReasoningSplitter {
  private held = ''
  private kind: Part['kind']
  /** Reasoning may only open at the answer's beginning. */
  private mayOpen: boolean
  /** White space after a tag is dropped. */
  private trimming: boolean

  constructor(openedByPrompt: boolean) {
    this.kind = openedByPrompt ? 'reasoning' : 'text'
    this.mayOpen = !openedByPrompt
    this.trimming = openedByPrompt
  }

  push(text: string): Part[] {
    this.held += text
    const parts: Part[] = []
    while (this.advance(parts, false));
    return parts
  }

  flush(): Part[] {
    const parts: Part[] = []
    while (this.advance(parts, true));
    return parts
  }

  /** Emits what is certain; true while there may be more. */
  private advance(parts: Part[], final: boolean): boolean {
    if (this.trimming) {
      this.held = this.held.trimStart()
      if (this.held === '') return false
      this.trimming = false
    }
    if (this.mayOpen) return this.open(final)
    if (this.kind === 'text') {
      this.emit(parts, this.held.length)
      return false
    }
    const close = this.held.indexOf(CLOSE)
    if (close >= 0) {
      this.emit(parts, this.held.slice(0, close).trimEnd().length)
      this.held = this.held.trimStart().slice(CLOSE.length)
      this.kind = 'text'
      this.trimming = true
      return true
    }
    // Keep back white space (it may stand before the tag) and a beginning of the tag.
    this.emit(parts, final ? this.held.length : certain(this.held, CLOSE))
    return false
  }

  private open(final: boolean): boolean {
    const start = this.held.trimStart()
    if (start.startsWith(OPEN)) {
      this.held = start.slice(OPEN.length)
      this.kind = 'reasoning'
      this.trimming = true
    } else if (!final && OPEN.startsWith(start)) return false
    this.mayOpen = false
    return true
  }

  private emit(parts: Part[], length: number): void {
    const text = this.held.slice(0, length)
    this.held = this.held.slice(length)
    if (text !== '') parts.push({ kind: this.kind, text })
  }
}

/** How much of `text` cannot be part of white space and a tag to come. */
function certain(text: string, tag: string): number {
  let end = text.length
  for (let n = Math.min(tag.length - 1, text.length); n > 0; n--)
    if (tag.startsWith(text.slice(-n))) {
      end = text.length - n
      break
    }
  return text.slice(0, end).trimEnd().length
}
