// The gated delta rule. The formula is in src/graph/ops/recurrent.ts. A sequence's states lie in its slot; the tokens
// of one sequence stand together in a step.
import { DELTA_CHUNK, DeltaRuleRecord } from '../contract.generated'
import { claim, rowsOf, scratch } from '../control'
import { positionOf } from '../attention/page'
import { deltaRowsAt, deltaTokenBytes } from '../scratch.generated'
import { bytes, runEnd, slotOf } from './sequences'
import { exp1, madd, sum4 } from '../simd'

/** Columns of a panel of S: four vectors. S and what tokens wrote lie as panels, [columns / 16][rows][16]. */
const PANEL: i32 = 16

/**
 * State of a head, floats: S [E, Ev]; the decay since the chunk began [E]; keys [16, E]; writes [16, Ev]; Ev in whole
 * panels.
 */
export function deltaRule(rec: DeltaRuleRecord): void {
  const rows = rowsOf(rec),
    heads = rec.heads
  // a unit: a sequence and a head
  let u = claim(rec, 1)
  for (let first = 0, base = 0; first < rows; base += heads) {
    const end = runEnd(first, rows)
    for (; u < base + heads; u = claim(rec, 1)) deltaHead(rec, u - base, first, end)
    first = end
  }
}

function deltaHead(rec: DeltaRuleRecord, h: i32, first: i32, end: i32): void {
  const E = rec.keyDim,
    panels = (rec.valueDim + PANEL - 1) / PANEL
  const S = slotOf(first) + rec.state + <usize>h * bytes(E + (E + DELTA_CHUNK) * panels * PANEL + DELTA_CHUNK * E)
  const total = S + bytes(E * panels * PANEL),
    keys = total + bytes(E),
    writes = keys + bytes(DELTA_CHUNK * E)
  if (positionOf(first) == 0) memory.fill(S, 0, total - S)
  for (let t = first; t < end;) {
    const place = positionOf(t) % DELTA_CHUNK,
      n = min(end - t, DELTA_CHUNK - place)
    chunkKeys(rec, h, t, n, place, total, keys)
    for (let p = 0; p < panels; p++) {
      const panel = S + bytes(p * PANEL * E),
        written = writes + bytes(p * PANEL * DELTA_CHUNK)
      chunkColumns(rec, h, p * PANEL, t, n, place, panel, written)
      if (place + n == DELTA_CHUNK) closeChunk(E, panel, total, keys, written)
    }
    t += n
  }
}

/**
 * All that does not depend on the values, for n tokens from place `place` of a chunk: the chunk's keys, decayed, and
 * for token i in scratch, 32 + 2E floats each: products of k_i and of q_i with the chunk's keys up to its own [16]
 * [16], k_i and q_i as S sees them [E] [E]. After them q, k and decay of the token [E] each.
 */
function chunkKeys(rec: DeltaRuleRecord, h: i32, t: i32, n: i32, place: i32, total: usize, keys: usize): void {
  const E = rec.keyDim,
    row = bytes(E),
    kh = <usize>(h / rec.group) * row
  const q = scratch + <usize>deltaRowsAt(E),
    k = q + row,
    same = k + row
  for (let i = 0; i < n; i++) {
    normalise(rec.qRow(t + i) + kh, q, row, 1 / Mathf.sqrt(<f32>E))
    normalise(rec.kRow(t + i) + kh, k, row, 1)
    let a = rec.decayRow(t + i)
    if (rec.perChannel) a += <usize>h * row
    else {
      const d = v128.load32_splat(a + bytes(h))
      for (let c: usize = 0; c < row; c += 16) v128.store(same + c, d)
      a = same
    }
    const own = scratch + <usize>(i * deltaTokenBytes(E)),
      ownQ = own + bytes(DELTA_CHUNK),
      seenK = ownQ + bytes(DELTA_CHUNK),
      seenQ = seenK + row
    for (let s = 0; s < place + i; s++) {
      const key = keys + <usize>s * row
      let sk = f32x4.splat(0),
        sq = sk
      for (let c: usize = 0; c < row; c += 16) {
        const d = f32x4.mul(v128.load(key + c), v128.load(a + c))
        v128.store(key + c, d)
        sk = madd(d, v128.load(k + c), sk)
        sq = madd(d, v128.load(q + c), sq)
      }
      store<f32>(own + bytes(s), sum4(sk))
      store<f32>(ownQ + bytes(s), sum4(sq))
    }
    const key = keys + <usize>(place + i) * row
    let sq = f32x4.splat(0)
    for (let c: usize = 0; c < row; c += 16) {
      const x = v128.load(k + c),
        y = v128.load(q + c)
      const all = place + i == 0 ? v128.load(a + c) : f32x4.mul(v128.load(total + c), v128.load(a + c))
      v128.store(key + c, x)
      v128.store(total + c, all)
      v128.store(seenK + c, f32x4.mul(x, all))
      v128.store(seenQ + c, f32x4.mul(y, all))
      sq = madd(x, y, sq)
    }
    store<f32>(ownQ + bytes(place + i), sum4(sq))
  }
}

/** out = x * factor / sqrt(sum x^2 + 1e-6) */
function normalise(x: usize, out: usize, row: usize, factor: f32): void {
  let sum = f32x4.splat(0)
  for (let c: usize = 0; c < row; c += 16) {
    const v = v128.load(x + c)
    sum = madd(v, v, sum)
  }
  const s = f32x4.splat(factor / Mathf.sqrt(sum4(sum) + <f32>1e-6))
  for (let c: usize = 0; c < row; c += 16) v128.store(out + c, f32x4.mul(v128.load(x + c), s))
}

/**
 * Sixteen columns of n tokens: what they see of S and of the chunk's writes before, what they write, and their outputs.
 */
function chunkColumns(
  rec: DeltaRuleRecord,
  h: i32,
  column: i32,
  t: i32,
  n: i32,
  place: i32,
  panel: usize,
  written: usize,
): void {
  const E = rec.keyDim,
    Ev = rec.valueDim,
    columns = min(PANEL, Ev - column),
    at = bytes(h * Ev + column)
  const stride = <usize>deltaTokenBytes(E),
    row = bytes(E),
    edge = scratch + <usize>deltaRowsAt(E)
  for (let i = 0; i < n; i++) {
    const own = scratch + <usize>i * stride,
      k = own + bytes(2 * DELTA_CHUNK)
    let a0 = f32x4.splat(0),
      a1 = a0,
      a2 = a0,
      a3 = a0,
      b0 = a0,
      b1 = a0,
      b2 = a0,
      b3 = a0
    for (let c: usize = 0, s = panel; c < row; c += 4, s += 64) {
      const x = v128.load32_splat(k + c),
        y = v128.load32_splat(k + row + c),
        s0 = v128.load(s),
        s1 = v128.load(s, 16),
        s2 = v128.load(s, 32),
        s3 = v128.load(s, 48)
      a0 = madd(x, s0, a0)
      a1 = madd(x, s1, a1)
      a2 = madd(x, s2, a2)
      a3 = madd(x, s3, a3)
      b0 = madd(y, s0, b0)
      b1 = madd(y, s1, b1)
      b2 = madd(y, s2, b2)
      b3 = madd(y, s3, b3)
    }
    const before = own + bytes(place + i)
    let w = written
    for (let p = own; p < before; p += 4, w += 64) {
      const x = v128.load32_splat(p),
        y = v128.load32_splat(p, 64),
        w0 = v128.load(w),
        w1 = v128.load(w, 16),
        w2 = v128.load(w, 32),
        w3 = v128.load(w, 48)
      a0 = madd(x, w0, a0)
      a1 = madd(x, w1, a1)
      a2 = madd(x, w2, a2)
      a3 = madd(x, w3, a3)
      b0 = madd(y, w0, b0)
      b1 = madd(y, w1, b1)
      b2 = madd(y, w2, b2)
      b3 = madd(y, w3, b3)
    }
    let v = rec.vRow(t + i) + at
    if (columns < PANEL) {
      memory.fill(edge, 0, 64)
      memory.copy(edge, v, bytes(columns))
      v = edge
    }
    const beta = f32x4.splat(1 / (1 + exp1(-load<f32>(rec.betaRow(t + i) + bytes(h)))))
    a0 = f32x4.mul(beta, f32x4.sub(v128.load(v), a0))
    a1 = f32x4.mul(beta, f32x4.sub(v128.load(v, 16), a1))
    a2 = f32x4.mul(beta, f32x4.sub(v128.load(v, 32), a2))
    a3 = f32x4.mul(beta, f32x4.sub(v128.load(v, 48), a3))
    v128.store(w, a0)
    v128.store(w, a1, 16)
    v128.store(w, a2, 32)
    v128.store(w, a3, 48)
    const y = v128.load32_splat(before, 64),
      out = rec.outRow(t + i) + at,
      whole = columns < PANEL ? edge : out
    v128.store(whole, madd(y, a0, b0))
    v128.store(whole, madd(y, a1, b1), 16)
    v128.store(whole, madd(y, a2, b2), 32)
    v128.store(whole, madd(y, a3, b3), 48)
    if (columns < PANEL) memory.copy(out, edge, bytes(columns))
  }
}

/** A whole chunk's writes go into sixteen columns of S: S = total * S + keys^T writes. */
function closeChunk(E: i32, panel: usize, total: usize, keys: usize, written: usize): void {
  const row = bytes(E)
  for (let c: usize = 0, s = panel; c < row; c += 4, s += 64) {
    const d = v128.load32_splat(total + c)
    let s0 = f32x4.mul(d, v128.load(s)),
      s1 = f32x4.mul(d, v128.load(s, 16)),
      s2 = f32x4.mul(d, v128.load(s, 32)),
      s3 = f32x4.mul(d, v128.load(s, 48))
    for (let k = keys + c, w = written, end = written + bytes(DELTA_CHUNK * PANEL); w < end; k += row, w += 64) {
      const x = v128.load32_splat(k)
      s0 = madd(x, v128.load(w), s0)
      s1 = madd(x, v128.load(w, 16), s1)
      s2 = madd(x, v128.load(w, 32), s2)
      s3 = madd(x, v128.load(w, 48), s3)
    }
    v128.store(s, s0)
    v128.store(s, s1, 16)
    v128.store(s, s2, 32)
    v128.store(s, s3, 48)
  }
}
