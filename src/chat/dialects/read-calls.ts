import { all, attempt, closings, peek } from './atoms.js'
import {
  ARGUMENT_KEYS,
  argumentTypes,
  jsonMembers,
  jsonObject,
  memberCall,
  propertySchema,
  toolSchema,
  typedValue,
  type JsonCall,
} from './arguments.js'
import { closed } from '../json-repair.js'
import { ToldArguments } from './object-text.js'
import { pythonList } from './python-call.js'
import type { AnswerReader, Reading } from './reader.js'
import { atomsOf, piecesOf, triggerOf, type CallForm, type Piece, type Slot } from './written.js'

/** Reads calls of one form, from its first mark on; false where they are none, and then nothing was read. */
export interface CallReader {
  readonly triggers: readonly string[]
  readonly read: (reader: AnswerReader) => Reading<boolean>
}

/** What is read of one call. */
type Parts = Partial<Record<Slot, string>>

export function callReader(form: CallForm, resume?: string): CallReader {
  const read = form.values === 'python' ? pythonList(form) : section(form)
  return {
    triggers: [triggerOf(form, resume)],
    *read(reader) {
      if (form.bare && reader.setup.tools.length === 0) return false
      return yield* attempt(reader, read)
    },
  }
}

function section({
  begin = '',
  between = '',
  end = '',
  ...form
}: CallForm): (reader: AnswerReader) => Reading<boolean> {
  const call = oneCall(form)
  return begin === '' ? call : callsBetween(begin, [...atomsOf(between), ',', ';'], end, call)
}

/** Calls between the marks of their section, or of a list. A call that is broken or cut off does not undo those before it. */
export function callsBetween(
  begin: string,
  separators: readonly string[],
  end: string,
  call: (reader: AnswerReader) => Reading<boolean>,
): (reader: AnswerReader) => Reading<boolean> {
  const [opening, closing] = [atomsOf(begin), atomsOf(end)]
  return function* (reader) {
    if (!(yield* all(reader, opening)) || !(yield* attempt(reader, call))) return false
    for (;;) {
      yield* reader.space()
      if (yield* attempt(reader, (r) => all(r, closing))) return true
      yield* reader.take(separators)
      if (yield* attempt(reader, call)) continue
      if (reader.hasBegun) reader.giveUpCall()
      return true
    }
  }
}

function oneCall(form: Omit<CallForm, 'begin' | 'between' | 'end'>): (reader: AnswerReader) => Reading<boolean> {
  const object = /\{\s*"[^"]*"\s*:[^]*\$arguments\s*\}/.exec(form.call)
  if (object && form.parameter === undefined) return jsonCall(form.call, object)
  const [lead = '', rest = ''] = form.call.split('$arguments')
  const [before, after] = [piecesOf(lead), atomsOf(rest)]
  const body = form.parameter === undefined ? jsonBody : parameters(form, form.parameter, after)
  return function* (reader) {
    const parts = yield* pieces(reader, before, {})
    if (!parts) return false
    const name = form.idHolds === undefined ? parts.name : nameIn(parts.id, form.idHolds)
    if (name === undefined || name === '') return false
    const args = yield* body(reader, name, parts.id)
    const closed = yield* closings(reader, after)
    // Without any of the call's end there may be more of it: JSON alone shows where it is over.
    if (args === undefined || (closed === 0 && !args.sure)) return false
    reader.call(name, args.text, parts.id)
    return true
  }
}

interface Body {
  readonly text: string
  /** Its own end was there. */
  readonly sure: boolean
}

function* jsonBody(reader: AnswerReader, name: string, id?: string): Reading<Body | undefined> {
  yield* reader.space()
  const json = yield* reader.arguments(name, id)
  const whole = closed(json) ?? json
  const text = jsonObject(whole)
  return text === undefined ? undefined : { text, sure: json !== '' && json === whole }
}

/** Arguments one after the other, as far as there are any, before the atoms that end the call. */
function parameters(
  { untyped = 'json', looseLines = false }: Pick<CallForm, 'untyped' | 'looseLines'>,
  parameter: string,
  after: readonly string[],
): (reader: AnswerReader, name: string, id?: string) => Reading<Body | undefined> {
  const [first, ...rest] = piecesOf(parameter)
  const [mark = '', ...more] = first!.kind === 'slot' ? [] : first!.atoms
  const written: Piece[] = first!.kind === 'slot' ? rest : [{ ...first!, atoms: more }, ...rest]
  const head = written.slice(
    0,
    written.findIndex((piece) => piece.kind === 'slot' && piece.slot === 'value'),
  )
  const strip = looseLines || /\n\$value\n/.test(parameter)
  return function* (reader, name, id) {
    const told = new ToldArguments((text) => reader.input(name, text, id))
    const given = new Set<string>()
    const isNew = (key: string): boolean =>
      !given.has(key) && propertySchema(toolSchema(reader.setup.tools, name), key).own !== undefined
    const missingEnd: MissingEnd = { mark, head, after, strip, isNew }
    for (;;) {
      yield* reader.space()
      if ((yield* reader.take([mark])) === undefined) return { text: told.end(), sure: false }
      const listen = (parts: Parts): ((text: string) => void) | undefined =>
        parts.key !== undefined && isString(reader, name, parts, untyped)
          ? told.string(parts.key, strip && parts.string === undefined && parts.type === undefined)
          : undefined
      const parts = yield* pieces(reader, written, {}, { listen, missingEnd })
      const { key, value } = parts ?? {}
      if (key === undefined || value === undefined) return undefined
      given.add(key)
      told.add(key, jsonValue(reader, name, parts!, untyped, strip))
    }
  }
}

/** Whether a value is a string, whatever it looks like. */
function isString(reader: AnswerReader, name: string, { key = '', type, string }: Parts, untyped: string): boolean {
  if (string !== undefined || type !== undefined) return string === 'true' || type === 'string'
  const types = argumentTypes(reader.setup.tools, name, key)
  return types ? types.size === 1 && types.has('string') : untyped === 'string'
}

function jsonValue(
  reader: AnswerReader,
  name: string,
  parts: Parts,
  untyped: 'string' | 'json',
  strip: boolean,
): string {
  const { key = '', value = '' } = parts
  if (parts.string === 'true' || parts.type === 'string') return JSON.stringify(value)
  if (parts.string === 'false' || parts.type !== undefined) return typedValue(value, undefined, 'json')
  const raw = strip ? value.replace(/^\n/, '').replace(/\n$/, '') : value
  return typedValue(raw, argumentTypes(reader.setup.tools, name, key), untyped)
}

/** A call that is a JSON object, whatever the order of its members. */
function jsonCall(call: string, object: RegExpExecArray): (reader: AnswerReader) => Reading<boolean> {
  const written = object[0]
  const before = atomsOf(call.slice(0, object.index))
  const after = atomsOf(call.slice(object.index + written.length))
  const keyOf = (slot: string): string | undefined => new RegExp(`"([^"$]+)":\\s*"?\\$${slot}\\b`).exec(written)?.[1]
  const [name, args, id] = [keyOf('name'), keyOf('arguments'), keyOf('id') ?? keyOf('index')]
  return function* (reader) {
    if (!(yield* all(reader, before))) return false
    yield* reader.space()
    const keys =
      name === undefined ? 'keyed' : { name, args: [...(args === undefined ? [] : [args]), ...ARGUMENT_KEYS], id }
    const json = yield* reader.callObject(keys)
    const ended = (yield* attempt(reader, (r) => endAfterBracket(r, after))) || (yield* closings(reader, after)) > 0
    // Where the call's end is there, brackets may be missing before it.
    const members = jsonMembers((ended ? closed(json) : undefined) ?? json)
    const found = members && (name === undefined ? keyed(members) : memberCall(members, name, args, id))
    if (!found) return false
    reader.call(found.name, found.args, found.id)
    return true
  }
}

/** The end of a call that was written with a bracket too many. */
function* endAfterBracket(reader: AnswerReader, after: readonly string[]): Reading<boolean> {
  yield* reader.space()
  return after.length > 0 && (yield* reader.take(['}'])) !== undefined && (yield* all(reader, after))
}

/** `{"NAME": {...}}`. */
function keyed(members: ReadonlyMap<string, string>): JsonCall | undefined {
  const [member, ...others] = members
  const args = member && others.length === 0 ? jsonObject(member[1]) : undefined
  return args === undefined ? undefined : { name: member![0], args, id: undefined }
}

/** How the values of arguments are read. */
interface Values {
  readonly listen: (parts: Parts) => ((text: string) => void) | undefined
  readonly missingEnd: MissingEnd
}

/** What ends a value that lacks its end: the mark and the head of another argument, or a line with the end of the call. */
interface MissingEnd {
  readonly mark: string
  readonly head: readonly Piece[]
  readonly after: readonly string[]
  /** Line ends around a value belong to the tags. */
  readonly strip: boolean
  /** Whether the tool has such an argument, and it was not given yet. */
  readonly isNew: (key: string) => boolean
}

const NAME = /[^\s<>{}[\]()"'`|=,;]/

/** Reads pieces of a form; undefined where the answer differs. */
function* pieces(
  reader: AnswerReader,
  wanted: readonly Piece[],
  parts: Parts,
  values?: Values,
): Reading<Parts | undefined> {
  for (let i = 0; i < wanted.length; i++) {
    const piece = wanted[i]!
    if (piece.kind === 'slot') {
      const next = wanted[i + 1]
      const end = next?.kind === 'text' ? next.atoms[0] : undefined
      if (piece.slot === 'value' && values && end !== undefined) {
        const found = yield* valueSlot(reader, end, parts, values)
        if (!found) return undefined
        parts.value = found.text
        // Without its end nothing more of it comes.
        if (!found.closed) return parts
        continue
      }
      const text = yield* slot(reader, piece.slot, end)
      if (text === undefined) return undefined
      parts[piece.slot] = text
    } else {
      if (!(yield* all(reader, piece.atoms))) return undefined
      if (piece.kind === 'tag') {
        const { text, marker } = yield* reader.until(['>', '\n'])
        if (marker !== '>') return undefined
        for (const [name, place] of piece.attributes) {
          const value = attribute(text, name)
          if (value !== undefined) parts[place] = value
        }
      }
    }
  }
  return parts
}

/** The text in a place; `end` stays. */
function* slot(reader: AnswerReader, place: Slot, end: string | undefined): Reading<string | undefined> {
  if (place === 'name' || end === undefined) {
    yield* reader.space()
    return yield* reader.characters((c) => NAME.test(c))
  }
  const { text, marker } = yield* reader.until([end, '\n'])
  if (marker !== end) return undefined
  reader.unread(end)
  return text.trim()
}

/** A raw value; what ends it stays. */
function* valueSlot(
  reader: AnswerReader,
  end: string,
  parts: Parts,
  { listen, missingEnd }: Values,
): Reading<{ text: string; closed: boolean } | undefined> {
  if ((yield* reader.take(['<![CDATA['])) !== undefined) {
    const { text } = yield* reader.until([']]>'])
    if ((yield* reader.until([end])).marker === undefined) return undefined
    reader.unread(end)
    return { text, closed: true }
  }
  const heard = listen(parts)
  const { mark, after, strip } = missingEnd
  const next = strip ? `\n${mark}` : mark
  const others = [...(mark === '' ? [] : [next]), ...(after[0] === undefined ? [] : [`\n${after[0]}`])]
  const taken: string[] = []
  for (;;) {
    const { text, marker } = yield* reader.until([end, ...others], heard)
    taken.push(text)
    if (marker === undefined) return undefined
    const isEnd = marker !== end && (yield* goesOn(reader, marker === next, missingEnd, parts.key))
    if (marker === end || isEnd) {
      const line = isEnd && marker.startsWith('\n') ? '\n' : ''
      reader.unread(marker.slice(line.length))
      // The line end is the tags': where one is taken off at each side of a value, it is the one at this side.
      const kept = strip && parts.string === undefined && parts.type === undefined ? line : ''
      if (kept !== '') heard?.(kept)
      return { text: taken.join('') + kept, closed: marker === end }
    }
    taken.push(marker)
    heard?.(marker)
  }
}

/** Whether the call goes on after the mark as if the value had its end: with another argument, or with the call's own end. */
function* goesOn(
  reader: AnswerReader,
  isArgument: boolean,
  { head, after, isNew }: MissingEnd,
  current: string | undefined,
): Reading<boolean> {
  if (reader.isTired) return false
  if (!isArgument) return yield* peek(reader, (r) => all(r, after.slice(1)))
  const key = (yield* peek(reader, (r) => pieces(r, head, {})))?.key
  return key !== undefined && key !== current && isNew(key)
}

/** The value of `name="value"`; quotes may be single or left out. */
function attribute(text: string, name: string): string | undefined {
  const match = new RegExp(`(?:^|\\s)${name}=(?:"([^"]*)"|'([^']*)'|(\\S+))`).exec(text)
  return match?.[1] ?? match?.[2] ?? match?.[3]
}

/** The name in an id such as `functions.f:0`, whose ends may be missing. */
function nameIn(id: string | undefined, holds: string): string | undefined {
  const [before = '', after = ''] = holds.split('$name')
  const escaped = before.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
  const number = after.replace('$index', '\\d+')
  return id === undefined ? undefined : new RegExp(`^(?:${escaped})?(.+?)(?:${number})?$`, 's').exec(id)?.[1]
}
