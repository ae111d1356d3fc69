import { CallScan, type CallKeys } from './call-scan.js'
import type { AnswerParser, AnswerSetup, Part, ToolCall } from './dialect.js'
import { JsonRepair } from '../json-repair.js'

/** A step of a reading routine: it yields where it needs more text, and continues when there is more. */
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
  place: NonNullable<AnswerParser['place']> = 'elsewhere'
  /** A call that was begun and cut off. */
  partial: ToolCall | undefined
  private calls = 0
  /** What came and may be read yet or again; it is read from {@link next} on. */
  private held = ''
  private next = 0
  private ended = false
  private parts: Part[] = []
  /** What was consumed since the first mark that is not released. */
  private log: string[] = []
  private marks = 0
  private cut = false
  /** Characters that were consumed. */
  private at = 0
  /** Characters that came, and that were given back. */
  private fed = 0
  private givenBack = 0
  /** The call whose arguments are given out while they are read, and where the last piece of them ends. */
  private open: { index: number; id: string; name: string; text: string; end: number } | undefined
  private withheld: { parts: Part[]; calls: number } | undefined

  constructor(readonly setup: AnswerSetup) {}

  /**
   * Streams text of this kind up to the first of the markers, and returns the marker; undefined at the answer's end.
   * White space before a marker is dropped.
   */
  *say(kind: 'reasoning' | 'text', markers: readonly string[]): Reading<string | undefined> {
    for (;;) {
      this.place = kind
      const open = this.ended ? this.held.length : openAt(this.held, this.next, markers)
      const found = first(this.held, this.next, markers, open)
      if (found) {
        const before = this.held.slice(this.next, found.at)
        const text = before.trimEnd()
        this.dropped = before.slice(text.length)
        this.emit(kind, text)
        this.consume(before.length + found.marker.length)
        this.place = 'elsewhere'
        return found.marker
      }
      const sure = this.held.slice(this.next, open)
      this.emit(kind, this.consume(this.ended ? sure.length : sure.trimEnd().length))
      if (this.ended) return undefined
      yield
    }
  }

  /** Text up to the first of the markers, kept back; `heard` gets it as it comes. marker is undefined when the answer ends first. */
  *until(
    markers: readonly string[],
    heard?: (text: string) => void,
  ): Reading<{ text: string; marker: string | undefined }> {
    const taken: string[] = []
    for (;;) {
      const open = this.ended ? this.held.length : openAt(this.held, this.next, markers)
      const found = first(this.held, this.next, markers, open)
      const text = this.consume((found ? found.at : open) - this.next)
      taken.push(text)
      if (text !== '') heard?.(text)
      if (found) this.consume(found.marker.length)
      if (found || this.ended) return { text: taken.join(''), marker: found?.marker }
      yield
    }
  }

  /** Takes one of the literals if it comes next, the longest that does. */
  *take(literals: readonly string[]): Reading<string | undefined> {
    const longest = [...literals].sort((a, b) => b.length - a.length)
    const most = longest[0]?.length ?? 0
    for (;;) {
      const here = this.held.slice(this.next, this.next + most)
      const found = longest.find((l) => here.startsWith(l) || (!this.ended && l.startsWith(here)))
      if (found === undefined) return undefined
      if (here.startsWith(found)) return this.consume(found.length)
      yield
    }
  }

  /** Takes white space. */
  *space(): Reading<string> {
    return yield* this.characters((character) => /\s/.test(character))
  }

  /** Whether nothing follows. */
  *atEnd(): Reading<boolean> {
    while (this.next === this.held.length && !this.ended) yield
    return this.next === this.held.length
  }

  /** Takes characters as long as they are wanted; the first that is not stays. `heard` gets them as they come. */
  *characters(wanted: (character: string) => boolean, heard?: (text: string) => void): Reading<string> {
    const taken: string[] = []
    for (;;) {
      let end = this.next
      while (end < this.held.length && wanted(this.held[end]!)) end++
      const stopped = end < this.held.length
      const text = this.consume(end - this.next)
      taken.push(text)
      if (text !== '') heard?.(text)
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

  /** As {@link json}, of the arguments of a call, which are given out while they are read. */
  *arguments(name: string, id?: string): Reading<string> {
    const repair = new JsonRepair()
    return yield* this.characters(balanced('"'), (text) => this.input(name, repair.push(text), id))
  }

  /** As {@link json} or {@link python}, of an object with a call's name and its arguments under these keys. */
  *callObject(keys: CallKeys, quotes = '"'): Reading<string> {
    const scan = new CallScan(keys)
    const repair = new JsonRepair()
    return yield* this.characters(balanced(quotes), (text) => {
      for (const found of scan.push(text))
        if (scan.name !== undefined) this.input(scan.name, repair.push(found), scan.id)
    })
  }

  /** Gives back what was read last: it is read next. */
  unread(text: string): void {
    this.giveBack(text)
    let left = text.length
    while (left > 0 && this.log.length > 0) {
      const last = this.log.pop()!
      if (last.length > left) this.log.push(last.slice(0, -left))
      left -= last.length
    }
  }

  /** Puts text in front of what is read next. */
  insert(text: string): void {
    this.held = text + this.held.slice(this.next)
    this.next = 0
    this.at -= text.length
  }

  /** A place to {@link rewind} to, until it is released. */
  mark(): number {
    this.marks++
    return this.log.length
  }

  /** Gives back what was read since the mark. */
  rewind(mark: number): void {
    const text = this.log.splice(mark).join('')
    this.givenBack += text.length
    this.giveBack(text)
  }

  /** Whether so much was read in vain that no more is: an answer may be a hundred thousand beginnings of calls. */
  get isTired(): boolean {
    return this.givenBack > 32 * this.fed + 2 ** 16
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
    this.open = undefined
    this.withheld = undefined
  }

  emit(kind: 'reasoning' | 'text', text: string): void {
    if (text === '') return
    if (kind === 'text') this.lastSaid = text.slice(-1)
    this.output.push({ kind, text })
  }

  /** Reports a call. `id` is the model's own, where it gave one; an empty one is none, since a tool's answer could not name it. */
  call(name: string, args: string, id?: string): void {
    const { open } = this
    // Brackets that were missing at the end.
    if (open && args.startsWith(open.text)) this.input(name, args.slice(open.text.length))
    this.open = undefined
    const given = { id: open?.id ?? (id || this.setup.newId()), arguments: open?.text ?? args }
    const call: ToolCall = { index: open?.index ?? this.calls++, name, ...given }
    this.output.push({ kind: 'tool-call', text: '', call })
  }

  /** Gives out a piece of the arguments of the call that is being read, if its tool is one of those offered. */
  input(name: string, text: string, id?: string): void {
    const { pieces, tools } = this.setup
    if (!this.open) {
      if (!pieces || !tools.some((tool) => tool.function.name === name)) return
      this.open = { index: this.calls++, id: id || this.setup.newId(), name, text: '', end: 0 }
    }
    const { index, id: own } = this.open
    this.open.text += text
    this.open.end = this.at
    if (text !== '') this.output.push({ kind: 'tool-input', text, index, id: own, name })
  }

  /** Whether a call was begun. */
  get hasBegun(): boolean {
    return this.open !== undefined
  }

  /** True at an end in the middle: what may be the beginning of a call is no text then. */
  get isCut(): boolean {
    return this.ended && this.cut
  }

  /**
   * The call that was begun is none that can be run. At a cut it is the partial one; else what was given out of it is text, `before`
   * and all.
   */
  giveUpCall(before = ''): void {
    const { open, isCut } = this
    this.open = undefined
    if (open && isCut) this.partial = { index: open.index, id: open.id, name: open.name, arguments: open.text }
    if (isCut) this.consume(this.held.length - this.next)
    else if (open) {
      const written = this.consume(Math.max(0, open.end - this.at))
      const text = written.trimEnd()
      this.unread(written.slice(text.length))
      this.emit('text', before + text)
    }
  }

  /** What was pushed and is held back. */
  get pending(): string {
    return this.log.join('') + this.held.slice(this.next)
  }

  /** For the parser alone: more text, or the end; returns what was emitted. */
  feed(text: string, ended: boolean, run: () => void, cut = false): Part[] {
    this.held = this.held.slice(this.next) + text
    this.next = 0
    this.fed += text.length
    this.ended = ended
    this.cut = cut && this.setup.pieces === true
    this.parts = []
    run()
    return this.parts
  }

  private get output(): Part[] {
    return this.withheld?.parts ?? this.parts
  }

  private consume(length: number): string {
    const text = this.held.slice(this.next, this.next + length)
    this.next += length
    this.at += length
    if (this.marks > 0 && text !== '') this.log.push(text)
    return text
  }

  /** Mostly it is there still, and nothing is copied. */
  private giveBack(text: string): void {
    if (text.length > this.next) return this.insert(text)
    this.next -= text.length
    this.at -= text.length
  }
}

/** Wants the characters of one bracketed value. In JSON no `<` stands outside of strings: there a tag begins. */
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
    if (c === '<' && quotes === '"') return false
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
    get place() {
      return reader.place
    },
    get pending() {
      return reader.pending
    },
    get partial() {
      return reader.partial
    },
    push: (text) => (text === '' ? [] : reader.feed(text, false, () => void reading.next())),
    flush: (cut) => reader.feed('', true, () => void reading.next(), cut),
  }
}

/** The marker that begins first from `start` on, before `open`; of several at one place the longest. */
function first(
  text: string,
  start: number,
  markers: readonly string[],
  open: number,
): { at: number; marker: string } | undefined {
  if (markers.length === 0) return undefined
  const expression = anyOf(markers)
  expression.lastIndex = start
  const found = expression.exec(text)
  return found && found.index < open ? { at: found.index, marker: found[0] } : undefined
}

const EXPRESSIONS = new Map<string, RegExp>()

/** One expression for all of them: it stops where the first begins, however long the text is. */
function anyOf(markers: readonly string[]): RegExp {
  const key = markers.join('\0')
  let expression = EXPRESSIONS.get(key)
  if (!expression) {
    const longestFirst = [...markers].sort((a, b) => b.length - a.length)
    const escaped = longestFirst.map((marker) => marker.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
    expression = new RegExp(escaped.join('|'), 'g')
    // Marks of tools that a client named may be among them.
    if (EXPRESSIONS.size >= 1000) EXPRESSIONS.clear()
    EXPRESSIONS.set(key, expression)
  }
  return expression
}

/** Where an end begins, from `from` on, that may yet become a marker. */
function openAt(text: string, from: number, markers: readonly string[]): number {
  const longest = Math.max(0, ...markers.map((marker) => marker.length))
  for (let at = Math.max(from, text.length - longest + 1); at < text.length; at++) {
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
