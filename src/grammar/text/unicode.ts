/** Sets of characters that the runtime knows: properties, and which characters are equal where case is ignored. */
import { complement, includesCode, LAST_CODE, normalized, type CodeRanges } from '../syntax/characters.js'

export const DIGIT: CodeRanges = [[48, 57]]
export const WORD: CodeRanges = [[48, 57], [65, 90], [95, 95], [97, 122]] // prettier-ignore
export const SPACE: CodeRanges = [[9, 13], [32, 32], [0xa0, 0xa0], [0x1680, 0x1680], [0x2000, 0x200a], [0x2028, 0x2029], [0x202f, 0x202f], [0x205f, 0x205f], [0x3000, 0x3000], [0xfeff, 0xfeff]] // prettier-ignore
export const LINE_ENDS: CodeRanges = [[10, 10], [13, 13], [0x2028, 0x2029]] // prettier-ignore

/** Characters are tried in pieces of so many. */
const PIECE = 0x800
/** The planes whose characters differ; the others are unassigned or for private use. */
const ASSIGNED_PLANES = [0, 1, 2, 3, 14]
const properties = new Map<string, CodeRanges>()

/**
 * The characters of a property, as the runtime's own tables have them: `\p{name}` is tried on every character, once.
 * @param name Of letters, digits, `_` and `=` only, so that nothing but a property stands in the braces.
 * @returns undefined where the runtime does not know it
 */
export function propertyRanges(name: string): CodeRanges | undefined {
  const known = properties.get(name)
  if (known || !/^\w+(=\w+)?$/.test(name)) return known
  let runs: RegExp
  try {
    runs = new RegExp(`\\p{${name}}+`, 'gu')
  } catch {
    return undefined
  }
  const result = normalized([...charactersIn(runs)])
  properties.set(name, result)
  return result
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

const classesOf = new Map<Folding, readonly (readonly number[])[]>()

/** `ranges`, and all that are equal to one of them where case is ignored. */
export function ignoringCase(ranges: CodeRanges, folding: Folding): CodeRanges {
  const added: [number, number][] = []
  for (const equal of equalCharacters(folding))
    if (equal.some((code) => includesCode(ranges, code))) for (const code of equal) added.push([code, code])
  return normalized([...ranges, ...added])
}

/** All sets of two or more characters that are equal where case is ignored. */
function equalCharacters(folding: Folding): readonly (readonly number[])[] {
  let classes = classesOf.get(folding)
  if (!classes) {
    classes = folding === 'legacy' ? grouped(legacyKey) : [...grouped(roughKey)].flatMap(sameByTheRuntime)
    classesOf.set(folding, classes)
  }
  return classes
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
