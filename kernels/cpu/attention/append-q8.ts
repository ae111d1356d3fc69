// Keys and values on their way into the cache in q8 (page-q8.ts).
//
// Keys of a head have much in common: biases, and columns that are far from 0 in all of them (KIVI, arXiv 2402.02750,
// section 3), which hardly turn from one position to the next. Attention sees none of what is the same for all keys, but
// codes would spend their bits on it. So a key is told from the one before it in its page, as that came out of its codes,
// where the difference is less than the key; errors do not add up.
import { AppendKeysQ8Record, PAGE_SIZE } from '../contract.generated'
import { endOwn, firstOwn, rowsOf, scratch } from '../control'
import { heldF16Unit } from '../held'
import { appendedBeforeAt, appendedRowAt } from '../scratch.generated'
import { larger, largest, rounded, sum4, toHalf, widenF16x4 } from '../simd'
import { turn } from './hadamard'
import { pagePtr, positionOf, sequenceOf } from './page'
import { headBytes, scaleAt, whole } from './page-q8'

/** All rows of every head that is this thread's, in order. */
export function appendKeysQ8(rec: AppendKeysQ8Record): void {
  const rows = rowsOf(rec),
    n = rec.columns,
    columns = whole(n),
    row = scratch + <usize>appendedRowAt(),
    before = scratch + <usize>appendedBeforeAt(columns)
  for (let h = firstOwn(rec.heads), end = endOwn(rec.heads); h < end; h++)
    for (let t = 0; t < rows; t++) {
      const position = positionOf(t),
        place = position % PAGE_SIZE,
        part = pagePtr(sequenceOf(t), position / PAGE_SIZE) + rec.pages + <usize>h * headBytes(columns)
      if (place > 0 && !follows(t)) readKey(part, columns, place - 1, before)
      fillUp(rec.xRow(t) + ((<usize>(h * n)) << 2), n, row, columns)
      turn(row, columns)
      const relative = place > 0 && subtract(row, before, columns)
      for (let b = 0; b < columns >> 5; b++) {
        const scale = appendBlock(row + ((<usize>b) << 7), part + <usize>(place * columns + (b << 5)), 1)
        store<u16>(scaleAt(part, columns, b, place), relative && b == 0 ? scale | 0x8000 : scale)
      }
      addCodes(part, columns, place, relative, before)
    }
}

/** Whether row t is of the position after the row before it, in the same sequence. @inline */
function follows(t: i32): boolean {
  return t > 0 && sequenceOf(t - 1) == sequenceOf(t) && positionOf(t - 1) + 1 == positionOf(t)
}

/** The key at a place as codes have it, to out [columns]. */
function readKey(part: usize, columns: i32, place: i32, out: usize): void {
  let p = place
  while (p > 0 && isRelative(part, columns, p)) p--
  addCodes(part, columns, p, false, out)
  while (p < place) addCodes(part, columns, ++p, true, out)
}

/** @inline */
function isRelative(part: usize, columns: i32, place: i32): boolean {
  return load<i16>(scaleAt(part, columns, 0, place)) < 0
}

/** Makes a key of what codes say of it: the same, or more than the key before it, which out [columns] has. */
function addCodes(part: usize, columns: i32, place: i32, relative: boolean, out: usize): void {
  for (let b = 0; b < columns >> 5; b++) {
    const scale = f32x4.abs(halfAt(scaleAt(part, columns, b, place)))
    const from = part + <usize>(place * columns)
    for (let c = b << 5, end = (b + 1) << 5; c < end; c += 4) {
      const at = out + ((<usize>c) << 2),
        codes = i32x4.extend_low_i16x8_s(i16x8.extend_low_i8x16_s(v128.load32_zero(from + <usize>c))),
        key = f32x4.mul(f32x4.convert_i32x4_s(codes), scale)
      v128.store(at, relative ? f32x4.add(v128.load(at), key) : key)
    }
  }
}

/** Takes y off x [n] where that leaves less, and says whether. */
function subtract(x: usize, y: usize, n: i32): boolean {
  const bytes = (<usize>n) << 2
  let own = f32x4.splat(0),
    rest = own
  for (let i: usize = 0; i < bytes; i += 16) {
    const v = v128.load(x + i),
      w = f32x4.sub(v, v128.load(y + i))
    own = f32x4.add(own, f32x4.mul(v, v))
    rest = f32x4.add(rest, f32x4.mul(w, w))
  }
  if (!(sum4(rest) < sum4(own))) return false
  for (let i: usize = 0; i < bytes; i += 16) v128.store(x + i, f32x4.sub(v128.load(x + i), v128.load(y + i)))
  return true
}

/** The rows of `heads` heads, n columns each, at a place of the page's part that begins at `part`. */
export function appendValuesQ8(x: usize, heads: i32, n: i32, part: usize, place: i32): void {
  const columns = whole(n),
    row = scratch + <usize>appendedRowAt()
  for (let h = 0; h < heads; h++, part += headBytes(columns)) {
    fillUp(x, n, row, columns)
    const to = part + <usize>((place >> 1) * 2 * columns + (place & 1))
    for (let b = 0; b < columns >> 5; b++)
      store<u16>(scaleAt(part, columns, b, place), appendBlock(row + ((<usize>b) << 7), to + ((<usize>b) << 6), 2))
    x += (<usize>n) << 2
  }
}

/** x [n] and zeros, to out [N]. @inline */
export function fillUp(x: usize, n: i32, out: usize, N: i32): void {
  memory.copy(out, x, (<usize>n) << 2)
  memory.fill(out + ((<usize>n) << 2), 0, (<usize>(N - n)) << 2)
}

/** 32 columns: their codes to `at` and every `stride` bytes after it. Returns the scale, f16. @inline */
function appendBlock(x: usize, at: usize, stride: usize): u16 {
  let m = f32x4.splat(0)
  for (let i: usize = 0; i < 128; i += 16) m = larger(m, f32x4.abs(v128.load(x + i)))
  const scale = <u16>toHalf(f32x4.splat(largest(m) / 127))
  store<u16>(scratch, scale)
  const d = f32x4.extract_lane(halfAt(scratch), 0)
  const by = f32x4.splat(d > 0 ? 1 / d : 0)
  for (let i: usize = 0; i < 16; i += 8) {
    const from = x + (i << 3)
    const lower = i16x8.narrow_i32x4_s(
      rounded(f32x4.mul(v128.load(from), by)),
      rounded(f32x4.mul(v128.load(from, 16), by)),
    )
    const upper = i16x8.narrow_i32x4_s(
      rounded(f32x4.mul(v128.load(from, 32), by)),
      rounded(f32x4.mul(v128.load(from, 48), by)),
    )
    const codes = i8x16.narrow_i16x8_s(lower, upper)
    if (stride == 1) v128.store(at + (i << 1), codes)
    else {
      v128.store(scratch, codes, 16)
      for (let j: usize = 0; j < 16; j++) store<i8>(at + ((i << 1) + j) * stride, load<i8>(scratch + j, 16))
    }
  }
  return scale
}

/** An f16 in each lane of f32. @inline */
function halfAt(p: usize): v128 {
  return widenF16x4(i32x4.extend_low_i16x8_s(v128.load16_splat(p)), heldF16Unit())
}
