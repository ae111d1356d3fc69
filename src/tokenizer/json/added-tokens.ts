/** Tokens that are found in a text before it is cut. huggingface/tokenizers, tokenizer/added_vocabulary.rs. */
import { isSpace, membership } from '../expressions/machine.js'
import { LETTERS } from './pre-tokenizers.js'

const isWord = membership(`[${LETTERS}]`)

export interface AddedToken {
  readonly id: number
  readonly content: string
  readonly special?: boolean
  /** Found in the normalized text. */
  readonly normalized?: boolean
  /** Takes the white space before or after it. */
  readonly lstrip?: boolean
  readonly rstrip?: boolean
  /** Not inside of a word. */
  readonly single_word?: boolean
}

/** A token, or the text between two. */
export interface Section {
  readonly text: string
  readonly id?: number
}

interface Place {
  token?: AddedToken
  readonly next: Map<string, Place>
}

/** Finds the longest token at each place. */
export class TokenFinder {
  private readonly root: Place = { next: new Map() }

  constructor(tokens: readonly AddedToken[], textOf: (token: AddedToken) => string) {
    for (const token of tokens) {
      let place = this.root
      for (const unit of textOf(token).split('')) {
        const next: Place = place.next.get(unit) ?? { next: new Map() }
        place.next.set(unit, next)
        place = next
      }
      // Of tokens that normalize to one text, the first is found.
      if (place !== this.root) place.token ??= token
    }
  }

  sections(text: string): Section[] {
    const found: Section[] = []
    let done = 0
    for (let at = 0; at < text.length;) {
      const match = this.longest(text, at)
      if (!match) {
        at++
        continue
      }
      const { token, end } = match
      if (token.single_word && (endsInWord(text, at) || startsWithWord(text, end))) {
        at = end
        continue
      }
      const start = token.lstrip ? Math.max(done, spacesBefore(text, at)) : at
      if (start > done) found.push({ text: text.slice(done, start) })
      // Tokens of white space are found in what this one takes too, as in the reference.
      at = end
      done = token.rstrip ? spacesAfter(text, end) : end
      if (done > start) found.push({ text: text.slice(start, done), id: token.id })
    }
    if (done < text.length) found.push({ text: text.slice(done) })
    return found
  }

  private longest(text: string, start: number): { token: AddedToken; end: number } | undefined {
    let found: { token: AddedToken; end: number } | undefined
    let place = this.root.next.get(text[start]!)
    for (let at = start + 1; place; place = place.next.get(text[at++] ?? ''))
      if (place.token) found = { token: place.token, end: at }
    return found
  }
}

function spacesBefore(text: string, end: number): number {
  let start = end
  while (start > 0 && isSpace(text.charCodeAt(start - 1))) start--
  return start
}

function spacesAfter(text: string, start: number): number {
  let end = start
  while (end < text.length && isSpace(text.charCodeAt(end))) end++
  return end
}

function endsInWord(text: string, end: number): boolean {
  return end > 0 && isWord(text.codePointAt(end >= 2 && text.codePointAt(end - 2)! > 0xffff ? end - 2 : end - 1)!)
}

function startsWithWord(text: string, start: number): boolean {
  return start < text.length && isWord(text.codePointAt(start)!)
}
