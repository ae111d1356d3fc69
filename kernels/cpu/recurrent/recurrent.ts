// Recurrent layers: short convolutions, decays, the gated delta rule, and the gates around them. The formulas are in
// src/graph/ops/recurrent.ts. A sequence's states lie in its slot; the tokens of one sequence stand together in a step.
import {
  CopyHeadsRecord,
  DecayRecord,
  GatedNormRecord,
  ShortConvRecord,
  SigmoidGateRecord,
} from '../contract.generated'
import { claim, endOwn, firstOwn, rowsOf } from '../control'
import { positionOf } from '../attention/page'
import { bytes, runEnd, slotOf } from './sequences'
import { exp1, exp4, madd, sum4 } from '../simd'
/** @inline */
function sigmoid4(x: v128): v128 {
  return f32x4.div(f32x4.splat(1), f32x4.add(f32x4.splat(1), exp4(f32x4.neg(x))))
}

export function shortConv(rec: ShortConvRecord): void {
  const rows = rowsOf(rec),
    blocks = (rec.columns + 15) / 16
  // a unit: a sequence and 16 columns
  let u = claim(rec, 1)
  for (let first = 0, base = 0; first < rows; base += blocks) {
    const end = runEnd(first, rows)
    for (; u < base + blocks; u = claim(rec, 1)) {
      const c = (u - base) * 16,
        stop = min(c + 16, rec.columns)
      for (let i = c; i < stop; i += 4) convColumns(rec, i, first, end)
    }
    first = end
  }
}

/** Four columns of the tokens [first, end) of a sequence. */
function convColumns(rec: ShortConvRecord, c: i32, first: i32, end: i32): void {
  const C = rec.columns,
    at = bytes(c),
    state = slotOf(first) + rec.state + at
  const w = rec.weight + (at << 2),
    r0 = v128.load(w),
    r1 = v128.load(w, 16),
    r2 = v128.load(w, 32),
    r3 = v128.load(w, 48)
  const a01 = v128.shuffle<i32>(r0, r1, 0, 4, 1, 5),
    b01 = v128.shuffle<i32>(r0, r1, 2, 6, 3, 7)
  const a23 = v128.shuffle<i32>(r2, r3, 0, 4, 1, 5),
    b23 = v128.shuffle<i32>(r2, r3, 2, 6, 3, 7)
  const w0 = v128.shuffle<i64>(a01, a23, 0, 2),
    w1 = v128.shuffle<i64>(a01, a23, 1, 3),
    w2 = v128.shuffle<i64>(b01, b23, 0, 2),
    w3 = v128.shuffle<i64>(b01, b23, 1, 3)
  let x0 = f32x4.splat(0),
    x1 = x0,
    x2 = x0
  if (positionOf(first) != 0) {
    x0 = v128.load(state)
    x1 = v128.load(state + bytes(C))
    x2 = v128.load(state + bytes(2 * C))
  }
  for (let t = first; t < end; t++) {
    const x = v128.load(rec.xRow(t) + at)
    const y = madd(w3, x, madd(w2, x2, madd(w1, x1, f32x4.mul(w0, x0))))
    v128.store(rec.outRow(t) + at, f32x4.mul(y, sigmoid4(y)))
    x0 = x1
    x1 = x2
    x2 = x
  }
  v128.store(state, x0)
  v128.store(state + bytes(C), x1)
  v128.store(state + bytes(2 * C), x2)
}

export function decay(rec: DecayRecord): void {
  const rows = rowsOf(rec),
    heads = rec.heads,
    n = rec.width,
    rate = rec.rate
  for (let t = firstOwn(rows), end = endOwn(rows); t < end; t++)
    for (let h = 0; h < heads; h++) {
      const speed = f32x4.splat(exp1(load<f32>(rate + bytes(h))))
      const at = bytes(h * n),
        x = rec.xRow(t) + at,
        b = rec.bias + at,
        out = rec.outRow(t) + at
      let i: usize = 0
      for (; i + 16 <= bytes(n); i += 16)
        v128.store(out + i, decay4(rec, f32x4.add(v128.load(x + i), v128.load(b + i)), speed))
      for (; i < bytes(n); i += 4)
        store<f32>(out + i, f32x4.extract_lane(decay4(rec, f32x4.splat(load<f32>(x + i) + load<f32>(b + i)), speed), 0))
    }
}

/**
 * exp(-speed * softplus(z)), or exp(bound * sigmoid(speed * z)). softplus(z) = max(z, 0) + log(1 + exp(-|z|)). @inline
 */
function decay4(rec: DecayRecord, z: v128, speed: v128): v128 {
  if (rec.bounded) return exp4(f32x4.mul(f32x4.splat(rec.bound), sigmoid4(f32x4.mul(speed, z))))
  const rest = log1p4(exp4(f32x4.neg(f32x4.abs(z))))
  return exp4(f32x4.neg(f32x4.mul(speed, f32x4.add(f32x4.max(z, f32x4.splat(0)), rest))))
}

/** log(1 + y) for y in [0, 1]: 2 artanh(s) with s = y / (2 + y), seven terms, relative error 2e-8. @inline */
function log1p4(y: v128): v128 {
  const s = f32x4.div(y, f32x4.add(f32x4.splat(2), y)),
    z = f32x4.mul(s, s)
  let p = f32x4.splat(1.0 / 13)
  p = madd(p, z, f32x4.splat(1.0 / 11))
  p = madd(p, z, f32x4.splat(1.0 / 9))
  p = madd(p, z, f32x4.splat(1.0 / 7))
  p = madd(p, z, f32x4.splat(1.0 / 5))
  p = madd(p, z, f32x4.splat(1.0 / 3))
  p = madd(p, z, f32x4.splat(1))
  return f32x4.mul(f32x4.add(s, s), p)
}

export function gatedNorm(rec: GatedNormRecord): void {
  const rows = rowsOf(rec),
    heads = rec.heads,
    row = bytes(rec.width),
    w = rec.weight
  for (let t = firstOwn(rows), end = endOwn(rows); t < end; t++)
    for (let h = 0; h < heads; h++) {
      const at = <usize>h * row,
        x = rec.xRow(t) + at,
        g = rec.gateRow(t) + at,
        out = rec.outRow(t) + at
      let sum = f32x4.splat(0)
      for (let c: usize = 0; c < row; c += 16) {
        const v = v128.load(x + c)
        sum = madd(v, v, sum)
      }
      const scale = f32x4.splat(1 / Mathf.sqrt(sum4(sum) / <f32>rec.width + rec.eps))
      for (let c: usize = 0; c < row; c += 16) {
        const z = v128.load(g + c),
          gate = rec.sigmoid ? sigmoid4(z) : f32x4.mul(z, sigmoid4(z))
        v128.store(out + c, f32x4.mul(f32x4.mul(f32x4.mul(v128.load(x + c), scale), v128.load(w + c)), gate))
      }
    }
}

export function sigmoidGate(rec: SigmoidGateRecord): void {
  const rows = rowsOf(rec),
    n = bytes(rec.columns)
  for (let row = firstOwn(rows), end = endOwn(rows); row < end; row++) {
    const x = rec.xRow(row),
      g = rec.gateRow(row),
      out = rec.outRow(row),
      one = rec.shared
    const same = sigmoid4(v128.load32_splat(g))
    let i: usize = 0
    for (; i + 16 <= n; i += 16)
      v128.store(out + i, f32x4.mul(v128.load(x + i), one ? same : sigmoid4(v128.load(g + i))))
    for (; i < n; i += 4)
      store<f32>(out + i, load<f32>(x + i) * f32x4.extract_lane(one ? same : sigmoid4(v128.load32_splat(g + i)), 0))
  }
}

export function copyHeads(rec: CopyHeadsRecord): void {
  const rows = rowsOf(rec)
  for (let row = firstOwn(rows), end = endOwn(rows); row < end; row++)
    for (let h = 0; h < rec.heads; h++)
      memory.copy(
        rec.outRow(row) + <usize>h * <usize>rec.outHeadBytes,
        rec.xRow(row) + <usize>h * <usize>rec.xHeadBytes,
        <usize>rec.bytes,
      )
}
