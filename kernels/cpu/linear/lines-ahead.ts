// The lines of memory that a product will come to, read while it is at earlier ones. WebAssembly has no instruction for that, so they are
// loaded: eight at a time, each from another page, since a processor fetches the lines of one page one after the other, and of several side
// by side; and seldom enough that it sees the next eight before it has done what lies between.
import { scratch } from '../control'
import { touchedAt } from '../scratch.generated'
import { touch } from '../touch'

const LINE: usize = 64
const PAGE: usize = 4096
/** Lines that are read at a time. */
const LINES: usize = 8
/** What is read while as many bytes before it are multiplied. */
export const WINDOW: usize = LINES * PAGE
/** A stream of less is not worth it. */
const LEAST: usize = 16384
const NEVER: usize = usize.MAX_VALUE

/** Where a product comes to when the next lines are due; where these are; and the ends of this window and of the last but one. */
let due: usize = NEVER
let lines: usize = 0
let windowEnd: usize = 0
let lastEnd: usize = 0

/** A product is at byte p of the stream. @inline */
export function readAheadOf(p: usize): void {
  while (p >= due) {
    readLines(lines)
    due += LINES * LINE
    lines += LINE
    if (due == windowEnd) {
      windowEnd += WINDOW
      lines += WINDOW - PAGE
      if (due == lastEnd) due = NEVER
    }
  }
}

/** The line at p and those as far into the next seven pages; offsets in an instruction have to be literals, and a loop is 4 to 8 % slower. @inline */
function readLines(p: usize): void {
  const read =
    load<u64>(p) ^
    load<u64>(p, 4096) ^
    load<u64>(p, 8192) ^
    load<u64>(p, 12288) ^
    load<u64>(p, 16384) ^
    load<u64>(p, 20480) ^
    load<u64>(p, 24576) ^
    load<u64>(p, 28672)
  store<u64>(scratch + <usize>touchedAt(), read)
}

/** Reads WINDOW bytes. */
export function readWindow(p: usize): void {
  for (let q = p; q < p + PAGE; q += LINE) readLines(q)
}

/** Reads the first bytes of a stream; readAheadOf() reads the others. */
export function beginStream(p: usize, bytes: usize): void {
  due = NEVER
  if (bytes < LEAST) return
  const over = bytes % WINDOW,
    first = p + over
  touch(p, over)
  if (bytes < WINDOW) return
  readWindow(first)
  lastEnd = p + bytes - WINDOW
  if (first == lastEnd) return
  due = first
  windowEnd = first + WINDOW
  lines = windowEnd
}

/** Nothing is read ahead from here on. */
export function endStream(): void {
  due = NEVER
}
