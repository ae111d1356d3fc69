// A head's part of a page of the cache in q8. Of keys: codes i8 [64][E] and scales f16 [E / 32][64]; a key whose first
// scale is negative is stored as its difference to the one before it (append-q8.ts). Of values: codes i8 [32][Ev][2], two positions side by
// side, and scales f16 [Ev / 32][64]. E and Ev are rounded up to multiples of 32.
import { PAGE_SIZE } from '../contract.generated'

/** Columns of n with the last block filled up. @inline */
export function whole(n: i32): i32 {
  return (n + 31) & ~31
}
/** Bytes of a head's keys or values in a page: codes, then scales. @inline */
export function headBytes(columns: i32): usize {
  return <usize>(PAGE_SIZE * columns + ((PAGE_SIZE * columns) >> 4))
}
/** @inline */
export function scalesOf(part: usize, columns: i32): usize {
  return part + <usize>(PAGE_SIZE * columns)
}
/** Of a block of 32 columns at a place of the page. @inline */
export function scaleAt(part: usize, columns: i32, block: i32, place: i32): usize {
  return scalesOf(part, columns) + ((<usize>(block * PAGE_SIZE + place)) << 1)
}
/** x [n] and zeros, to out [N]. */
export function fillUp(x: usize, n: i32, out: usize, N: i32): void {
  memory.copy(out, x, (<usize>n) << 2)
  memory.fill(out + ((<usize>n) << 2), 0, (<usize>(N - n)) << 2)
}
