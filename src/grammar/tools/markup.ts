import { LAST_CODE } from '../syntax/characters.js'
import {
  chars,
  choice,
  EMPTY,
  optional,
  repeat,
  sequence,
  special,
  text,
  until,
  without,
  type Node,
} from '../syntax/nodes.js'

const ANY_TEXT = repeat(chars([[0, LAST_CODE]]), 0)

/** What a model has for a marker of its dialect. */
export interface Markers {
  /** Names that structure an answer. */
  readonly names: readonly string[]
  /** Whether the name is one token that no text can spell. */
  isSpecial(name: string): boolean
  /** Whether it ends the answer: then no grammar writes it. */
  isStop(name: string): boolean
}

/** Text of a dialect in which markers are special tokens, where the model has them as such. */
export class Markup {
  /** The longest first, so that one in another is not taken for it. */
  private readonly names: readonly string[]

  constructor(private readonly markers: Markers) {
    this.names = markers.names
      .filter((name) => markers.isSpecial(name) || markers.isStop(name))
      .sort((a, b) => b.length - a.length)
  }

  /** Exactly this. */
  exactly(content: string): Node {
    const found = this.firstIn(content)
    if (!found) return text(content)
    const { at, name } = found
    const marker = this.markers.isStop(name) ? EMPTY : special(name)
    return sequence(text(content.slice(0, at)), marker, this.exactly(content.slice(at + name.length)))
  }

  /** Whether special tokens are in it. */
  hasSpecial(content: string): boolean {
    return this.firstIn(content) !== undefined
  }

  /**
   * Text of an answer between its calls: without `excluded`, and with those markers that are none of `calls`, as those of reasoning.
   */
  prose(excluded: readonly string[], calls: string): Node {
    const piece = textWithout(excluded.filter((content) => !this.hasSpecial(content)))
    const others = this.names.filter((name) => !calls.includes(name) && !this.markers.isStop(name))
    if (others.length === 0) return piece
    return sequence(piece, repeat(sequence(choice(others.map(special)), piece), 0))
  }

  /** `content`, or any text, up to `end`, and then `end`, whose mark is in no other place; white space after the mark may be missing. */
  upTo(end: string, content?: Node): Node {
    const mark = end.trim()
    if (mark === end && !this.hasSpecial(end))
      return content ? limited(until([end]), sequence(content, text(end))) : until([end])
    return sequence(limited(textWithout([mark]), content), this.closing(end))
  }

  /** Exactly this, but for white space at its end. */
  closing(end: string): Node {
    const mark = end.trimEnd()
    return sequence(this.exactly(mark), optional(text(end.slice(mark.length))))
  }

  /** Where the first marker in it ends, be it a special token or text. */
  markerEnds(content: string): number | undefined {
    const ends = this.markers.names.flatMap((name) => {
      const at = content.indexOf(name)
      return at < 0 ? [] : [at + name.length]
    })
    return ends.length === 0 ? undefined : Math.min(...ends)
  }

  private firstIn(content: string): { at: number; name: string } | undefined {
    let found: { at: number; name: string } | undefined
    for (const name of this.names) {
      const at = content.indexOf(name)
      if (at >= 0 && (!found || at < found.at)) found = { at, name }
    }
    return found
  }
}

function limited(all: Node, content: Node | undefined): Node {
  return content ? { kind: 'both', left: all, right: content } : all
}

/** Any text that has none of these in it. */
export function textWithout(excluded: readonly string[]): Node {
  return excluded.length === 0 ? ANY_TEXT : without(until(excluded, true), until(excluded))
}

/** Any text that does not begin with one of these, white space aside. */
export function textNotBeginning(beginnings: readonly string[]): Node {
  const space = repeat(chars([[9, 13], [32, 32]]), 0) // prettier-ignore
  return without(ANY_TEXT, sequence(space, choice(beginnings.map(text)), ANY_TEXT))
}
