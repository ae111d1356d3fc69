// Weights read ahead of the products of a few rows (lines-ahead.ts). A product has so many instructions for each line of memory that a processor
// which looks few instructions ahead waits for one line after the other, and one that looks further has the lines come by itself.
// Which this one is, threads find out while they work, each for itself: now and then pieces are done both ways in turn, and
// timed. What comes out of a product is the same.
import { clock } from '../clock'
import { beginStream, endStream } from './lines-ahead'

/** Most rows of x: with more, products take longer than their weights take to come, and the strip's table (linear-int.ts) would lie where readLines writes. */
const MOST_ROWS: i32 = 12
/** Bytes of a piece that is worth timing. */
const LEAST_TIMED: usize = 65536
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
/** The end of the last piece where the next one may be of the same stream, and the end of that. */
let pieceEnd: usize = 0
let streamEnd: usize = 0

/**
 * Before `n` rows of x, 0 for those of a panel, times a piece of `size` bytes at p, after which this thread will most likely take more pieces,
 * up to `end`. endPiece() comes after.
 */
export function beginPiece(p: usize, size: usize, end: usize, n: i32): void {
  const few = n > 0 && n <= MOST_ROWS
  isTimed = few && rest == 0 && size >= LEAST_TIMED
  if (isTimed) return beginTimed(p, size, n)
  if (rest > 0) rest--
  if (!reads || !few) {
    streamEnd = 0
    return endStream()
  }
  if (p != pieceEnd || p >= streamEnd) {
    beginStream(p, end - p)
    streamEnd = end
  }
  pieceEnd = p + size
}

/** A timed piece is a stream by itself. */
function beginTimed(p: usize, size: usize, n: i32): void {
  // the second of a pair is as large as the first
  isSecond = isSecond && size == bytes && n == rows
  // which way is the first one's changes: the second may find the processor warmer
  isAhead = isSecond != ((pairs & 1) == 0)
  rows = n
  bytes = size
  streamEnd = 0
  began = clock()
  if (isAhead) beginStream(p, size)
  else endStream()
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
