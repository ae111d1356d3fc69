// Attention over pages of 64 positions, with an online softmax (arXiv 1805.02867) so that any context length takes the
// same scratch. The cache is f32. A page holds, for each state, keys [64][keyWidth] and then values [64][valueWidth].
import { claim, field, fieldF32, fieldPtr, pageBytes, pageTablesPtr, poolPtr, positionsPtr, rowsOf, scratch, sequencesPtr } from './control'
import { exp1, exp4, madd, sum4 } from './simd'

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

/** Record: 5 x, 6 x row bytes, 7 bytes to copy, 8 offset of the rows in the page. */
export function cacheAppend(rec: usize): void {
  const rows = rowsOf(rec), bytes = <usize>field(rec, 7)
  for (let t = claim(rec, 1); t < rows; t = claim(rec, 1)) {
    const position = positionOf(t)
    memory.copy(pagePtr(t, position / PAGE) + fieldPtr(rec, 8) + <usize>(position % PAGE) * bytes, fieldPtr(rec, 5) + <usize>t * <usize>field(rec, 6), bytes)
  }
}

/**
 * Record: 5 q, 6 q row bytes, 7 out, 8 out row bytes, 9 heads per key head, 10 key heads, 11 E, 12 Ev, 13 scale (f32),
 * 14 keys' offset in the page, 15 bytes of a position's keys, 16 values' offset, 17 bytes of a position's values.
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
  const keyBytes = <usize>field(rec, 15), valueBytes = <usize>field(rec, 17)
  for (let r = 0; r < n; r++) {
    store<f32>(sums + (<usize>r << 2), 0)
    store<f32>(maxima + (<usize>r << 2), -Infinity)
    memory.fill(out + (<usize>(r * Ev) << 2), 0, <usize>Ev << 2)
  }
  const last = positionOf(t)
  for (let page = 0; page <= last / PAGE; page++) {
    const count = min(PAGE, last + 1 - page * PAGE), at = pagePtr(t, page)
    const keys = at + fieldPtr(rec, 14) + (<usize>(kv * E) << 2), values = at + fieldPtr(rec, 16) + (<usize>(kv * Ev) << 2)
    if (n == 4) scores_4(q, E, keys, keyBytes, count, scores)
    else for (let r = 0; r < n; r++) scores_1(q + (<usize>(r * E) << 2), E, keys, keyBytes, count, scores + <usize>r * 256)
    for (let r = 0; r < n; r++)
      store<f32>(factors + (<usize>r << 2), softmaxPage(scores + <usize>r * 256, count, fieldF32(rec, 13), sums + (<usize>r << 2), maxima + (<usize>r << 2)))
    for (let r = 0; r < n; r++) addValues(scores + <usize>r * 256, values, valueBytes, count, out + (<usize>(r * Ev) << 2), Ev, load<f32>(factors + (<usize>r << 2)))
  }
  for (let r = 0; r < n; r++) scaleRow(out + (<usize>(r * Ev) << 2), Ev, 1 / load<f32>(sums + (<usize>r << 2)))
}

function scores_4(q: usize, E: i32, keys: usize, keyBytes: usize, count: i32, scores: usize): void {
  const row = <usize>E << 2, whole = <usize>(E & ~3) << 2
  for (let p = 0; p < count; p++, keys += keyBytes, scores += 4) {
    let a = f32x4.splat(0), b = a, c = a, d = a, i: usize = 0
    for (; i < whole; i += 16) {
      const k = v128.load(keys + i)
      a = madd(k, v128.load(q + i), a)
      b = madd(k, v128.load(q + row + i), b)
      c = madd(k, v128.load(q + 2 * row + i), c)
      d = madd(k, v128.load(q + 3 * row + i), d)
    }
    let s0 = sum4(a), s1 = sum4(b), s2 = sum4(c), s3 = sum4(d)
    for (; i < row; i += 4) {
      const k = load<f32>(keys + i)
      s0 += k * load<f32>(q + i); s1 += k * load<f32>(q + row + i); s2 += k * load<f32>(q + 2 * row + i); s3 += k * load<f32>(q + 3 * row + i)
    }
    store<f32>(scores, s0); store<f32>(scores, s1, 256); store<f32>(scores, s2, 512); store<f32>(scores, s3, 768)
  }
}

function scores_1(q: usize, E: i32, keys: usize, keyBytes: usize, count: i32, scores: usize): void {
  const row = <usize>E << 2, whole = <usize>(E & ~3) << 2
  for (let p = 0; p < count; p++, keys += keyBytes, scores += 4) {
    let a = f32x4.splat(0), i: usize = 0
    for (; i < whole; i += 16) a = madd(v128.load(keys + i), v128.load(q + i), a)
    let s = sum4(a)
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
  for (; c + 64 <= end; c += 64) {
    let a = f32x4.mul(v128.load(out + c), fv), b = f32x4.mul(v128.load(out + c, 16), fv), d = f32x4.mul(v128.load(out + c, 32), fv), e = f32x4.mul(v128.load(out + c, 48), fv)
    let v = values + c
    for (let i = 0; i < count; i++, v += valueBytes) {
      const p = v128.load32_splat(scores + (<usize>i << 2))
      a = madd(p, v128.load(v), a)
      b = madd(p, v128.load(v, 16), b)
      d = madd(p, v128.load(v, 32), d)
      e = madd(p, v128.load(v, 48), e)
    }
    v128.store(out + c, a); v128.store(out + c, b, 16); v128.store(out + c, d, 32); v128.store(out + c, e, 48)
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
