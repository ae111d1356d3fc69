import type { AnswerParser, AnswerSetup, Part, ToolCall } from './dialect.js'

/** A step of a reading routine: it yields where it needs more text, and goes on when there is more. */
export type Reading<T = void> = Generator<undefined, T, undefined>

/**
 * An answer as it arrives. A dialect is written as a routine that reads from beginning to end, as if the whole answer
 * were there; it is suspended where the text ends. So what it does cannot depend on where the stream is cut.
 */
export class AnswerReader {
  /** The white space that the last {@link say} dropped before its marker. */
  dropped = ''
  /** The last character that was emitted as text. */
  lastSaid = ''
  private calls = 0
  private held = ''
  private ended = false
  private parts: Part[] = []
  /** What was consumed since the first mark that is not released. */
  private log: string[] = []
  private marks = 0
  private withheld: { parts: Part[]; calls: number } | undefined

  constructor(readonly setup: AnswerSetup) {}

  /**
   * Streams text of this kind up to the first of the markers, and returns the marker; undefined at the answer's end.
   * White space before a marker is dropped.
   */
  *say(kind: 'reasoning' | 'text', markers: readonly string[]): Reading<string | undefined> {
    for (;;) {
      const open = this.ended ? this.held.length : openAt(this.held, markers)
      const found = first(this.held, markers, open)
      if (found) {
        const text = this.held.slice(0, found.at).trimEnd()
        this.dropped = this.held.slice(text.length, found.at)
        this.emit(kind, text)
        this.consume(found.at + found.marker.length)
        return found.marker
      }
      const sure = this.ended ? open : this.held.slice(0, open).trimEnd().length
      this.emit(kind, this.consume(sure))
      if (this.ended) return undefined
      yield
    }
  }

  /** Text up to the first of the markers, kept back. marker is undefined when the answer ends first. */
  *until(markers: readonly string[]): Reading<{ text: string; marker: string | undefined }> {
    const taken: string[] = []
    for (;;) {
      const open = this.ended ? this.held.length : openAt(this.held, markers)
      const found = first(this.held, markers, open)
      taken.push(this.consume(found ? found.at : open))
      if (found) this.consume(found.marker.length)
      if (found || this.ended) return { text: taken.join(''), marker: found?.marker }
      yield
    }
  }

  /** Takes one of the literals if it comes next, the longest that does. */
  *take(literals: readonly string[]): Reading<string | undefined> {
    const longest = [...literals].sort((a, b) => b.length - a.length)
    for (;;) {
      const next = longest.find((l) => this.held.startsWith(l) || (!this.ended && l.startsWith(this.held)))
      if (next === undefined) return undefined
      if (this.held.startsWith(next)) return this.consume(next.length)
      yield
    }
  }

  /** Takes white space. */
  *space(): Reading<string> {
    return yield* this.characters((character) => /\s/.test(character))
  }

  /** Whether nothing follows. */
  *atEnd(): Reading<boolean> {
    while (this.held === '' && !this.ended) yield
    return this.held === ''
  }

  /** Takes characters as long as they are wanted; the first that is not stays. */
  *characters(wanted: (character: string) => boolean): Reading<string> {
    const taken: string[] = []
    for (;;) {
      let n = 0
      while (n < this.held.length && wanted(this.held[n]!)) n++
      const stopped = n < this.held.length
      taken.push(this.consume(n))
      if (stopped || this.ended) return taken.join('')
      yield
    }
  }

  /** Takes an object or a list of JSON, with all that it holds; empty where none begins, unbalanced where the answer ends. */
  *json(): Reading<string> {
    return yield* this.characters(balanced('"'))
  }

  /** As {@link json}, with Python's two kinds of quotes. */
  *python(): Reading<string> {
    return yield* this.characters(balanced('"\''))
  }

  /** Gives back what was read last: it is read next. */
  unread(text: string): void {
    this.held = text + this.held
    let left = text.length
    while (left > 0 && this.log.length > 0) {
      const last = this.log.pop()!
      if (last.length > left) this.log.push(last.slice(0, -left))
      left -= last.length
    }
  }

  /** A place to {@link rewind} to, until it is released. */
  mark(): number {
    this.marks++
    return this.log.length
  }

  /** Gives back what was read since the mark. */
  rewind(mark: number): void {
    this.held = this.log.splice(mark).join('') + this.held
  }

  /** What was read since the mark. */
  since(mark: number): string {
    return this.log.slice(mark).join('')
  }

  release(): void {
    this.marks--
    if (this.marks === 0) this.log = []
  }

  /** Keeps what is emitted from here on, until it is let out or thrown away. */
  withhold(): void {
    this.withheld = { parts: [], calls: this.calls }
  }

  letOut(): void {
    this.parts.push(...(this.withheld?.parts ?? []))
    this.withheld = undefined
  }

  throwAway(): void {
    this.calls = this.withheld?.calls ?? this.calls
    this.withheld = undefined
  }

  emit(kind: 'reasoning' | 'text', text: string): void {
    if (text === '') return
    if (kind === 'text') this.lastSaid = text.slice(-1)
    this.output.push({ kind, text })
  }

  /** Reports a call. `id` is the model's own, where it gave one. */
  call(name: string, args: string, id = this.setup.newId()): void {
    const call: ToolCall = { index: this.calls++, id, name, arguments: args }
    this.output.push({ kind: 'tool-call', text: '', call })
  }

  /** For the parser alone: more text, or the end; returns what was emitted. */
  feed(text: string, ended: boolean, run: () => void): Part[] {
    this.held += text
    this.ended = ended
    this.parts = []
    run()
    return this.parts
  }

  private get output(): Part[] {
    return this.withheld?.parts ?? this.parts
  }

  private consume(length: number): string {
    const text = this.held.slice(0, length)
    this.held = this.held.slice(length)
    if (this.marks > 0 && text !== '') this.log.push(text)
    return text
  }
}

/** Wants the characters of one bracketed value. */
function balanced(quotes: string): (character: string) => boolean {
  let depth = 0
  let quote: string | undefined
  let escaped = false
  let done = false
  return (c) => {
    if (done) return false
    if (quote !== undefined) {
      if (escaped) escaped = false
      else if (c === '\\') escaped = true
      else if (c === quote) quote = undefined
      return true
    }
    if (depth === 0 && c !== '{' && c !== '[') return false
    if (quotes.includes(c)) quote = c
    else if ('{[('.includes(c)) depth++
    else if ('}])'.includes(c)) depth--
    done = depth === 0
    return true
  }
}

/** A parser from a routine that reads one whole answer. */
export function parserOf(setup: AnswerSetup, read: (reader: AnswerReader) => Reading): AnswerParser {
  const reader = new AnswerReader(setup)
  const reading = (function* (): Reading {
    yield* read(reader)
    yield* reader.say('text', [])
  })()
  return {
    push: (text) => (text === '' ? [] : reader.feed(text, false, () => void reading.next())),
    flush: () => reader.feed('', true, () => void reading.next()),
  }
}

/** The marker that begins first, before `open`; of several at one place the longest. */
function first(text: string, markers: readonly string[], open: number): { at: number; marker: string } | undefined {
  let found: { at: number; marker: string } | undefined
  for (const marker of markers) {
    const at = text.indexOf(marker)
    if (at < 0 || at >= open) continue
    if (!found || at < found.at || (at === found.at && marker.length > found.marker.length)) found = { at, marker }
  }
  return found
}

/** Where an end begins that may yet become a marker. */
function openAt(text: string, markers: readonly string[]): number {
  const longest = Math.max(0, ...markers.map((marker) => marker.length))
  for (let at = Math.max(0, text.length - longest + 1); at < text.length; at++) {
    const end = text.slice(at)
    if (markers.some((marker) => marker.length > end.length && marker.startsWith(end))) return at
  }
  return text.length
}

/** An id of nine letters and digits: the one form that every published template takes (Mistral's insist on it). */
export function newCallId(): string {
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'
  const random = crypto.getRandomValues(new Uint32Array(9))
  return Array.from(random, (r) => letters[r % letters.length]).join('')
}
