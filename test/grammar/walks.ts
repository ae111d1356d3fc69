// Random walks through a grammar, token by token, as a model at a high temperature takes them; and what every mask on the way
// has to hold.
import type { Automaton } from '../../src/grammar/automaton/automaton.js'
import type { TokenMasks } from '../../src/grammar/masks/masks.js'
import { STOPS, WORDS } from './words.js'

/** After so many tokens a walk takes whatever closes things. */
const LONG = 150
/** A walk that is not over by chance then goes the shortest way to an end. */
const LOST = 250
/** States among which that way is sought, first without brackets that open, blanks and most digits. */
const SOUGHT = 60_000
const GROWING = new Set(Buffer.from('{[ \n\t\r-.123456789'))

const isClosing = (bytes: Uint8Array | undefined): boolean =>
  bytes !== undefined && bytes.length <= 2 && '"}]'.includes(String.fromCharCode(bytes[0]!)) && bytes[1] !== 0x2c
const CLOSING = new Set(WORDS.flatMap((bytes, id) => (isClosing(bytes) ? [id] : [])))
/** Single bytes beyond ASCII: chosen at random they would be most of a text. */
const isRare = (id: number): boolean => id >= 128 && id < 256

/** Ids that a mask allows, those that end an answer left out. */
export function allowedIn(mask: Int32Array): number[] {
  const ids: number[] = []
  for (let word = 0; word < mask.length; word++)
    for (let bits = mask[word]!; bits !== 0; bits &= bits - 1) {
      const id = word * 32 + 31 - Math.clz32(bits & -bits)
      if (!STOPS.has(id)) ids.push(id)
    }
  return ids
}

export function isAllowed(mask: Int32Array, id: number): boolean {
  return ((mask[id >> 5]! >>> (id & 31)) & 1) === 1
}

/** Says which tokens a mask has that the automaton refuses byte by byte, or lacks that it takes. Nothing: they are equal. */
export function maskFault(automaton: Automaton, mask: Int32Array, state: number): string | undefined {
  for (const stop of STOPS)
    if (isAllowed(mask, stop) !== automaton.accepts(state))
      return `the end is ${isAllowed(mask, stop) ? '' : 'not '}in the mask`
  for (const [id, bytes] of WORDS.entries()) {
    if (STOPS.has(id)) continue
    let next = bytes === undefined ? 0 : state
    for (const byte of bytes ?? []) if (next !== 0) next = automaton.go(next, byte)
    if (isAllowed(mask, id) === (next !== 0)) continue
    return `token ${id} ${JSON.stringify(Buffer.from(bytes ?? []).toString())} is ${next === 0 ? '' : 'not '}in the mask`
  }
  return undefined
}

interface WalkOptions {
  readonly random: () => number
  /** Compares every mask with what the automaton says byte by byte. */
  readonly brute?: boolean
}

/** The text of one walk. @throws Error where nothing may follow, where the walk does not end, or a mask is wrong. */
export function walk(automaton: Automaton, masks: TokenMasks, { random, brute = false }: WalkOptions): string {
  const pieces: Uint8Array[] = []
  const text = (): string => Buffer.concat(pieces).toString()
  const tail = (): string => JSON.stringify(text().slice(-120))
  for (let state = automaton.initial; ;) {
    const mask = masks.mask(state)
    const fault = brute ? maskFault(automaton, mask, state) : undefined
    if (fault !== undefined) throw new Error(`after ${tail()}: ${fault}`)
    const ids = allowedIn(mask)
    if (ids.length === 0 && !automaton.accepts(state)) throw new Error(`nothing may follow ${tail()}`)
    if (automaton.accepts(state) && (ids.length === 0 || random() < (pieces.length > LONG ? 0.9 : 0.4))) return text()
    if (pieces.length > LOST) return Buffer.concat([...pieces, endOf(automaton, state, tail())]).toString()
    const id = chosen(ids, random, pieces.length > LONG)
    const next = masks.after(state, id)
    if (next === 0) throw new Error(`token ${id} is in the mask and refused after ${tail()}`)
    state = next
    pieces.push(WORDS[id]!)
  }
}

function chosen(ids: readonly number[], random: () => number, closing: boolean): number {
  const any = (from: readonly number[]): number => from[Math.floor(random() * from.length)]!
  const closers = ids.filter((id) => CLOSING.has(id))
  if (closers.length > 0 && random() < (closing ? 0.9 : 0.2)) return any(closers)
  const likely = ids.filter((id) => !isRare(id))
  return any(likely.length > 0 && random() < 0.99 ? likely : ids)
}

/** A short text after which the answer may end. @throws Error where none is found */
function endOf(automaton: Automaton, state: number, tail: string): Uint8Array {
  const end = shortestEnd(automaton, state, GROWING) ?? shortestEnd(automaton, state, new Set())
  if (end === undefined) throw new Error(`the walk does not end: ${tail}`)
  return end
}

function shortestEnd(automaton: Automaton, state: number, without: ReadonlySet<number>): Uint8Array | undefined {
  const { count, example } = automaton.classes
  const cameFrom = new Map<number, { from: number; byte: number }>([[state, { from: 0, byte: 0 }]])
  for (const [from] of cameFrom) {
    if (automaton.accepts(from)) {
      const bytes: number[] = []
      for (let at = from; at !== state; at = cameFrom.get(at)!.from) bytes.push(cameFrom.get(at)!.byte)
      return Uint8Array.from(bytes.reverse())
    }
    for (let byteClass = 0; byteClass < count && cameFrom.size < SOUGHT; byteClass++) {
      if (without.has(example[byteClass]!)) continue
      const to = automaton.go(from, example[byteClass]!)
      if (to !== 0 && !cameFrom.has(to)) cameFrom.set(to, { from, byte: example[byteClass]! })
    }
  }
  return undefined
}
