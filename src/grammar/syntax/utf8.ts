/** Sets of characters as sequences of byte ranges. */
import type { CodeRanges } from './characters.js'

/** Ranges of bytes, one after the other: characters whose UTF-8 has each byte within its range. */
export type ByteRanges = readonly (readonly [number, number])[]

/** Last codes of 1, 2 and 3 bytes. */
const LAST_OF_LENGTH = [0x7f, 0x7ff, 0xffff]

/** The sequences of byte ranges that are exactly these characters. Surrogates are no characters. */
export function byteRangesOf(ranges: CodeRanges): ByteRanges[] {
  const result: ByteRanges[] = []
  for (const [from, to] of ranges) {
    add(from, Math.min(to, 0xd7ff), result)
    add(Math.max(from, 0xe000), to, result)
  }
  return result
}

function add(from: number, to: number, result: ByteRanges[]): void {
  if (from > to) return
  const last = LAST_OF_LENGTH.find((end) => from <= end && to > end)
  if (last !== undefined) return split(from, last, to, result)
  if (to < 0x80) {
    result.push([[from, to]])
    return
  }
  // Where leading bytes differ, the bytes after them have to range over all that there are.
  for (let shift = 6; shift < 24; shift += 6) {
    const low = (1 << shift) - 1
    if ((from & ~low) === (to & ~low)) continue
    if ((from & low) !== 0) return split(from, from | low, to, result)
    if ((to & low) !== low) return split(from, (to & ~low) - 1, to, result)
  }
  const least = utf8Of(from)
  const most = utf8Of(to)
  result.push(least.map((byte, i) => [byte, most[i]!] as const))
}

function split(from: number, last: number, to: number, result: ByteRanges[]): void {
  add(from, last, result)
  add(last + 1, to, result)
}

function utf8Of(code: number): number[] {
  if (code < 0x800) return [0xc0 | (code >> 6), tail(code)]
  if (code < 0x10000) return [0xe0 | (code >> 12), tail(code >> 6), tail(code)]
  return [0xf0 | (code >> 18), tail(code >> 12), tail(code >> 6), tail(code)]
}

function tail(code: number): number {
  return 0x80 | (code & 0x3f)
}

/**
 * The bytes of whole characters: UTF8[state][byte] is the next state, 0 between characters, -1 where no UTF-8 continues so.
 * States 1 to 3 want that many more bytes; 4 to 7 follow e0, ed, f0 and f4, after which some bytes may not come.
 */
export const UTF8: readonly Int8Array[] = utf8States()
/** Bytes before which {@link UTF8} may change. */
export const UTF8_CUTS = [0x80, 0x90, 0xa0, 0xc0, 0xc2, 0xe0, 0xe1, 0xed, 0xee, 0xf0, 0xf1, 0xf4, 0xf5]

function utf8States(): Int8Array[] {
  const states = Array.from({ length: 8 }, () => new Int8Array(256).fill(-1))
  const fill = (state: number, from: number, to: number, next: number) => states[state]!.fill(next, from, to + 1)
  fill(0, 0x00, 0x7f, 0)
  fill(0, 0xc2, 0xdf, 1)
  fill(0, 0xe1, 0xef, 2)
  fill(0, 0xf1, 0xf3, 3)
  fill(0, 0xe0, 0xe0, 4)
  fill(0, 0xed, 0xed, 5)
  fill(0, 0xf0, 0xf0, 6)
  fill(0, 0xf4, 0xf4, 7)
  for (const state of [1, 2, 3]) fill(state, 0x80, 0xbf, state - 1)
  fill(4, 0xa0, 0xbf, 1)
  fill(5, 0x80, 0x9f, 1)
  fill(6, 0x90, 0xbf, 2)
  fill(7, 0x80, 0x8f, 2)
  return states
}
