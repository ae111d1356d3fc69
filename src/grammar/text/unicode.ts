/** Sets of characters that the runtime knows: properties, and which characters are equal where case is ignored. */
import { complement, LAST_CODE, normalized, type CodeRanges } from '../syntax/characters.js'

export const DIGIT: CodeRanges = [[48, 57]]
export const WORD: CodeRanges = [[48, 57], [65, 90], [95, 95], [97, 122]] // prettier-ignore
export const SPACE: CodeRanges = [[9, 13], [32, 32], [0xa0, 0xa0], [0x1680, 0x1680], [0x2000, 0x200a], [0x2028, 0x2029], [0x202f, 0x202f], [0x205f, 0x205f], [0x3000, 0x3000], [0xfeff, 0xfeff]] // prettier-ignore
export const LINE_ENDS: CodeRanges = [[10, 10], [13, 13], [0x2028, 0x2029]] // prettier-ignore

/** Characters are tried in pieces of this many. */
const PIECE = 0x800
/** The planes whose characters differ; the others are unassigned or for private use. */
const ASSIGNED_PLANES = [0, 1, 2, 3, 14]
const known = new Map<string, CodeRanges>()

/**
 * The characters of a property, as the runtime's own tables have them: it is tried on every character, once.
 * @param name Of letters, digits, `_` and `=` only, so that nothing but a property stands in the braces.
 * @returns undefined where the runtime does not know it
 */
export function propertyRanges(name: string): CodeRanges | undefined {
  if (!/^\w+(=\w+)?$/.test(name)) return undefined
  try {
    return classRanges(`\\p{${name}}`)
  } catch {
    return undefined
  }
}

/** The characters that one class matches with the flag u. It is run, so it must be our own. */
export function classRanges(source: string): CodeRanges {
  let ranges = known.get(source)
  if (!ranges) {
    ranges = normalized([...charactersIn(new RegExp(`${source}+`, 'gu'))])
    known.set(source, ranges)
  }
  return ranges
}

function* charactersIn(runs: RegExp): Iterable<readonly [number, number]> {
  for (let plane = 0; plane <= LAST_CODE >> 16; plane++) {
    if (ASSIGNED_PLANES.includes(plane)) yield* pieceByPiece(runs, plane << 16)
    else yield* alike(runs, plane << 16)
  }
}

function* pieceByPiece(runs: RegExp, plane: number): Iterable<readonly [number, number]> {
  const units = plane > 0 ? 2 : 1
  const codes = new Array<number>(PIECE)
  for (let from = plane; from < plane + 0x10000; from += PIECE) {
    if (from === 0xd800) continue // surrogates are no characters, and would pair up
    for (let i = 0; i < PIECE; i++) codes[i] = from + i
    for (const { 0: run, index } of String.fromCodePoint(...codes).matchAll(runs))
      yield [from + index / units, from + (index + run.length) / units - 1]
  }
}

/** All characters of a plane but its last two, which are no characters anywhere, have the same properties. */
function* alike(runs: RegExp, plane: number): Iterable<readonly [number, number]> {
  const has = (code: number): boolean => String.fromCodePoint(code).search(runs) === 0
  if (has(plane)) yield [plane, plane + 0xfffd]
  if (has(plane + 0xfffe)) yield [plane + 0xfffe, plane + 0xffff]
}

/** How case is ignored: by simple folding (flag u or v), or by upper case within the Basic Multilingual Plane. */
export type Folding = 'unicode' | 'legacy'

/** Sets of two or more characters that are equal, and each of their characters with the number of its set, in order. */
interface Equals {
  readonly sets: readonly (readonly number[])[]
  readonly members: readonly { readonly code: number; readonly set: number }[]
}

const equalsOf = new Map<Folding, Equals>()

/** `ranges`, and all that are equal to one of them where case is ignored. */
export function ignoringCase(ranges: CodeRanges, folding: Folding): CodeRanges {
  const { sets, members } = equalCharacters(folding)
  const touched = new Set<number>()
  let at = 0
  for (const [from, to] of normalized(ranges)) {
    while (at < members.length && members[at]!.code < from) at++
    for (; at < members.length && members[at]!.code <= to; at++) touched.add(members[at]!.set)
  }
  const added = [...touched].flatMap((set) => sets[set]!.map((code) => [code, code] as const))
  return added.length === 0 ? ranges : normalized([...ranges, ...added])
}

function equalCharacters(folding: Folding): Equals {
  let equals = equalsOf.get(folding)
  if (!equals) {
    const sets = folding === 'legacy' ? grouped(legacyKey) : grouped(roughKey).flatMap(sameByTheRuntime)
    const members = sets.flatMap((codes, set) => codes.map((code) => ({ code, set }))).sort((a, b) => a.code - b.code)
    equals = { sets, members }
    equalsOf.set(folding, equals)
  }
  return equals
}

function grouped(key: (code: number) => string | number): number[][] {
  const groups = new Map<string | number, number[]>()
  const cased = propertyRanges('Changes_When_Casemapped') ?? []
  for (const [from, to] of cased)
    for (let code = from; code <= to; code++) {
      const group = groups.get(key(code))
      if (group) group.push(code)
      else groups.set(key(code), [code])
    }
  return [...groups.values()].filter((group) => group.length > 1)
}

/** ECMAScript's Canonicalize without the flag u. https://tc39.es/ecma262/#sec-runtime-semantics-canonicalize-ch */
function legacyKey(code: number): number {
  if (code > 0xffff) return code
  const upper = String.fromCharCode(code).toUpperCase()
  const to = upper.charCodeAt(0)
  return upper.length !== 1 || (code >= 128 && to < 128) ? code : to
}

/** Equal for all that simple folding makes equal, and for some more. */
function roughKey(code: number): string {
  return String.fromCodePoint(code).toUpperCase().toLowerCase().toUpperCase()
}

/** Splits a group into those that the runtime itself takes for equal. */
function sameByTheRuntime(group: readonly number[]): number[][] {
  const classes: number[][] = []
  for (const code of group) {
    const test = new RegExp(`^\\u{${code.toString(16)}}$`, 'iu')
    const same = classes.find((members) => test.test(String.fromCodePoint(members[0]!)))
    if (same) same.push(code)
    else classes.push([code])
  }
  return classes.filter((members) => members.length > 1)
}

/** `ranges` without `removed`. */
export function difference(ranges: CodeRanges, removed: CodeRanges): CodeRanges {
  return complement([...complement(ranges), ...removed])
}
