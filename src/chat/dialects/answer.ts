import type { Dialect } from './dialect.js'
import { bareCalls, nearMarks, nearMiss } from './near-miss.js'
import { attempt } from './atoms.js'
import { callReader, type CallReader } from './read-calls.js'
import { parserOf, type AnswerReader, type Reading } from './reader.js'
import { syntaxOf } from './syntax.js'
import { marksOf, THINK, type Family, type ThinkTags } from './written.js'

/** What stands where in an answer. */
interface Layout {
  readonly thought: ThinkTags
  readonly silent: readonly string[]
  readonly calls: readonly CallReader[]
  /** Ends of sections, which may stand after a call whose section was not read as one. */
  readonly ends: readonly string[]
  readonly resume: string
}

/** The parts of a dialect that its family does not have as data. */
interface Own {
  readonly calls?: readonly CallReader[]
  readonly markers?: readonly string[]
  readonly toolSyntax?: Dialect['toolSyntax']
  readonly textStart?: Dialect['textStart']
}

/** The dialect of a family. */
export function dialectOf(family: Family, own: Own = {}): Dialect {
  const { name, stopMarkers, text, thought = THINK, resume = '', silent = [] } = family
  const around = text ? [text.begin, text.end].filter((mark) => mark !== '') : []
  // Of sixty dialects a process reads answers in one.
  let layout: Layout | undefined
  const layoutOf = (): Layout =>
    (layout ??= {
      thought,
      silent: [...silent, ...around, ...(resume === '' ? [] : [resume])],
      calls: own.calls ?? (family.calls ?? []).map((form) => callReader(form, resume)),
      ends: (family.calls ?? []).flatMap(({ end = '' }) => (/^\s*<[^<>\s]+>\s*$/.test(end) ? [end.trim()] : [])),
      resume,
    })
  const syntax = syntaxOf(family)
  const toolSyntax = own.toolSyntax ?? (syntax && (() => syntax))
  const textMark = syntax?.text?.begin ?? text?.begin
  return {
    name,
    markers: own.markers ?? marksOf(family),
    ...(stopMarkers && { stopMarkers }),
    parser: (setup) => parserOf(setup, (reader) => answer(reader, layoutOf())),
    textStart: own.textStart ?? ((prompt, calls) => startOf(prompt, calls, thought, textMark)),
    ...(toolSyntax && { toolSyntax }),
  }
}

function startOf(prompt: string, calls: boolean, thought: ThinkTags, textMark: string | undefined): string | undefined {
  if (!calls && textMark !== undefined) return textMark
  return promptOpens(prompt, thought) ? thought.close : undefined
}

/** True where a rendered prompt ends inside of a reasoning block. */
export function promptOpens(prompt: string, tags: ThinkTags): boolean {
  return prompt.trimEnd().endsWith(tags.open)
}

/** Thoughts, text and calls, in any order: a thought comes first where the prompt opened it. */
export function* answer(reader: AnswerReader, layout: Layout): Reading {
  const { thought, silent, calls, ends, resume } = layout
  const { setup } = reader
  // Nobody asked for calls: what looks like one is text.
  const triggers = setup.calls === false ? [] : calls.flatMap((call) => call.triggers)
  const near = nearMarks(setup)
  if (yield* reader.atEnd()) return
  const resumes = resume !== '' && reader.setup.prompt.endsWith(resume)
  if (resumes) reader.insert(resume)
  // Where a text may hold the mark, as Python's `>>>`, only what the prompt has of it is sure to be one.
  const mayBeText = !/[<|]/.test(resume)
  let isMark = resumes || !mayBeText
  if (yield* beginsThought(reader, thought)) yield* think(reader, layout, triggers)
  if (near.length > 0 && (yield* attempt(reader, bareCalls))) yield* reader.space()
  for (;;) {
    const marker = yield* reader.say('text', [...triggers, ...near, thought.open, thought.close, ...silent])
    if (marker === undefined) return
    const isSilent = silent.includes(marker) && (marker !== resume || isMark)
    if (mayBeText) isMark = false
    if (triggers.includes(marker)) {
      const { dropped } = reader
      reader.unread(marker)
      if (yield* callAt(reader, marker, calls)) {
        yield* reader.space()
        if ((yield* reader.take(ends)) !== undefined) yield* reader.space()
      } else if (reader.hasBegun || reader.isCut) reader.giveUpCall(dropped)
      else {
        yield* reader.take([marker])
        if (near.includes(marker) && (yield* nearMissAt(reader, marker))) yield* reader.space()
        else if (!isSilent) reader.emit('text', dropped + marker)
      }
    } else if (near.includes(marker)) {
      const { dropped } = reader
      if (yield* nearMissAt(reader, marker)) yield* reader.space()
      else reader.emit('text', dropped + marker)
    } else if (isSilent) continue
    else if (marker === resume) reader.emit('text', reader.dropped + marker)
    else if (isQuoted(reader)) reader.emit('text', marker)
    else if (marker === thought.open) yield* laterThought(reader, layout, triggers)
    // An end without a beginning is no text.
    else yield* reader.space()
  }
}

/** Calls after their mark in another form than the dialect's; nothing is read where they are none. */
export function* nearMissAt(reader: AnswerReader, mark: string): Reading<boolean> {
  return !reader.isTired && (yield* attempt(reader, (r) => nearMiss(r, mark)))
}

/** A tag that is written about, as in `<think>`. */
export function isQuoted({ dropped, lastSaid }: AnswerReader): boolean {
  return dropped === '' && lastSaid !== '' && '`"\''.includes(lastSaid)
}

/** Reads what opens a thought at the answer's beginning. White space around the tags belongs to neither side. */
function* beginsThought(reader: AnswerReader, tags: ThinkTags): Reading<boolean> {
  const space = yield* reader.space()
  const tag = yield* reader.take([tags.open])
  if (!promptOpens(reader.setup.prompt, tags) && tag === undefined) {
    reader.unread(space)
    return false
  }
  return true
}

/**
 * A thought after text or calls. What stood before it and the text after it stay apart. Tags that a text could hold are
 * those of a thought only where it is closed; till then nothing is shown.
 */
function* laterThought(reader: AnswerReader, layout: Layout, triggers: readonly string[]): Reading {
  const { dropped } = reader
  const { open, close } = layout.thought
  if (/[|｜]/.test(open)) yield* think(reader, layout, triggers)
  else {
    const start = reader.mark()
    reader.place = 'reasoning'
    const { text, marker } = yield* reader.until([close])
    reader.place = 'elsewhere'
    if (marker === undefined) reader.rewind(start)
    reader.release()
    if (marker === undefined) return reader.emit('text', dropped + open)
    reader.emit('reasoning', text.trim())
    yield* reader.space()
  }
  if (reader.lastSaid !== '') reader.insert(dropped)
}

/** After the opening tag. */
function* think(reader: AnswerReader, layout: Layout, callTriggers: readonly string[]): Reading {
  const { thought, silent, calls } = layout
  let triggers = callTriggers
  const ends = [thought.close, ...silent]
  reader.place = 'reasoning'
  yield* reader.space()
  for (;;) {
    const marker = yield* reader.say('reasoning', [...ends, ...triggers])
    if (marker === undefined) return
    if (marker === thought.close) {
      yield* reader.space()
      return
    }
    const { dropped } = reader
    reader.unread(marker)
    if (ends.includes(marker)) return
    const found = yield* callsInThought(reader, marker, calls, ends)
    if (found === 'calls') return
    reader.emit('reasoning', dropped)
    // All up to the thought's end was read already, and holds no further call that counts.
    if (found === 'thought') triggers = []
    else reader.emit('reasoning', (yield* reader.take([marker])) ?? '')
  }
}

/**
 * A call in a thought is one where the thought is not closed after it, or nothing follows; else it is what the model thought of, and is
 * read again as such.
 */
function* callsInThought(
  reader: AnswerReader,
  marker: string,
  calls: readonly CallReader[],
  ends: readonly string[],
): Reading<'calls' | 'none' | 'thought'> {
  const start = reader.mark()
  reader.withhold()
  let verdict: 'calls' | 'none' | 'thought' = 'none'
  let next: string | undefined = marker
  while (next !== undefined && (yield* callAt(reader, next, calls))) {
    verdict = 'calls'
    yield* reader.space()
    next = yield* reader.take(calls.flatMap((call) => call.triggers))
    if (next !== undefined) reader.unread(next)
  }
  if (verdict === 'calls' && !(yield* endsHere(reader, ends))) verdict = 'thought'
  if (verdict === 'calls') reader.letOut()
  else {
    reader.throwAway()
    reader.rewind(start)
  }
  reader.release()
  return verdict
}

/** Whether the thought ends with these calls: it is not closed, or nothing comes after that. What comes is read next. */
function* endsHere(reader: AnswerReader, [close = '', ...others]: readonly string[]): Reading<boolean> {
  const start = reader.mark()
  const { text, marker } = yield* reader.until([close, ...others])
  if (marker === close) yield* reader.space()
  const ends = marker !== close || (yield* reader.atEnd())
  if (marker !== close) reader.rewind(start)
  else if (ends) reader.emit('reasoning', text.trim())
  reader.release()
  return ends
}

/** Calls whose first mark comes next, of the first form that they have; nothing is read where they are none. */
function* callAt(reader: AnswerReader, marker: string, calls: readonly CallReader[]): Reading<boolean> {
  if (reader.isTired) return false
  for (const call of calls) {
    if (!call.triggers.includes(marker)) continue
    if (yield* call.read(reader)) return true
    // What was given out of a call is not read in another way.
    if (reader.hasBegun) return false
  }
  return false
}
