// Attention over pages of 64 positions, with an online softmax (arXiv 1805.02867) so that any context length takes the
// same scratch. The cache is f32 (exact), f16 (fast) or int8 (attention-q8.ts). A page holds, for each state, keys
// [heads][64][E] and then values [heads][64][Ev]; E and Ev are rounded up to multiples of four, filled with zeros.
import { appendValuesQ8 } from './append-q8'
import { attendRowsQ8 } from './attention-q8'
import { AttentionRecord, CACHE_F16, CACHE_Q8, CacheAppendRecord, PAGE_SIZE } from '../contract.generated'
import { claim, endOwn, firstOwn, nThreads, rowsOf, scratch } from '../control'
import { heldF16Bits } from '../held'
import { firstSeen, pagePtr, positionOf, queryPtr, sequenceOf } from './page'
import { addValues, scoreKeys } from './products'
import {
  SCRATCH_KEYS,
  SCRATCH_ROWS,
  SCRATCH_VALUES,
  attentionOutAt,
  attentionPanelAt,
  attentionQueriesAt,
  attentionScoresAt,
  factorsAt,
  maximaAt,
  scoreSumsAt,
} from '../scratch.generated'
import { moveF16x4, toHalf } from '../simd'
import { softmaxPage } from './softmax'
import { touch } from '../touch'

/**
 * At most this many rows widen in registers, two at a time (products.ts); eight pay for a panel. Few have so little
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
    if (kind == CACHE_Q8) {
      const part = pagePtr(sequenceOf(t), position / PAGE_SIZE) + rec.pages
      appendValuesQ8(rec.xRow(t), heads, n, part, position % PAGE_SIZE)
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
function widen(p: usize, stride: usize, count: i32, n: i32, out: usize): void {
  const width = (<usize>n) << 1,
    whole = width & ~31,
    mask = heldF16Bits()
  for (let r = 0; r < count; r++, p += stride) {
    let i: usize = 0
    for (; i < whole; i += 32, out += 64) {
      const from = p + i
      let w = moveF16x4(v128.load16x4_s(from), mask)
      v128.store(out, moveF16x4(v128.load16x4_s(from, 8), mask), 16)
      v128.store(out, w)
      w = moveF16x4(v128.load16x4_s(from, 16), mask)
      v128.store(out, moveF16x4(v128.load16x4_s(from, 24), mask), 48)
      v128.store(out, w, 32)
    }
    for (; i < width; i += 8, out += 16) v128.store(out, moveF16x4(v128.load16x4_s(p + i), mask))
  }
}

/** Query rows of a unit: sixteen share what is read of a page, but not tokens of several sequences, which have none in common. */
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
 * A unit is one key head and at most sixteen of its query rows (token, head), token by token. Of few units, those that would
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
 * Query rows [first, first + n) of key head `kv`. In scratch, as scratch.ts lays it out: sums, maxima, factors [rows];
 * scores [rows][64]; q; out; a panel of keys or values.
 */
function attendRows(rec: AttentionRecord, sequence: i32, kv: i32, first: i32, n: i32): void {
  const group = rec.group,
    E = padded(rec.keyDim),
    Ev = padded(rec.valueDim),
    half = rec.cache
  const shift: usize = half ? 1 : 2,
    keyBytes = (<usize>E) << shift,
    latent = rec.latent
  const valueBytes = latent ? keyBytes : (<usize>Ev) << shift
  const sums = scratch,
    maxima = scratch + <usize>maximaAt(),
    factors = scratch + <usize>factorsAt(),
    partial = scratch + <usize>scoreSumsAt(),
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
    for (let p = skip; p < count; p += SCRATCH_KEYS) {
      const k = keys + <usize>p * keyBytes,
        to = scores + ((<usize>p) << 2)
      if (few) scoreKeys(true, n, q, k, E, to, partial)
      else {
        if (half) widen(k, keyBytes, SCRATCH_KEYS, E, panel)
        scoreKeys(false, n, q, half ? panel : k, E, to, partial)
      }
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
      const p = scores + ((<usize>skip) << 2)
      addValues(true, n, p, values + <usize>skip * valueBytes, valueBytes, count - skip, out, Ev)
      continue
    }
    const step = half ? SCRATCH_VALUES : PAGE_SIZE
    for (let p = skip; p < count; p += step) {
      const m = min(step, count - p),
        v = values + <usize>p * valueBytes
      if (half) widen(v, valueBytes, m, Ev, panel)
      addValues(
        false,
        n,
        scores + ((<usize>p) << 2),
        half ? panel : v,
        half ? (<usize>Ev) << 2 : valueBytes,
        m,
        out,
        Ev,
      )
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
