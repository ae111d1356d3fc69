// Attention over a cache of int8 codes (page-q8.ts). All products with codes are of i16 and summed in i32, exactly:
// queries become i16 by row, and probabilities times the scales of values by page, row and block. So the bits do not
// depend on what a row shares its unit with.
import { AttentionRecord, PAGE_SIZE } from '../contract.generated'
import { scratch } from '../control'
import { heldF16Unit } from '../held'
import { firstSeen, pagePtr, positionOf, queryPtr } from './page'
import {
  attentionQ8ChainAt,
  attentionQ8OutAt,
  attentionQ8QueriesAt,
  attentionQ8QueryScalesAt,
  attentionQ8ScalesAt,
  attentionQ8ScoresAt,
  attentionQ8UnitsAt,
  attentionQ8WeightsAt,
  factorsAt,
  maximaAt,
} from '../scratch.generated'
import { turn } from './hadamard'
import { fillUp, headBytes, scalesOf, whole } from './page-q8'
import { larger, largest, loadF16x4, madd, nextF16x4, rounded, sum4, sums4 } from '../simd'
import { softmaxPage } from './softmax'
import { touch } from '../touch'

/** At most this many rows wait for memory: a page is read ahead for them. */
const AHEAD: i32 = 4

/** The record of `attention`; query rows [first, first + n) of key head `kv`, at most sixteen. */
export function attendRowsQ8(rec: AttentionRecord, sequence: i32, kv: i32, first: i32, n: i32): void {
  const group = rec.group,
    E = whole(rec.keyDim),
    Ev = whole(rec.valueDim),
    blocks = Ev >> 5
  // In scratch: sums, maxima, factors, scales of q [rows]; scores [rows][64]; out; q; scales [blocks][64]; chain
  // [16][3][4]; weights [rows][blocks], i16 [rows][blocks][64].
  const sums = scratch,
    maxima = scratch + <usize>maximaAt(),
    factors = scratch + <usize>factorsAt(),
    qScales = scratch + <usize>attentionQ8QueryScalesAt()
  const scores = scratch + <usize>attentionQ8ScoresAt(),
    out = scratch + <usize>attentionQ8OutAt(),
    q = scratch + <usize>attentionQ8QueriesAt(Ev)
  const scales = scratch + <usize>attentionQ8ScalesAt(E, Ev),
    chain = scratch + <usize>attentionQ8ChainAt(E, Ev),
    units = scratch + <usize>attentionQ8UnitsAt(E, Ev),
    weights = scratch + <usize>attentionQ8WeightsAt(E, Ev)
  const sinks = rec.sinks,
    cap = rec.softcap,
    scale = rec.scale
  for (let r = 0; r < n; r++) {
    const at = (<usize>r) << 2
    store<f32>(
      qScales + at,
      quantizeQuery(
        queryPtr(rec.q, rec.qStride, group, kv, first + r, rec.keyDim),
        rec.keyDim,
        q + ((<usize>(r * E)) << 1),
        E,
        scales, // free until a page is read
      ),
    )
    store<f32>(sums + at, sinks ? 1 : 0)
    store<f32>(maxima + at, sinks ? load<f32>(sinks + ((<usize>(kv * group + ((first + r) % group))) << 2)) : -Infinity)
  }
  memory.fill(out, 0, (<usize>(n * Ev)) << 2)
  const start = firstSeen(rec, positionOf(first / group)),
    last = positionOf((first + n - 1) / group)
  for (let page = start / PAGE_SIZE; page <= last / PAGE_SIZE; page++) {
    const skip = max(0, start - page * PAGE_SIZE) & ~3,
      count = min(PAGE_SIZE, last + 1 - page * PAGE_SIZE),
      end = (count + 3) & ~3
    const at = pagePtr(sequence, page)
    const keys = at + rec.keys + <usize>kv * headBytes(E),
      values = at + rec.values + <usize>kv * headBytes(Ev)
    if (n <= AHEAD) touch(keys, headBytes(E))
    widenScales(scalesOf(keys, E), E, scales)
    const chained = splitScales(scales, chain)
    for (let p = 0; p < end; p += 2) {
      const k = keys + <usize>(p * E),
        s = scales + ((<usize>p) << 2)
      let r = 0
      for (; r + 2 <= n; r += 2)
        scoreQ8(
          true,
          q + ((<usize>(r * E)) << 1),
          k,
          E,
          s,
          qScales + ((<usize>r) << 2),
          scores + ((<usize>(r * PAGE_SIZE + p)) << 2),
        )
      if (r < n)
        scoreQ8(
          false,
          q + ((<usize>(r * E)) << 1),
          k,
          E,
          s,
          qScales + ((<usize>r) << 2),
          scores + ((<usize>(r * PAGE_SIZE + p)) << 2),
        )
    }
    for (let r = 0; chained && r < n; r++) addUp(scores + ((<usize>(r * PAGE_SIZE)) << 2), end, chain)
    if (n <= AHEAD) touch(values, headBytes(Ev))
    widenScales(scalesOf(values, Ev), Ev, scales)
    for (let r = 0; r < n; r++) {
      const position = positionOf((first + r) / group),
        i = (<usize>r) << 2
      const from = max(0, firstSeen(rec, position) - page * PAGE_SIZE),
        own = min(count, position + 1 - page * PAGE_SIZE)
      store<f32>(
        factors + i,
        softmaxPage(scores + i * PAGE_SIZE, from, own, count, scale, 1, cap, sums + i, maxima + i),
      )
      for (let b = 0; b < blocks; b++)
        store<f32>(
          units + ((<usize>(r * blocks + b)) << 2),
          weigh(
            scores + i * PAGE_SIZE,
            scales + ((<usize>(b * PAGE_SIZE)) << 2),
            skip,
            end,
            weights + ((<usize>((r * blocks + b) * PAGE_SIZE)) << 1),
          ),
        )
    }
    let r = 0
    for (; r + 2 <= n; r += 2) addQ8(true, r, blocks, weights, units, factors, values, skip, end, out)
    if (r < n) addQ8(false, r, blocks, weights, units, factors, values, skip, end, out)
  }
  for (let r = 0; r < n; r++) {
    const own = out + ((<usize>(r * Ev)) << 2),
      by = f32x4.splat(1 / load<f32>(sums + ((<usize>r) << 2)))
    for (let i: usize = 0; i < (<usize>Ev) << 2; i += 16) v128.store(own + i, f32x4.mul(v128.load(own + i), by))
    memory.copy(queryPtr(rec.out, rec.outStride, group, kv, first + r, rec.valueDim), own, (<usize>rec.valueDim) << 2)
  }
}

/** x [n] filled up to N columns and turned as keys are, to i16 by its largest value; `turning`: f32 [N]. Returns the scale. */
function quantizeQuery(x: usize, n: i32, out: usize, N: i32, turning: usize): f32 {
  fillUp(x, n, turning, N)
  turn(turning, N)
  const end = turning + ((<usize>N) << 2)
  let m = f32x4.splat(0),
    total = m
  for (let i = turning; i < end; i += 16) {
    const v = f32x4.abs(v128.load(i))
    m = larger(m, v)
    total = f32x4.add(total, v)
  }
  const most = largest(m),
    by = f32x4.splat(most > 0 ? 32767 / most : 0)
  for (let i = turning; i < end; i += 16, out += 8) {
    const codes = rounded(f32x4.mul(v128.load(i), by))
    v128.store64_lane(out, i16x8.narrow_i32x4_s(codes, codes), 0)
  }
  // a NaN shall be seen in the result
  const sum = sum4(total)
  return sum == sum ? most / 32767 : sum
}

/** Scales f16 [columns / 32][64] to f32. */
function widenScales(from: usize, columns: i32, out: usize): void {
  const unit = heldF16Unit()
  for (const end = from + ((<usize>(columns * PAGE_SIZE)) >> 4); from < end; from += 16, out += 32) {
    const w = loadF16x4(from, unit)
    v128.store(out, nextF16x4(from, unit), 16)
    v128.store(out, w)
  }
}

/**
 * Takes the signs off a page's first scales, which say what keys are differences to the one before them. For addUp, of
 * each four keys: f, whether they are; f times that of the key before; the products of all from the first to each. Returns
 * whether any is.
 */
function splitScales(scales: usize, chain: usize): boolean {
  const zero = i32x4.splat(0)
  let any = zero
  for (const end = scales + (PAGE_SIZE << 2); scales < end; scales += 16, chain += 48) {
    const scale = v128.load(scales),
      sign = i32x4.shr_s(scale, 31),
      f = v128.and(sign, f32x4.splat(1)),
      two = f32x4.mul(f, v128.shuffle<i32>(f, f, 0, 0, 1, 2))
    any = v128.or(any, sign)
    v128.store(scales, f32x4.abs(scale))
    v128.store(chain, f32x4.replace_lane(f, 0, 0))
    v128.store(chain, i64x2.replace_lane(two, 0, 0), 16)
    // f0, f0 f1, f0 f1 f2, f0 f1 f2 f3
    v128.store(chain, f32x4.mul(two, v128.shuffle<i32>(f, two, 0, 0, 0, 5)), 32)
  }
  return v128.any_true(any)
}

/** Scores [0, end) of keys as they are stored, to those of the keys: each difference and what it is a difference to. */
function addUp(scores: usize, end: i32, chain: usize): void {
  const zero = f32x4.splat(0)
  let before = zero
  for (const to = scores + ((<usize>end) << 2); scores < to; scores += 16, chain += 48) {
    let s = v128.load(scores)
    s = madd(v128.load(chain), v128.shuffle<i32>(s, zero, 4, 0, 1, 2), s)
    s = madd(v128.load(chain, 16), v128.shuffle<i32>(s, zero, 4, 4, 0, 1), s)
    s = madd(v128.load(chain, 32), before, s)
    v128.store(scores, s)
    before = v128.shuffle<i32>(s, s, 3, 3, 3, 3)
  }
}

/** Scores of two keys for one query row, or for two that lie side by side. @inline */
function scoreQ8(two: boolean, q: usize, k: usize, E: i32, scale: usize, qScales: usize, scores: usize): void {
  const q1 = q + ((<usize>E) << 1),
    k1 = k + <usize>E,
    zero = f32x4.splat(0)
  let a0 = zero,
    a1 = zero,
    b0 = zero,
    b1 = zero
  for (let i: usize = 0; i < <usize>E; i += 32, scale += PAGE_SIZE << 2) {
    const x = q + (i << 1),
      y = q1 + (i << 1),
      u = k + i,
      v = k1 + i
    let w = v128.load8x8_s(u),
      z = v128.load8x8_s(v),
      t = v128.load(x)
    let c0 = i32x4.dot_i16x8_s(t, w),
      c1 = i32x4.dot_i16x8_s(t, z),
      d0 = c0,
      d1 = c1
    if (two) {
      t = v128.load(y)
      d0 = i32x4.dot_i16x8_s(t, w)
      d1 = i32x4.dot_i16x8_s(t, z)
    }
    w = v128.load8x8_s(u, 8)
    z = v128.load8x8_s(v, 8)
    t = v128.load(x, 16)
    c0 = i32x4.add(c0, i32x4.dot_i16x8_s(t, w))
    c1 = i32x4.add(c1, i32x4.dot_i16x8_s(t, z))
    if (two) {
      t = v128.load(y, 16)
      d0 = i32x4.add(d0, i32x4.dot_i16x8_s(t, w))
      d1 = i32x4.add(d1, i32x4.dot_i16x8_s(t, z))
    }
    w = v128.load8x8_s(u, 16)
    z = v128.load8x8_s(v, 16)
    t = v128.load(x, 32)
    c0 = i32x4.add(c0, i32x4.dot_i16x8_s(t, w))
    c1 = i32x4.add(c1, i32x4.dot_i16x8_s(t, z))
    if (two) {
      t = v128.load(y, 32)
      d0 = i32x4.add(d0, i32x4.dot_i16x8_s(t, w))
      d1 = i32x4.add(d1, i32x4.dot_i16x8_s(t, z))
    }
    w = v128.load8x8_s(u, 24)
    z = v128.load8x8_s(v, 24)
    t = v128.load(x, 48)
    c0 = i32x4.add(c0, i32x4.dot_i16x8_s(t, w))
    c1 = i32x4.add(c1, i32x4.dot_i16x8_s(t, z))
    if (two) {
      t = v128.load(y, 48)
      d0 = i32x4.add(d0, i32x4.dot_i16x8_s(t, w))
      d1 = i32x4.add(d1, i32x4.dot_i16x8_s(t, z))
    }
    const s0 = v128.load32_splat(scale),
      s1 = v128.load32_splat(scale, 4)
    a0 = madd(f32x4.convert_i32x4_s(c0), s0, a0)
    a1 = madd(f32x4.convert_i32x4_s(c1), s1, a1)
    if (two) {
      b0 = madd(f32x4.convert_i32x4_s(d0), s0, b0)
      b1 = madd(f32x4.convert_i32x4_s(d1), s1, b1)
    }
  }
  const s = sums4(a0, a1, b0, b1)
  v128.store64_lane(scores, f32x4.mul(s, v128.load32_splat(qScales)), 0)
  if (two) v128.store64_lane(scores + ((<usize>PAGE_SIZE) << 2), f32x4.mul(s, v128.load32_splat(qScales, 4)), 1)
}

/** Probabilities times scales at places [skip, end), as i16. Returns the unit that they are in. */
function weigh(p: usize, scales: usize, skip: i32, end: i32, out: usize): f32 {
  let m = f32x4.splat(0)
  for (let i = (<usize>skip) << 2; i < (<usize>end) << 2; i += 16)
    m = larger(m, f32x4.mul(v128.load(p + i), v128.load(scales + i)))
  const most = largest(m),
    by = f32x4.splat(most > 0 ? 32767 / most : 0)
  for (let i = (<usize>skip) << 2; i < (<usize>end) << 2; i += 16) {
    const w = rounded(f32x4.mul(f32x4.mul(v128.load(p + i), v128.load(scales + i)), by))
    v128.store64_lane(out + (i >> 1), i16x8.narrow_i32x4_s(w, w), 0)
  }
  return most / 32767
}

/** out = factor * out + unit * sum over positions of weight * code, for row r, or for it and the next. @inline */
function addQ8(
  two: boolean,
  r: i32,
  blocks: i32,
  weights: usize,
  units: usize,
  factors: usize,
  values: usize,
  skip: i32,
  end: i32,
  out: usize,
): void {
  const row = (<usize>blocks) << 7,
    stride = (<usize>blocks) << 6,
    rowWeights = (<usize>(blocks * PAGE_SIZE)) << 1,
    zero = i32x4.splat(0)
  const f = v128.load32_splat(factors + ((<usize>r) << 2)),
    g = two ? v128.load32_splat(factors + ((<usize>r) << 2), 4) : f
  for (let c = 0; c < blocks * 2; c++) {
    const b = r * blocks + (c >> 1),
      w = weights + ((<usize>(b * PAGE_SIZE)) << 1)
    let a0 = zero,
      a1 = zero,
      a2 = zero,
      a3 = zero,
      b0 = zero,
      b1 = zero,
      b2 = zero,
      b3 = zero
    let v = values + ((<usize>c) << 5) + <usize>(skip >> 1) * stride
    for (let i = w + ((<usize>skip) << 1), to = w + ((<usize>end) << 1); i < to; i += 4, v += stride) {
      const x = v128.load32_splat(i),
        y = two ? v128.load32_splat(i + rowWeights) : x
      const w0 = v128.load8x8_s(v),
        w1 = v128.load8x8_s(v, 8),
        w2 = v128.load8x8_s(v, 16),
        w3 = v128.load8x8_s(v, 24)
      a0 = i32x4.add(a0, i32x4.dot_i16x8_s(x, w0))
      a1 = i32x4.add(a1, i32x4.dot_i16x8_s(x, w1))
      a2 = i32x4.add(a2, i32x4.dot_i16x8_s(x, w2))
      a3 = i32x4.add(a3, i32x4.dot_i16x8_s(x, w3))
      if (two) {
        b0 = i32x4.add(b0, i32x4.dot_i16x8_s(y, w0))
        b1 = i32x4.add(b1, i32x4.dot_i16x8_s(y, w1))
        b2 = i32x4.add(b2, i32x4.dot_i16x8_s(y, w2))
        b3 = i32x4.add(b3, i32x4.dot_i16x8_s(y, w3))
      }
    }
    const o = out + <usize>r * row + ((<usize>c) << 6),
      u = v128.load32_splat(units + ((<usize>b) << 2))
    addScaled(o, a0, a1, a2, a3, u, f)
    if (two) addScaled(o + row, b0, b1, b2, b3, v128.load32_splat(units + ((<usize>(b + blocks)) << 2)), g)
  }
}

/** Sixteen columns: out = factor * out + unit * sums. @inline */
function addScaled(o: usize, a: v128, b: v128, c: v128, d: v128, unit: v128, factor: v128): void {
  v128.store(o, madd(f32x4.convert_i32x4_s(a), unit, f32x4.mul(v128.load(o), factor)))
  v128.store(o, madd(f32x4.convert_i32x4_s(b), unit, f32x4.mul(v128.load(o, 16), factor)), 16)
  v128.store(o, madd(f32x4.convert_i32x4_s(c), unit, f32x4.mul(v128.load(o, 32), factor)), 32)
  v128.store(o, madd(f32x4.convert_i32x4_s(d), unit, f32x4.mul(v128.load(o, 48), factor)), 48)
}
