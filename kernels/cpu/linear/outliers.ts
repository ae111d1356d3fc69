// The activation that quantize.ts leaves out of a row's codes, times its column of the weights: in f32, so that one that is much larger than
// the others does not make the steps of its whole block coarse.
import { Matrix, X_BLOCK_BYTES } from '../contract.generated'
import { scratch } from '../control'
import { column } from '../weights/column'
import { blocksOf, codesAt, groupAt, groupBytes, runAt, scalesAt } from '../weights/descriptor'
import { madd } from '../simd'
import { outAt, xAt } from './sums'

/** Where the eight weights lie in scratch: before the table of a strip, after what linear-int.ts keeps of a group's last rows. */
const WEIGHTS: usize = 32

/** Adds it to the rows of groups [g0, g1) of `n` rows of x, at most 64. */
export function addOutliers(d: Matrix, g0: i32, g1: i32, table: usize, n: i32, to: usize): void {
  const tail = <usize>blocksOf(d) * X_BLOCK_BYTES
  // Bit i: row i still has one to add. Most rows have it in the same column, whose weights are widened once for all of them.
  let left: u64 = 0
  for (let i = 0; i < n; i++) if (load<i32>(xAt(table, i) + tail) >= 0) left |= (<u64>1) << i
  while (left) {
    const col = load<i32>(xAt(table, <usize>ctz(left)) + tail)
    let rows: u64 = 0
    for (let rest = left; rest; rest &= rest - 1) {
      const i = ctz(rest)
      if (load<i32>(xAt(table, <usize>i) + tail) == col) rows |= (<u64>1) << i
    }
    addColumn(d, g0, g1, col, rows, table, tail, to)
    left ^= rows
  }
}

/** Column `col` times the activations of those rows: of one, as in decoding, or of many. */
function addColumn(d: Matrix, g0: i32, g1: i32, col: i32, rows: u64, table: usize, tail: usize, to: usize): void {
  const group = groupBytes(d),
    codes = codesAt(d, col >> 5),
    scales = scalesAt(d, col >> 5),
    weights = scratch + WEIGHTS
  let run = groupAt(d, g0) + runAt(d, col >> 5)
  if (popcnt(rows) == 1) {
    const i = <usize>ctz(rows),
      value = v128.load32_splat(xAt(table, i) + tail, 4)
    let out = outAt(table, i, to)
    for (const end = out + ((<usize>(g1 - g0)) << 5); out < end; run += group, out += 32) {
      column(d, run, run + codes, run + scales, col & 31, weights)
      v128.store(out, madd(v128.load(weights), value, v128.load(out)))
      v128.store(out, madd(v128.load(weights, 16), value, v128.load(out, 16)), 16)
    }
    return
  }
  for (let g = g0; g < g1; g++, run += group, to += 32) {
    column(d, run, run + codes, run + scales, col & 31, weights)
    const first = v128.load(weights),
      others = v128.load(weights, 16)
    for (let rest = rows; rest; rest &= rest - 1) {
      const i = <usize>ctz(rest),
        value = v128.load32_splat(xAt(table, i) + tail, 4),
        out = outAt(table, i, to)
      v128.store(out, madd(first, value, v128.load(out)))
      v128.store(out, madd(others, value, v128.load(out, 16)), 16)
    }
  }
}
