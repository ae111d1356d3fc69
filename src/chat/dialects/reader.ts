import type { AnswerParser, AnswerSetup, Part, ToolCall } from './dialect.js'

/** A step of a reading routine: it yields where it needs more text, and goes on when there is more. */
export type Reading<T = void> = Generator<undefined, T, undefined>

/**
 * An answer as it arrives. A dialect is written as a routine that reads from beginning to end, as if the whole answer
 * were there; it is suspended where the text ends. So what it does cannot depend on where the stream is cut.
 */
export class AnswerReader {
  /** Calls so far. */
  calls = 0
  /** The white space that the last {@link say} dropped before its marker. */
  dropped = ''
  private held = ''
  private ended = false
  private parts: Part[] = []

  constructor(readonly setup: AnswerSetup) {}

  /** Streams text of this kind up to the first of the markers, and returns the marker; undefined at the answer's end. White space before a marker is dropped. */
  *say(kind: 'reasoning' | 'text', markers: readonly string[]): Reading<string | undefined> {
    for (;;) {
      const open = this.ended ? this.held.length : openAt(this.held, markers)
      const found = first(this.held, markers, open)
      if (found) {
        const text = this.held.slice(0, found.at).trimEnd()
        this.dropped = this.held.slice(text.length, found.at)
        this.emit(kind, text)
        this.held = this.held.slice(found.at + found.marker.length)
        return found.marker
      }
      const sure = this.ended ? open : this.held.slice(0, open).trimEnd().length
      this.emit(kind, this.held.slice(0, sure))
      this.held = this.held.slice(sure)
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
      const end = found ? found.at : open
      taken.push(this.held.slice(0, end))
      this.held = this.held.slice(end + (found?.marker.length ?? 0))
      if (found || this.ended) return { text: taken.join(''), marker: found?.marker }
      yield
    }
  }

  /** Takes one of the literals if it comes next, the longest that does. */
  *take(literals: readonly string[]): Reading<string | undefined> {
    const longest = [...literals].sort((a, b) => b.length - a.length)
    for (;;) {
      const open = longest.find((l) => this.held.startsWith(l) || (!this.ended && l.startsWith(this.held)))
      if (open === undefined) return undefined
      if (this.held.startsWith(open)) {
        this.held = this.held.slice(open.length)
        return open
      }
      yield
    }
  }

  /** Takes white space. */
  *space(): Reading<string> {
    let taken = ''
    for (;;) {
      const rest = this.held.trimStart()
      taken += this.held.slice(0, this.held.length - rest.length)
      this.held = rest
      if (rest !== '' || this.ended) return taken
      yield
    }
  }

  /** Takes what `accepts` wants, character by character, until it says false; the refused character stays. */
  *characters(accepts: (character: string) => boolean): Reading<string> {
    const taken: string[] = []
    for (;;) {
      for (let i = 0; i < this.held.length; i++) {
        if (accepts(this.held[i]!)) continue
        taken.push(this.held.slice(0, i))
        this.held = this.held.slice(i)
        return taken.join('')
      }
      taken.push(this.held)
      this.held = ''
      if (this.ended) return taken.join('')
      yield
    }
  }

  /** Everything up to the answer's end. */
  *rest(): Reading<string> {
    return (yield* this.until([])).text
  }

  /** Gives text back: it is read next. */
  unread(text: string): void {
    this.held = text + this.held
  }

  emit(kind: 'reasoning' | 'text', text: string): void {
    if (text !== '') this.parts.push({ kind, text })
  }

  /** Reports a call. `id` is the model's own, where it gave one. */
  call(name: string, args: string, id = this.setup.newId()): void {
    const call: ToolCall = { index: this.calls++, id, name, arguments: args }
    this.parts.push({ kind: 'tool-call', text: '', call })
  }

  /** For the parser alone: more text, or the end; returns what was emitted. */
  feed(text: string, ended: boolean, run: () => void): Part[] {
    this.held += text
    this.ended = ended
    this.parts = []
    run()
    return this.parts
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
