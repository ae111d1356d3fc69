// The indexer's choice of positions (src/graph/ops/sparse.ts). It does not depend on how the positions were dealt out
// to threads: scores decide it, and where those at its edge are equal, one thread goes over the whole row.
import { IndexScoresRecord, IndexSelectRecord, PAGE_SIZE, endsPtr, stepTokens, tiesPtr } from '../contract.generated'
import { claim, rowsOf, scratch } from '../control'
import { pagePtr, positionOf, sequenceOf } from './page'
import { bestPositionsAt, bestScoresAt, fourScoresAt, keyPanelAt, wholeRowAt } from '../scratch.generated'
import { madd, sums4 } from '../simd'
import { at, widenRow } from './sparse'
import { torchTopK } from './torch-topk'

/** A step of fewer tokens than this deals each token's positions out in SEGMENTS parts, so that all threads help. */
const SPLIT_BELOW: i32 = 16
const SEGMENTS: i32 = 8
/** @inline */
function segments(): i32 {
  return stepTokens() < SPLIT_BELOW ? SEGMENTS : 1
}

// The best so far, in scratch: counts of a digit [256], scores [2 topK], positions [2 topK]; four scores and a panel
// after them, then the scores and the order of a whole row.
let best: i32 = 0
let threshold: f32 = 0
/** The last score left out that equalled the threshold: a tie, unless the threshold has risen since. */
let tied: f32 = NaN
/** @inline */
function bestScores(): usize {
  return scratch + <usize>bestScoresAt()
}
/** @inline */
function bestPositions(topK: i32): usize {
  return scratch + <usize>bestPositionsAt(topK)
}
/** @inline */
function fourScores(topK: i32): usize {
  return scratch + <usize>fourScoresAt(topK)
}
/** @inline */
function keyPanel(topK: i32): usize {
  return scratch + <usize>keyPanelAt(topK)
}

/** The better of two floats has the larger number. @inline */
function ordered(bits: u32): u32 {
  return bits >> 31 ? ~bits : bits | 0x80000000
}

/** Positions come rising, so one that is no better than the worst of topK kept before it can be left out. @inline */
function offer(position: i32, s: f32, topK: i32): void {
  if (!(s > threshold)) {
    if (s == threshold) tied = s
    return
  }
  store<f32>(at(bestScores(), best), s)
  store<i32>(at(bestPositions(topK), best), position)
  if (++best == 2 * topK) keepBest(topK)
}

/** Keeps the topK best in their order: a digit at a time from the highest (radix selection), so in linear time. */
function keepBest(topK: i32): void {
  const scores = bestScores(),
    positions = bestPositions(topK)
  let prefix: u32 = 0,
    mask: u32 = 0,
    ties = topK
  for (let shift = 24; shift >= 0; shift -= 8) {
    memory.fill(scratch, 0, 1024)
    for (let i = 0; i < best; i++) {
      const key = ordered(load<u32>(at(scores, i)))
      if ((key & mask) != prefix) continue
      const count = at(scratch, (key >> shift) & 255)
      store<i32>(count, load<i32>(count) + 1)
    }
    let digit = 255
    for (; load<i32>(at(scratch, digit)) < ties; digit--) ties -= load<i32>(at(scratch, digit))
    prefix |= (<u32>digit) << shift
    mask |= (<u32>255) << shift
  }
  let kept = 0
  for (let i = 0; i < best; i++) {
    const bits = load<u32>(at(scores, i)),
      key = ordered(bits)
    if (key < prefix) continue
    if (key == prefix) {
      threshold = reinterpret<f32>(bits)
      if (ties-- <= 0) {
        tied = threshold
        continue
      }
    }
    store<u32>(at(scores, kept), bits)
    store<i32>(at(positions, kept++), load<i32>(at(positions, i)))
  }
  best = kept
}

/** The best topK positions of a part of each token's; lists of [1] count, [topK] positions, [topK] scores, [1] tied. */
export function indexScores(rec: IndexScoresRecord): void {
  const T = rowsOf(rec),
    parts = segments(),
    topK = rec.topK,
    every = rec.every,
    perPage = PAGE_SIZE / every
  for (let u = claim(rec, 1); u < T * parts; u = claim(rec, 1)) {
    // later tokens see more positions: begin with them
    const t = T - 1 - u / parts,
      part = u % parts,
      list = listOf(rec, t, part)
    const rows = (positionOf(t) + 1) / every,
      pages = (rows + perPage - 1) / perPage
    best = 0
    threshold = -Infinity
    tied = NaN
    if (rows > topK) {
      scorePages(rec, t, rows, (pages * part) / parts, (pages * (part + 1)) / parts, 0)
      if (best > topK) keepBest(topK)
    }
    store<i32>(list, best)
    memory.copy(list + 4, bestPositions(topK), (<usize>best) << 2)
    memory.copy(at(list, topK + 1), bestScores(), (<usize>best) << 2)
    store<f32>(at(list, 2 * topK + 1), tied)
  }
}

/** @inline */
function listOf(rec: IndexScoresRecord, t: i32, part: i32): usize {
  return at(rec.lists, (t * segments() + part) * (2 * rec.topK + 2))
}

/** Offers the rows of pages [from, to); or writes all scores to `row`, by the number of the row. */
function scorePages(rec: IndexScoresRecord, t: i32, rows: i32, from: i32, to: i32, row: usize): void {
  const topK = rec.topK,
    every = rec.every,
    perPage = PAGE_SIZE / every,
    sequence = sequenceOf(t)
  const E = rec.dim,
    half = rec.half,
    rowBytes = (<usize>E) << (half ? 1 : 2)
  const four = fourScores(topK),
    panel = keyPanel(topK)
  const q = rec.qRow(t),
    w = rec.headWeightsRow(t)
  for (let page = from; page < to; page++) {
    const keys = pagePtr(sequence, page) + rec.keys,
      count = min(perPage, rows - page * perPage)
    for (let p = 0; p < count; p += 4) {
      let k = keys + <usize>p * rowBytes
      if (half) {
        widenRow(k, 4 * E, 1, panel)
        k = panel
      }
      v128.store(four, f32x4.mul(scoreKeys(q, w, rec.heads, E, k), f32x4.splat(rec.scale)))
      for (let i = 0; i < min(4, count - p); i++) {
        const r = page * perPage + p + i,
          s = load<f32>(at(four, i))
        if (row) store<f32>(at(row, r), s == s ? s : -Infinity)
        else offer((r + 1) * every - 1, s, topK)
      }
    }
  }
}

/** Sum over heads of weight * relu(q k) for four keys that lie one after the other. */
function scoreKeys(q: usize, w: usize, heads: i32, E: i32, k: usize): v128 {
  const row = (<usize>E) << 2,
    k1 = k + row,
    k2 = k1 + row,
    k3 = k2 + row,
    zero = f32x4.splat(0)
  let sum = zero,
    h = 0
  for (; h + 2 <= heads; h += 2, q += 2 * row) {
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
        y = v128.load(q + row + i),
        c0 = v128.load(k + i),
        c1 = v128.load(k1 + i),
        c2 = v128.load(k2 + i),
        c3 = v128.load(k3 + i)
      a0 = madd(x, c0, a0)
      a1 = madd(x, c1, a1)
      a2 = madd(x, c2, a2)
      a3 = madd(x, c3, a3)
      b0 = madd(y, c0, b0)
      b1 = madd(y, c1, b1)
      b2 = madd(y, c2, b2)
      b3 = madd(y, c3, b3)
    }
    sum = madd(v128.load32_splat(at(w, h)), f32x4.pmax(zero, sums4(a0, a1, a2, a3)), sum)
    sum = madd(v128.load32_splat(at(w, h), 4), f32x4.pmax(zero, sums4(b0, b1, b2, b3)), sum)
  }
  if (h < heads) {
    let a0 = zero,
      a1 = zero,
      a2 = zero,
      a3 = zero
    for (let i: usize = 0; i < row; i += 16) {
      const x = v128.load(q + i)
      a0 = madd(x, v128.load(k + i), a0)
      a1 = madd(x, v128.load(k1 + i), a1)
      a2 = madd(x, v128.load(k2 + i), a2)
      a3 = madd(x, v128.load(k3 + i), a3)
    }
    sum = madd(v128.load32_splat(at(w, h)), f32x4.pmax(zero, sums4(a0, a1, a2, a3)), sum)
  }
  // -0 would be less than 0 to keepBest
  return f32x4.add(sum, zero)
}

/** One list of each token's parts: positions, rising, then -1. */
export function indexSelect(rec: IndexSelectRecord): void {
  const T = rowsOf(rec),
    parts = segments(),
    every = rec.every,
    topK = rec.topK
  for (let t = claim(rec, 1); t < T; t = claim(rec, 1)) {
    const out = rec.outRow(t),
      rows = (positionOf(t) + 1) / every
    if (rows <= topK) {
      for (let i = 0; i < topK; i++) store<i32>(at(out, i), i < rows ? (i + 1) * every - 1 : -1)
      continue
    }
    best = 0
    threshold = -Infinity
    tied = NaN
    for (let part = 0; part < parts; part++) {
      const list = listOf(rec, t, part),
        count = load<i32>(list)
      for (let i = 0; i < count; i++) offer(load<i32>(at(list, i + 1)), load<f32>(at(list, topK + 1 + i)), topK)
    }
    if (best > topK) keepBest(topK)
    else
      for (let i = 0, p = bestScores(); i < best; i++)
        threshold = i == 0 ? load<f32>(p) : min(threshold, load<f32>(at(p, i)))
    let tie = tied == threshold
    for (let part = 0; part < parts; part++)
      if (load<f32>(at(listOf(rec, t, part), 2 * topK + 1)) == threshold) tie = true
    if (tie) chooseTied(rec, t, rows, out)
    else {
      memory.copy(out, bestPositions(topK), (<usize>best) << 2)
      for (let i = best; i < topK; i++) store<i32>(at(out, i), -1)
    }
  }
}

/**
 * Some of the equal scores at the threshold are left out. The row is as long as the text, with nothing after the
 * token.
 */
function chooseTied(rec: IndexScoresRecord, t: i32, rows: i32, out: usize): void {
  const every = rec.every,
    topK = rec.topK,
    perPage = PAGE_SIZE / every
  store<i32>(at(tiesPtr(), t), 1)
  const n = load<i32>(at(endsPtr(), t)) / every,
    row = scratch + <usize>wholeRowAt(topK, rec.dim),
    order = at(row, n)
  scorePages(rec, t, rows, 0, (rows + perPage - 1) / perPage, row)
  for (let r = rows; r < n; r++) store<f32>(at(row, r), -Infinity)
  torchTopK(row, order, n, topK)
  // the scores make room for marks, which bring the chosen into their order
  memory.fill(row, 0, (<usize>n) << 2)
  for (let i = 0; i < topK; i++) store<i32>(at(row, load<i32>(at(order, i))), 1)
  let count = 0
  for (let r = 0; r < rows; r++) if (load<i32>(at(row, r))) store<i32>(at(out, count++), (r + 1) * every - 1)
  for (; count < topK; count++) store<i32>(at(out, count), -1)
}
