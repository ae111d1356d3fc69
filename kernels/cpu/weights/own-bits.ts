// Codes of six and five bits, unpacked. A block of eight rows and 32 columns is 128 bytes of nibbles as int4 has them,
// then the upper bits, for all rows alike, so that one shift serves them.
//   int6      two times 32 bytes: byte 4r + i of half h has those of row r, in columns 8h + i (bits 0 and 1),
//             16 + 8h + i (2, 3), 8h + 4 + i (4, 5) and 20 + 8h + i (6, 7)
//   int5_min  32 bytes: byte 4r + i has those of row r, in columns 4j + i (bit j) and 16 + 4j + i (bit 4 + j)

// Columns 8h + i and 16 + 8h + i, from their nibbles and upper bits; and those four later.
/** @inline */
export function sixLow(q: v128, upper: v128, mask: v128, two: v128): v128 {
  return v128.or(v128.and(q, mask), v128.and(i16x8.shl(upper, 4), two))
}
/** @inline */
export function sixHigh(q: v128, upper: v128, mask: v128, two: v128): v128 {
  return v128.or(v128.and(i16x8.shr_u(q, 4), mask), v128.and(i16x8.shl(upper, 2), two))
}
/** @inline */
export function nextSixLow(q: v128, upper: v128, mask: v128, two: v128): v128 {
  return v128.or(v128.and(q, mask), v128.and(upper, two))
}
/** @inline */
export function nextSixHigh(q: v128, upper: v128, mask: v128, two: v128): v128 {
  return v128.or(v128.and(i16x8.shr_u(q, 4), mask), v128.and(i16x8.shr_u(upper, 2), two))
}

// Columns 4j + i and 16 + 4j + i, from their nibbles and upper bits that were shifted j to the right.
/** @inline */
export function fiveLow(q: v128, upper: v128, mask: v128, one: v128): v128 {
  return v128.or(v128.and(q, mask), v128.and(i16x8.shl(upper, 4), one))
}
/** @inline */
export function fiveHigh(q: v128, upper: v128, mask: v128, one: v128): v128 {
  return v128.or(v128.and(i16x8.shr_u(q, 4), mask), v128.and(upper, one))
}
