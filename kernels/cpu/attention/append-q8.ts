// Keys and values on their way into the cache in q8 (page-q8.ts).
//
// Keys of a head have much in common: biases, and columns that are far from 0 in all of them (KIVI, arXiv 2402.02750,
// section 3), which hardly turn from one position to the next. Attention sees none of what is the same for all keys, but
// codes would spend their bits on it. So a key is stored as its difference to the one before it in its page, as that came
// out of its codes, where the difference is less than the key; errors do not add up.
import { AppendKeysQ8Record, PAGE_SIZE } from '../contract.generated'
import { endOwn, firstOwn, rowsOf, scratch } from '../control'
import { heldF16Unit } from '../held'
import { appendedBeforeAt, appendedRestAt, appendedRowAt } from '../scratch.generated'
import { larger, largest, rounded, sum4, toHalf, widenF16x4 } from '../simd'
import { turn } from './hadamard'
import { pagePtr, positionOf, sequenceOf } from './page'
import { fillUp, headBytes, scaleAt, whole } from './page-q8'

/** All rows of every head that is this thread's, in order. */
export function appendKeysQ8(rec: AppendKeysQ8Record): void {
  const rows = rowsOf(rec),
    n = rec.columns,
    columns = whole(n),
    row = scratch + <usize>appendedRowAt(),
    before = scratch + <usize>appendedBeforeAt(columns),
    rest = scratch + <usize>appendedRestAt(columns)
  for (let h = firstOwn(rec.heads), end = endOwn(rec.heads); h < end; h++) {
    let relative = false
    for (let t = 0; t < rows; t++) {
      const position = positionOf(t),
        place = position % PAGE_SIZE,
        part = pagePtr(sequenceOf(t), position / PAGE_SIZE) + rec.pages + <usize>h * headBytes(columns)
      if (place > 0) {
        // after the row before this one, it has the key before that one's
        if (follows(t)) addKeys(part, columns, place - 1, place - 1, relative, before)
        else readKey(part, columns, place - 1, before)
      }
      fillUp(rec.xRow(t) + ((<usize>(h * n)) << 2), n, row, columns)
      turn(row, columns)
      relative = place > 0 && subtract(row, before, columns, rest)
      appendRow(relative ? rest : row, part, columns, place, part + <usize>(place * columns), 1)
      if (relative) {
        const scale = scaleAt(part, columns, 0, place)
        store<u16>(scale, load<u16>(scale) | 0x8000)
      }
    }
  }
}

/** Whether row t is of the position after the row before it, in the same sequence. @inline */
function follows(t: i32): boolean {
  return t > 0 && sequenceOf(t - 1) == sequenceOf(t) && positionOf(t - 1) + 1 == positionOf(t)
}

/** The key at a place as codes have it, to out [columns]. */
function readKey(part: usize, columns: i32, place: i32, out: usize): void {
  let first = place
  while (first > 0 && load<i16>(scaleAt(part, columns, 0, first)) < 0) first--
  addKeys(part, columns, first, place, false, out)
}

/** What codes say at places [first, last], in that order, added up to out [columns]; to what it has where there is `more`. */
function addKeys(part: usize, columns: i32, first: i32, last: i32, more: boolean, out: usize): void {
  const zero = f32x4.splat(0)
  for (let c = 0; c < columns; c += 16, out += 64) {
    let scale = scaleAt(part, columns, c >> 5, first),
      p = part + <usize>(first * columns + c),
      a0 = more ? v128.load(out) : zero,
      a1 = more ? v128.load(out, 16) : zero,
      a2 = more ? v128.load(out, 32) : zero,
      a3 = more ? v128.load(out, 48) : zero
    for (const end = part + <usize>(last * columns + c); p <= end; p += <usize>columns, scale += 2) {
      const codes = v128.load(p),
        lower = i16x8.extend_low_i8x16_s(codes),
        upper = i16x8.extend_high_i8x16_s(codes),
        by = f32x4.abs(halfAt(scale))
      a0 = f32x4.add(a0, f32x4.mul(f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_s(lower)), by))
      a1 = f32x4.add(a1, f32x4.mul(f32x4.convert_i32x4_s(i32x4.extend_high_i16x8_s(lower)), by))
      a2 = f32x4.add(a2, f32x4.mul(f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_s(upper)), by))
      a3 = f32x4.add(a3, f32x4.mul(f32x4.convert_i32x4_s(i32x4.extend_high_i16x8_s(upper)), by))
    }
    v128.store(out, a0)
    v128.store(out, a1, 16)
    v128.store(out, a2, 32)
    v128.store(out, a3, 48)
  }
}

/** x less y, [n], to out. Returns whether that is less than x. */
function subtract(x: usize, y: usize, n: i32, out: usize): boolean {
  let own = f32x4.splat(0),
    rest = own
  for (const end = x + ((<usize>n) << 2); x < end; x += 16, y += 16, out += 16) {
    const v = v128.load(x),
      w = f32x4.sub(v, v128.load(y))
    own = f32x4.add(own, f32x4.mul(v, v))
    rest = f32x4.add(rest, f32x4.mul(w, w))
    v128.store(out, w)
  }
  return sum4(rest) < sum4(own)
}

/** The rows of `heads` heads, n columns each, at a place of the page's part that begins at `part`. */
export function appendValuesQ8(x: usize, heads: i32, n: i32, part: usize, place: i32): void {
  const columns = whole(n),
    row = scratch + <usize>appendedRowAt()
  for (let h = 0; h < heads; h++, part += headBytes(columns)) {
    fillUp(x, n, row, columns)
    appendRow(row, part, columns, place, part + <usize>((place >> 1) * 2 * columns + (place & 1)), 2)
    x += (<usize>n) << 2
  }
}

/** x [columns]: its codes to `at` and every `stride` bytes after it, and the scales of a place of the page. */
function appendRow(x: usize, part: usize, columns: i32, place: i32, at: usize, stride: usize): void {
  for (let b = 0; b < columns >> 5; b++) {
    let m = f32x4.splat(0)
    for (let i: usize = 0; i < 128; i += 16) m = larger(m, f32x4.abs(v128.load(x + i)))
    const scale = scaleAt(part, columns, b, place)
    store<u16>(scale, <u16>toHalf(f32x4.splat(largest(m) / 127)))
    const d = f32x4.extract_lane(halfAt(scale), 0)
    const by = f32x4.splat(d > 0 ? 1 / d : 0)
    for (const end = x + 128; x < end; x += 32) {
      const codes = i16x8.narrow_i32x4_s(rounded(f32x4.mul(v128.load(x), by)), rounded(f32x4.mul(v128.load(x, 16), by)))
      v128.store(scratch, i8x16.narrow_i16x8_s(codes, codes))
      for (let j: usize = 0; j < 8; j++, at += stride) store<i8>(at, load<i8>(scratch + j))
    }
  }
}

/** An f16 in each lane of f32. @inline */
function halfAt(p: usize): v128 {
  return widenF16x4(i32x4.extend_low_i16x8_s(v128.load16_splat(p)), heldF16Unit())
}
