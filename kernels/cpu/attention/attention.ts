// Attention over pages of 64 positions, with an online softmax (arXiv 1805.02867) so that any context length takes the
// same scratch. The cache is f32 (exact), f16 (fast) or int8 (attention-q8.ts). A page holds, for each state, keys
// [heads][64][E] and then values [heads][64][Ev]; E and Ev are rounded up to multiples of four, filled with zeros.
import { addHalves, scoreHalves } from './attention-few'
import { appendQ8, attendRowsQ8 } from './attention-q8'
import {
  AttentionRecord,
  CACHE_F16,
  CACHE_Q8,
  CACHE_Q8_VALUES,
  CacheAppendRecord,
  PAGE_SIZE,
} from '../contract.generated'
import { claim, endOwn, firstOwn, nThreads, rowsOf, scratch } from '../control'
import { firstSeen, pagePtr, positionOf, queryPtr, sequenceOf } from './page'
import {
  SCRATCH_ROWS,
  SCRATCH_VALUES,
  attentionOutAt,
  attentionPanelAt,
  attentionQueriesAt,
  attentionScoresAt,
} from '../scratch.generated'
import { madd, sums4, toHalf } from '../simd'
import { softmaxPage } from './softmax'
import { touch } from '../touch'

/**
 * At most this many rows widen in registers, two at a time (attention-few.ts); eight pay for a panel. Few have so little
 * to do with a page that they would wait for it: it is read ahead.
 */
const FEW: i32 = 6
/**
 * Halves become f32 by moving their bits, which leaves them 2^112 too small. For keys the factor is taken from q and
 * from the scores, half each so that nothing overflows; for values from the probabilities. All of it is exact.
 */
const ROOT: u32 = 0x5b800000 // 2^56
const WHOLE: u32 = 0x77800000 // 2^112

/** @inline */
function padded(n: i32): i32 {
  return (n + 3) & ~3
}

export function cacheAppend(rec: CacheAppendRecord): void {
  const rows = rowsOf(rec),
    heads = rec.heads,
    n = rec.columns,
    kind = rec.cache,
    half = kind == CACHE_F16,
    every = rec.every,
    step = min(every, PAGE_SIZE)
  const rowBytes = (<usize>padded(n)) << (half ? 1 : 2)
  for (let t = firstOwn(rows), end = endOwn(rows); t < end; t++) {
    const position = positionOf(t)
    if ((position + 1) & (every - 1)) continue
    if (kind >= CACHE_Q8) {
      const part = pagePtr(sequenceOf(t), position / PAGE_SIZE) + rec.pages
      appendQ8(rec.xRow(t), heads, n, part, position % PAGE_SIZE, kind == CACHE_Q8_VALUES)
      continue
    }
    let x = rec.xRow(t)
    let out =
      pagePtr(sequenceOf(t), position / PAGE_SIZE) + rec.pages + <usize>((position % PAGE_SIZE) / step) * rowBytes
    for (let h = 0; h < heads; h++, x += (<usize>n) << 2, out += <usize>(PAGE_SIZE / step) * rowBytes)
      if (half) appendHalf(x, n, out)
      else {
        memory.fill(out, 0, rowBytes)
        memory.copy(out, x, (<usize>n) << 2)
      }
  }
}

function appendHalf(x: usize, n: i32, out: usize): void {
  for (; n >= 4; n -= 4, x += 16, out += 8) store<i64>(out, toHalf(v128.load(x)))
  if (n > 0) {
    v128.store(scratch, f32x4.splat(0))
    memory.copy(scratch, x, (<usize>n) << 2)
    store<i64>(out, toHalf(v128.load(scratch)))
  }
}

/** `count` rows of f16 to f32 times 2^-112: columns [0, n) of each, n a multiple of four. */
function widen(p: usize, stride: usize, count: i32, n: i32, out: usize, mask: v128): void {
  const width = (<usize>n) << 1,
    whole = width & ~31
  for (let r = 0; r < count; r++, p += stride) {
    let i: usize = 0
    for (; i < whole; i += 32, out += 64) {
      const a = v128.and(i32x4.shl(v128.load16x4_s(p + i), 13), mask),
        b = v128.and(i32x4.shl(v128.load16x4_s(p + i + 8), 13), mask),
        c = v128.and(i32x4.shl(v128.load16x4_s(p + i + 16), 13), mask),
        d = v128.and(i32x4.shl(v128.load16x4_s(p + i + 24), 13), mask)
      v128.store(out, a)
      v128.store(out, b, 16)
      v128.store(out, c, 32)
      v128.store(out, d, 48)
    }
    for (; i < width; i += 8, out += 16) v128.store(out, v128.and(i32x4.shl(v128.load16x4_s(p + i), 13), mask))
  }
}

/** Query rows of a unit: eight share what is read of a page, but not tokens of several sequences, which have none in common. */
function rowsOfUnit(rows: i32, group: i32): i32 {
  const n = min(rows, SCRATCH_ROWS)
  return group < n && sequenceOf(0) != sequenceOf(rows / group - 1) ? n - (n % group) : n
}

/** Parts of each of `rest` units of n rows, so that all threads have as many of them if the rows suffice. */
function partsOf(rest: i32, n: i32): i32 {
  let parts = 1
  while (parts < n && (rest * parts) % nThreads) parts++
  return parts
}

/**
 * MLA is the case of one key head whose values are the first columns of its keys.
 * A unit is one key head and at most eight of its query rows (token, head), token by token. Of few units, those that would
 * leave threads without one at the end are divided, though each part reads the pages for itself.
 */
export function attention(rec: AttentionRecord): void {
  const group = rec.group,
    kvHeads = rec.kvHeads,
    rows = rowsOf(rec) * group
  const most = rowsOfUnit(rows, group),
    blocks = (rows + most - 1) / most,
    units = blocks * kvHeads,
    rest = units < 4 * nThreads ? units % nThreads : 0,
    whole = units - rest,
    parts = partsOf(rest, most),
    all = whole + rest * parts
  // Later tokens see more positions: begin with them, so that the last units are the short ones.
  for (let u = claim(rec, 1); u < all; u = claim(rec, 1)) {
    const v = u - whole,
      share = v < 0 ? 1 : parts,
      part = v < 0 ? 0 : v % parts,
      unit = v < 0 ? u : whole + v / parts
    const first = (blocks - 1 - unit / kvHeads) * most,
      n = min(most, rows - first),
      end = first + (n * (part + 1)) / share
    // rows of one sequence share its pages
    for (let row = first + (n * part) / share; row < end;) {
      const sequence = sequenceOf(row / group)
      let next = row + 1
      while (next < end && sequenceOf(next / group) == sequence) next++
      if (rec.cache == CACHE_Q8) attendRowsQ8(rec, sequence, unit % kvHeads, row, next - row)
      else attendRows(rec, sequence, unit % kvHeads, row, next - row)
      row = next
    }
  }
}

/**
 * Query rows [first, first + n) of key head `kv`. In scratch, as scratch.ts lays it out:
 * sums, maxima, factors [8]; scores [8][64]; q; out; a panel of four keys or eight values.
 */
function attendRows(rec: AttentionRecord, sequence: i32, kv: i32, first: i32, n: i32): void {
  const mask = i32x4.splat(0x8fffffff)
  const group = rec.group,
    E = padded(rec.keyDim),
    Ev = padded(rec.valueDim),
    half = rec.cache
  const shift: usize = half ? 1 : 2,
    keyBytes = (<usize>E) << shift,
    latent = rec.latent
  const valueBytes = latent ? keyBytes : (<usize>Ev) << shift
  const sums = scratch,
    maxima = scratch + 32,
    factors = scratch + 64,
    scores = scratch + <usize>attentionScoresAt()
  const q = scratch + <usize>attentionQueriesAt(),
    out = scratch + <usize>attentionOutAt(E),
    panel = scratch + <usize>attentionPanelAt(E, Ev)
  const sinks = rec.sinks,
    cap = rec.softcap
  const scale = rec.scale * (half ? reinterpret<f32>(ROOT) : 1),
    unit: f32 = half ? reinterpret<f32>(WHOLE) : 1
  for (let r = 0; r < n; r++) {
    const at = (<usize>r) << 2
    copyScaled(
      queryPtr(rec.q, rec.qStride, group, kv, first + r, rec.keyDim),
      rec.keyDim,
      half ? reinterpret<f32>(ROOT) : 1,
      q + at * <usize>E,
      E,
    )
    // a sink is a score that was there before, whose value is zero
    store<f32>(sums + at, sinks ? 1 : 0)
    store<f32>(maxima + at, sinks ? load<f32>(sinks + ((<usize>(kv * group + ((first + r) % group))) << 2)) : -Infinity)
  }
  memory.fill(out, 0, (<usize>(n * Ev)) << 2)
  const start = firstSeen(rec, positionOf(first / group)),
    last = positionOf((first + n - 1) / group)
  for (let page = start / PAGE_SIZE; page <= last / PAGE_SIZE; page++) {
    // whole panels before the first position that any of the rows sees
    const skip = max(0, start - page * PAGE_SIZE) & ~(SCRATCH_VALUES - 1)
    const count = min(PAGE_SIZE, last + 1 - page * PAGE_SIZE),
      at = pagePtr(sequence, page)
    const keys = at + rec.keys + <usize>(kv * PAGE_SIZE) * keyBytes
    const values = latent ? keys : at + rec.values + <usize>(kv * PAGE_SIZE) * valueBytes
    const few = half != 0 && n <= FEW
    if (few) touch(keys + <usize>skip * keyBytes, <usize>(count - skip) * keyBytes)
    if (few) {
      for (let p = skip; p < count; p += 4) {
        const k = keys + <usize>p * keyBytes
        let r = 0
        for (; r + 2 <= n; r += 2)
          scoreHalves(true, q + ((<usize>(r * E)) << 2), k, E, scores + ((<usize>(r * PAGE_SIZE + p)) << 2))
        if (r < n) scoreHalves(false, q + ((<usize>(r * E)) << 2), k, E, scores + ((<usize>(r * PAGE_SIZE + p)) << 2))
      }
    } else
      for (let p = skip; p < count; p += 4) {
        let k = keys + <usize>p * keyBytes
        if (half) {
          widen(k, keyBytes, 4, E, panel, mask)
          k = panel
        }
        let r = 0
        for (; r + 2 <= n; r += 2)
          score(true, q + ((<usize>(r * E)) << 2), k, E, scores + ((<usize>(r * PAGE_SIZE + p)) << 2))
        if (r < n) score(false, q + ((<usize>(r * E)) << 2), k, E, scores + ((<usize>(r * PAGE_SIZE + p)) << 2))
      }
    for (let r = 0; r < n; r++) {
      const position = positionOf((first + r) / group),
        i = (<usize>r) << 2
      const from = max(0, firstSeen(rec, position) - page * PAGE_SIZE),
        own = min(count, position + 1 - page * PAGE_SIZE)
      store<f32>(
        factors + i,
        softmaxPage(scores + i * PAGE_SIZE, from, own, count, scale, unit, cap, sums + i, maxima + i),
      )
    }
    for (let r = 0; r < n; r++) {
      const factor = load<f32>(factors + ((<usize>r) << 2)),
        own = out + ((<usize>(r * Ev)) << 2)
      if (factor != 1) copyScaled(own, Ev, factor, own, Ev)
    }
    if (few && !latent) touch(values + <usize>skip * valueBytes, <usize>(count - skip) * valueBytes)
    if (few) {
      const v = values + <usize>skip * valueBytes
      let r = 0
      for (; r + 2 <= n; r += 2)
        addHalves(
          true,
          scores + ((<usize>(r * PAGE_SIZE + skip)) << 2),
          v,
          valueBytes,
          count - skip,
          out + ((<usize>(r * Ev)) << 2),
          Ev,
        )
      if (r < n)
        addHalves(
          false,
          scores + ((<usize>(r * PAGE_SIZE + skip)) << 2),
          v,
          valueBytes,
          count - skip,
          out + ((<usize>(r * Ev)) << 2),
          Ev,
        )
      continue
    }
    const step = half ? SCRATCH_VALUES : PAGE_SIZE
    for (let p = skip; p < count; p += step) {
      const m = min(step, count - p)
      let v = values + <usize>p * valueBytes,
        stride = valueBytes
      if (half) {
        widen(v, valueBytes, m, Ev, panel, mask)
        v = panel
        stride = (<usize>Ev) << 2
      }
      let r = 0
      for (; r + 2 <= n; r += 2)
        addValues(true, scores + ((<usize>(r * PAGE_SIZE + p)) << 2), v, stride, m, out + ((<usize>(r * Ev)) << 2), Ev)
      if (r < n)
        addValues(false, scores + ((<usize>(r * PAGE_SIZE + p)) << 2), v, stride, m, out + ((<usize>(r * Ev)) << 2), Ev)
    }
  }
  for (let r = 0; r < n; r++) {
    const to = queryPtr(rec.out, rec.outStride, group, kv, first + r, rec.valueDim),
      own = out + ((<usize>(r * Ev)) << 2)
    copyScaled(own, Ev, 1 / load<f32>(sums + ((<usize>r) << 2)), own, Ev)
    memory.copy(to, own, (<usize>rec.valueDim) << 2)
  }
}

/** out [N] = x [n] times scale, then zeros; N is n rounded up to a multiple of four. */
export function copyScaled(x: usize, n: i32, scale: f32, out: usize, N: i32): void {
  let i = 0
  for (; i + 4 <= n; i += 4)
    v128.store(out + ((<usize>i) << 2), f32x4.mul(v128.load(x + ((<usize>i) << 2)), f32x4.splat(scale)))
  for (; i < N; i++) store<f32>(out + ((<usize>i) << 2), i < n ? load<f32>(x + ((<usize>i) << 2)) * scale : 0)
}

/** Scores of four keys for one query row, or for two that lie side by side. @inline */
export function score(two: boolean, q: usize, k: usize, E: i32, scores: usize): void {
  const row = (<usize>E) << 2,
    q1 = q + row,
    k1 = k + row,
    k2 = k1 + row,
    k3 = k2 + row,
    zero = f32x4.splat(0)
  let a0 = zero,
    a1 = zero,
    a2 = zero,
    a3 = zero,
    b0 = zero,
    b1 = zero,
    b2 = zero,
    b3 = zero
  for (let i: usize = 0; i < row; i += 16) {
    const x = v128.load(q + i),
      w0 = v128.load(k + i),
      w1 = v128.load(k1 + i),
      w2 = v128.load(k2 + i),
      w3 = v128.load(k3 + i)
    a0 = madd(x, w0, a0)
    a1 = madd(x, w1, a1)
    a2 = madd(x, w2, a2)
    a3 = madd(x, w3, a3)
    if (two) {
      const y = v128.load(q1 + i)
      b0 = madd(y, w0, b0)
      b1 = madd(y, w1, b1)
      b2 = madd(y, w2, b2)
      b3 = madd(y, w3, b3)
    }
  }
  v128.store(scores, sums4(a0, a1, a2, a3))
  if (two) v128.store(scores + ((<usize>PAGE_SIZE) << 2), sums4(b0, b1, b2, b3))
}

/** out += sum over positions of p * value, for one row, or for two that lie side by side. @inline */
export function addValues(two: boolean, p: usize, values: usize, stride: usize, count: i32, out: usize, Ev: i32): void {
  const row = (<usize>Ev) << 2,
    end = p + ((<usize>count) << 2)
  let c: usize = 0
  for (; c + 64 <= row; c += 64) {
    const o = out + c,
      o1 = o + row
    let a0 = v128.load(o),
      a1 = v128.load(o, 16),
      a2 = v128.load(o, 32),
      a3 = v128.load(o, 48),
      b0 = a0,
      b1 = a0,
      b2 = a0,
      b3 = a0
    if (two) {
      b0 = v128.load(o1)
      b1 = v128.load(o1, 16)
      b2 = v128.load(o1, 32)
      b3 = v128.load(o1, 48)
    }
    for (let i = p, v = values + c; i < end; i += 4, v += stride) {
      const x = v128.load32_splat(i),
        w0 = v128.load(v),
        w1 = v128.load(v, 16),
        w2 = v128.load(v, 32),
        w3 = v128.load(v, 48)
      a0 = madd(x, w0, a0)
      a1 = madd(x, w1, a1)
      a2 = madd(x, w2, a2)
      a3 = madd(x, w3, a3)
      if (two) {
        const y = v128.load32_splat(i, PAGE_SIZE << 2)
        b0 = madd(y, w0, b0)
        b1 = madd(y, w1, b1)
        b2 = madd(y, w2, b2)
        b3 = madd(y, w3, b3)
      }
    }
    v128.store(o, a0)
    v128.store(o, a1, 16)
    v128.store(o, a2, 32)
    v128.store(o, a3, 48)
    if (two) {
      v128.store(o1, b0)
      v128.store(o1, b1, 16)
      v128.store(o1, b2, 32)
      v128.store(o1, b3, 48)
    }
  }
  for (; c < row; c += 16) {
    let a = v128.load(out + c),
      b = two ? v128.load(out + row + c) : a
    for (let i = p, v = values + c; i < end; i += 4, v += stride) {
      const w = v128.load(v)
      a = madd(v128.load32_splat(i), w, a)
      if (two) b = madd(v128.load32_splat(i, PAGE_SIZE << 2), w, b)
    }
    v128.store(out + c, a)
    if (two) v128.store(out + row + c, b)
  }
}
