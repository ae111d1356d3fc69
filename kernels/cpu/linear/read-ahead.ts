// Weights read ahead of the products of a few rows (touch.ts). A product has so many instructions for each line of memory that a processor
// which looks few instructions ahead waits for one line after the other, and one that looks further has the lines come by itself.
// Which this one is, threads find out while they work, each for itself: now and then pieces are done both ways in turn, and
// timed. What comes out of a product is the same.
import { clock } from '../clock'

/** Most rows of x: with more, products take longer than their weights take to come, and the strip's table (linear-int.ts) would lie where touch writes. */
const MOST_ROWS: i32 = 8
/** What is read at a time: the nearest cache has room for it. */
const AT_ONCE: usize = 32768
/** Bytes of a piece that is worth timing, and reading ahead. */
const LEAST: usize = 65536
/** A trial ends when one way was the faster of so many more pairs of pieces, or after so many pairs. */
const LEAD: i32 = 12
const PAIRS: i32 = 96
/** Pieces from one trial to the next. */
const REST: i32 = 16384

/** Whether pieces are read ahead outside of trials. */
let reads: boolean = false
/** Pieces until the next trial; 0 while one goes on. */
let rest: i32 = 0
let pairs: i32 = 0
/** By how many pairs reading ahead is the faster way. */
let lead: i32 = 0
/** The piece at hand: whether it is timed; the second of its pair; read ahead; its rows of x, its bytes, and when it began. */
let isTimed: boolean = false
let isSecond: boolean = false
let isAhead: boolean = false
let rows: i32 = 0
let bytes: usize = 0
let began: f64 = 0
/** Milliseconds that the first of the pair took. */
let first: f64 = 0

/** Before `n` rows of x times a piece of `size` bytes: how many of them to read at a time, 0 for none. endPiece() comes after. */
export function beginPiece(size: usize, n: i32): usize {
  isTimed = false
  if (n > MOST_ROWS || size < LEAST) return 0
  if (rest > 0) {
    rest--
    return reads ? AT_ONCE : 0
  }
  // the second of a pair is as large as the first
  isSecond = isSecond && size == bytes && n == rows
  // which way is the first one's changes: the second may find the processor warmer
  isAhead = isSecond != ((pairs & 1) == 0)
  isTimed = true
  rows = n
  bytes = size
  began = clock()
  return isAhead ? AT_ONCE : 0
}

export function endPiece(): void {
  if (!isTimed) return
  const time = clock() - began
  if (isSecond) compare(isAhead ? time : first, isAhead ? first : time)
  else first = time
  isSecond = !isSecond
}

/** Milliseconds of a piece that was read ahead, and of one that was not. */
function compare(ahead: f64, plain: f64): void {
  pairs++
  lead += ahead < plain ? 1 : -1
  if (abs(lead) < LEAD && pairs < PAIRS) return
  reads = lead > 0
  rest = REST
  pairs = 0
  lead = 0
}
