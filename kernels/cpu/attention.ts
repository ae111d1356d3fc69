// Attention over pages of 64 positions, with an online softmax (arXiv 1805.02867) so that any context length takes the
// same scratch. The cache is f32 (exact) or f16 (fast). A page holds, for each state, keys [64][keyWidth] and then values
// [64][valueWidth].
import { claim, field, fieldF32, fieldPtr, pageBytes, pageTablesPtr, poolPtr, positionsPtr, rowsOf, scratch, sequencesPtr } from './control'
import { exp1, exp4, loadF16x4, madd, sum4, sums4 } from './simd'

const PAGE: i32 = 64
/** Query rows per unit of work: the key is loaded once for all of them. */
const ROWS: i32 = 4

// @ts-ignore: decorator
@inline function pagePtr(token: i32, page: i32): usize {
  const sequence = load<i32>(sequencesPtr() + (<usize>token << 2))
  const table = <usize>load<u32>(pageTablesPtr() + (<usize>sequence << 2))
  return poolPtr() + <usize>load<u32>(table + (<usize>page << 2)) * pageBytes()
}

// @ts-ignore: decorator
@inline function positionOf(token: i32): i32 { return load<i32>(positionsPtr() + (<usize>token << 2)) }

/** Record: 5 x, 6 x row bytes, 7 columns, 8 offset of the rows in the page, 9 the cache is f16. */
export function cacheAppend(rec: usize): void {
  const rows = rowsOf(rec), n = <usize>field(rec, 7), half = field(rec, 9), bytes = half ? n << 1 : n << 2
  for (let t = claim(rec, 1); t < rows; t = claim(rec, 1)) {
    const position = positionOf(t), x = fieldPtr(rec, 5) + <usize>t * <usize>field(rec, 6)
    const out = pagePtr(t, position / PAGE) + fieldPtr(rec, 8) + <usize>(position % PAGE) * bytes
    if (half) toHalf(x, n, out)
    else memory.copy(out, x, bytes)
  }
}

/** f32 to f16 to nearest even: the bias is moved by a multiplication, which also makes subnormals; beyond 65504 clamps. */
function toHalf(x: usize, n: usize, out: usize): void {
  for (let i: usize = 0; i < n; i += 4, x += 16, out += 8) {
    const v = i + 4 <= n ? v128.load(x) : loadTail(x, n - i)
    const m = f32x4.mul(f32x4.min(f32x4.abs(v), f32x4.splat(65504)), f32x4.splat(reinterpret<f32>(0x07800000))) // 2^-112
    const odd = v128.and(i32x4.shr_u(m, 13), i32x4.splat(1))
    const bits = i32x4.shr_u(i32x4.add(m, i32x4.add(odd, i32x4.splat(0xfff))), 13)
    const half = v128.or(bits, v128.and(i32x4.shr_u(v, 16), i32x4.splat(0x8000)))
    const packed = i16x8.narrow_i32x4_u(half, half)
    if (i + 4 <= n) store<i64>(out, i64x2.extract_lane(packed, 0))
    else storeTail(out, i64x2.extract_lane(packed, 0), n - i)
  }
}

function loadTail(x: usize, n: usize): v128 {
  let v = f32x4.splat(load<f32>(x))
  if (n > 1) v = f32x4.replace_lane(v, 1, load<f32>(x, 4))
  if (n > 2) v = f32x4.replace_lane(v, 2, load<f32>(x, 8))
  return v
}

function storeTail(out: usize, halves: i64, n: usize): void {
  for (let i: usize = 0; i < n; i++) store<u16>(out + (i << 1), <u16>(halves >> (<i64>i << 4)))
}

/** Columns [0, n) of `count` rows of f16, `stride` bytes apart, to f32 rows of n columns. */
function widenRows(p: usize, stride: usize, count: i32, n: i32, out: usize): void {
  const multiplier = f32x4.splat(reinterpret<f32>(0x77800000)) // 2^112
  const whole = n & ~3
  for (let r = 0; r < count; r++, p += stride) {
    for (let i = 0; i < whole; i += 4, out += 16) v128.store(out, loadF16x4(p + (<usize>i << 1), multiplier))
    for (let i = whole; i < n; i++, out += 4) {
      const bits = (<u32><i32>load<i16>(p + (<usize>i << 1)) << 13) & 0x8fffffff
      store<f32>(out, reinterpret<f32>(bits) * reinterpret<f32>(0x77800000))
    }
  }
}

/**
 * Record: 5 q, 6 q row bytes, 7 out, 8 out row bytes, 9 heads per key head, 10 key heads, 11 E, 12 Ev, 13 scale (f32),
 * 14 keys' offset in the page, 15 columns of a position's keys, 16 values' offset, 17 columns of a position's values,
 * 18 the cache is f16, 19 values are the first columns of the keys.
 * MLA is the case of one key head whose values are the first columns of its keys.
 * A unit is one key head and up to four of its query rows (token, head), taken token by token.
 */
export function attention(rec: usize): void {
  const group = field(rec, 9), kvHeads = field(rec, 10), T = rowsOf(rec)
  const perToken = (group + ROWS - 1) / ROWS, units = T * perToken * kvHeads
  // Later tokens see more positions: begin with them, so that the last units are the short ones.
  for (let u = claim(rec, 1); u < units; u = claim(rec, 1)) {
    const t = T - 1 - u / (perToken * kvHeads), rest = u % (perToken * kvHeads)
    const first = (rest % perToken) * ROWS
    attendRows(rec, t, rest / perToken, first, min(ROWS, group - first))
  }
}

/** Query heads [first, first + n) of key head `kv`, token t. Scratch: scores [4][64], sums [4], maxima [4]. */
function attendRows(rec: usize, t: i32, kv: i32, first: i32, n: i32): void {
  const E = field(rec, 11), Ev = field(rec, 12), head = kv * field(rec, 9) + first
  const q = fieldPtr(rec, 5) + <usize>t * <usize>field(rec, 6) + (<usize>(head * E) << 2)
  const out = fieldPtr(rec, 7) + <usize>t * <usize>field(rec, 8) + (<usize>(head * Ev) << 2)
  const scores = scratch, sums = scratch + 1024, maxima = scratch + 1040, factors = scratch + 1056
  const half = field(rec, 18), shift: usize = half ? 1 : 2
  const widened = scratch + 2048, widenedValues = widened + (<usize>(PAGE * E) << 2)
  for (let r = 0; r < n; r++) {
    store<f32>(sums + (<usize>r << 2), 0)
    store<f32>(maxima + (<usize>r << 2), -Infinity)
    memory.fill(out + (<usize>(r * Ev) << 2), 0, <usize>Ev << 2)
  }
  const last = positionOf(t)
  for (let page = 0; page <= last / PAGE; page++) {
    const count = min(PAGE, last + 1 - page * PAGE), at = pagePtr(t, page)
    let keys = at + fieldPtr(rec, 14) + (<usize>(kv * E) << shift), keyBytes = <usize>field(rec, 15) << shift
    let values = at + fieldPtr(rec, 16) + (<usize>(kv * Ev) << shift), valueBytes = <usize>field(rec, 17) << shift
    if (half) {
      widenRows(keys, keyBytes, count, E, widened)
      keys = widened
      keyBytes = <usize>E << 2
      if (!field(rec, 19)) widenRows(values, valueBytes, count, Ev, widenedValues)
      values = field(rec, 19) ? widened : widenedValues
      valueBytes = field(rec, 19) ? keyBytes : <usize>Ev << 2
    }
    for (let r = 0; r < n; r++) scoresPage(q + (<usize>(r * E) << 2), E, keys, keyBytes, count, scores + <usize>r * 256)
    for (let r = 0; r < n; r++)
      store<f32>(factors + (<usize>r << 2), softmaxPage(scores + <usize>r * 256, count, fieldF32(rec, 13), sums + (<usize>r << 2), maxima + (<usize>r << 2)))
    for (let r = 0; r < n; r++) addValues(scores + <usize>r * 256, values, valueBytes, count, out + (<usize>(r * Ev) << 2), Ev, load<f32>(factors + (<usize>r << 2)))
  }
  for (let r = 0; r < n; r++) scaleRow(out + (<usize>(r * Ev) << 2), Ev, 1 / load<f32>(sums + (<usize>r << 2)))
}

/** Four keys at a time: four sums in flight, and q is loaded once for them. */
function scoresPage(q: usize, E: i32, keys: usize, keyBytes: usize, count: i32, scores: usize): void {
  const row = <usize>E << 2, whole = <usize>(E & ~3) << 2
  let p = 0
  for (; p + 4 <= count; p += 4, keys += 4 * keyBytes, scores += 16) {
    const k1 = keys + keyBytes, k2 = k1 + keyBytes, k3 = k2 + keyBytes
    let a = f32x4.splat(0), b = a, c = a, d = a, i: usize = 0
    for (; i < whole; i += 16) {
      const x = v128.load(q + i)
      a = madd(x, v128.load(keys + i), a)
      b = madd(x, v128.load(k1 + i), b)
      c = madd(x, v128.load(k2 + i), c)
      d = madd(x, v128.load(k3 + i), d)
    }
    let s = sums4(a, b, c, d)
    for (; i < row; i += 4) {
      const w = f32x4.replace_lane(f32x4.replace_lane(f32x4.replace_lane(f32x4.splat(load<f32>(keys + i)), 1, load<f32>(k1 + i)), 2, load<f32>(k2 + i)), 3, load<f32>(k3 + i))
      s = madd(v128.load32_splat(q + i), w, s)
    }
    v128.store(scores, s)
  }
  const zero = f32x4.splat(0)
  for (; p < count; p++, keys += keyBytes, scores += 4) {
    let a = zero, i: usize = 0
    for (; i < whole; i += 16) a = madd(v128.load(q + i), v128.load(keys + i), a)
    let s = f32x4.extract_lane(sums4(a, zero, zero, zero), 0)
    for (; i < row; i += 4) s += load<f32>(keys + i) * load<f32>(q + i)
    store<f32>(scores, s)
  }
}

/** Scores of a page to exp(scale * s - max); returns what the sums so far must be multiplied by. */
function softmaxPage(scores: usize, count: i32, scale: f32, sum: usize, maximum: usize): f32 {
  let m = load<f32>(maximum)
  const before = m
  for (let i = 0; i < count; i++) m = max(m, load<f32>(scores + (<usize>i << 2)) * scale)
  for (let i = count; i < ((count + 3) & ~3); i++) store<f32>(scores + (<usize>i << 2), -Infinity)
  const mv = f32x4.splat(m), sv = f32x4.splat(scale)
  let acc = f32x4.splat(0)
  for (let i = 0; i < count; i += 4) {
    const p = scores + (<usize>i << 2), e = exp4(f32x4.sub(f32x4.mul(v128.load(p), sv), mv))
    v128.store(p, e)
    acc = f32x4.add(acc, e)
  }
  const factor: f32 = before == -Infinity ? 0 : exp1(before - m)
  store<f32>(sum, load<f32>(sum) * factor + sum4(acc))
  store<f32>(maximum, m)
  return factor
}

/** out = out * factor + sum over positions of p * value. */
function addValues(scores: usize, values: usize, valueBytes: usize, count: i32, out: usize, Ev: i32, factor: f32): void {
  const fv = f32x4.splat(factor), end = <usize>Ev << 2
  let c: usize = 0
  for (; c + 128 <= end; c += 128) {
    const o = out + c
    let a0 = f32x4.mul(v128.load(o), fv), a1 = f32x4.mul(v128.load(o, 16), fv), a2 = f32x4.mul(v128.load(o, 32), fv), a3 = f32x4.mul(v128.load(o, 48), fv)
    let a4 = f32x4.mul(v128.load(o, 64), fv), a5 = f32x4.mul(v128.load(o, 80), fv), a6 = f32x4.mul(v128.load(o, 96), fv), a7 = f32x4.mul(v128.load(o, 112), fv)
    let v = values + c
    for (let i = 0; i < count; i++, v += valueBytes) {
      const p = v128.load32_splat(scores + (<usize>i << 2))
      a0 = madd(p, v128.load(v), a0); a1 = madd(p, v128.load(v, 16), a1); a2 = madd(p, v128.load(v, 32), a2); a3 = madd(p, v128.load(v, 48), a3)
      a4 = madd(p, v128.load(v, 64), a4); a5 = madd(p, v128.load(v, 80), a5); a6 = madd(p, v128.load(v, 96), a6); a7 = madd(p, v128.load(v, 112), a7)
    }
    v128.store(o, a0); v128.store(o, a1, 16); v128.store(o, a2, 32); v128.store(o, a3, 48)
    v128.store(o, a4, 64); v128.store(o, a5, 80); v128.store(o, a6, 96); v128.store(o, a7, 112)
  }
  for (; c + 16 <= end; c += 16) {
    let a = f32x4.mul(v128.load(out + c), fv), v = values + c
    for (let i = 0; i < count; i++, v += valueBytes) a = madd(v128.load32_splat(scores + (<usize>i << 2)), v128.load(v), a)
    v128.store(out + c, a)
  }
  for (; c < end; c += 4) {
    let a = load<f32>(out + c) * factor, v = values + c
    for (let i = 0; i < count; i++, v += valueBytes) a += load<f32>(scores + (<usize>i << 2)) * load<f32>(v)
    store<f32>(out + c, a)
  }
}

function scaleRow(x: usize, n: i32, scale: f32): void {
  for (let i = 0; i < n; i++, x += 4) store<f32>(x, load<f32>(x) * scale)
}
