// The small ops: one row per unit of work.
import {
  ACTIVATION_CLAMPED_SWIGLU,
  ACTIVATION_SILU,
  ACTIVATION_SITU,
  AddRecord,
  CHUNK_COLUMNS,
  EmbedRecord,
  GatedMulRecord,
  LayerNormRecord,
  RmsNormRecord,
  RopeRecord,
  ScaleRecord,
  SelectRowsRecord,
  logitRowsPtr,
  positionsPtr,
  tokensPtr,
} from './contract.generated'
import { endOwn, firstOwn, rowsOf, scratch } from './control'
import { dequantize } from './weights/dequantize'
import { exp4, log1, madd, sum4 } from './simd'

export function embed(rec: EmbedRecord): void {
  const d = rec.matrix,
    rows = rowsOf(rec),
    D = d.cols
  for (let t = firstOwn(rows), end = endOwn(rows); t < end; t++) {
    const id = load<i32>(tokensPtr() + ((<usize>t) << 2)),
      out = rec.outRow(t)
    for (let col = 0; col < D; col += CHUNK_COLUMNS) {
      const n = min(CHUNK_COLUMNS, D - col)
      dequantize(d, id & ~3, col, n, scratch)
      memory.copy(out + ((<usize>col) << 2), scratch + ((<usize>((id & 3) * CHUNK_COLUMNS)) << 2), (<usize>n) << 2)
    }
  }
}

export function rmsNorm(rec: RmsNormRecord): void {
  const rows = rowsOf(rec),
    heads = rec.heads,
    width = rec.width
  for (let i = firstOwn(rows), end = endOwn(rows); i < end; i++)
    for (let h = 0; h < heads; h++) {
      const at = (<usize>(h * width)) << 2
      rmsNormRow(rec.xRow(i) + at, rec.weight, rec.outRow(i) + at, width, rec.eps, rec.weightOffset)
    }
}

function rmsNormRow(x: usize, w: usize, out: usize, n: i32, eps: f32, offset: f32): void {
  let acc = f32x4.splat(0),
    i: usize = 0
  const end = (<usize>n) << 2,
    whole = (<usize>(n & ~3)) << 2
  for (; i < whole; i += 16) {
    const v = v128.load(x + i)
    acc = madd(v, v, acc)
  }
  let sum = sum4(acc)
  for (; i < end; i += 4) {
    const v = load<f32>(x + i)
    sum += v * v
  }
  const scale: f32 = 1 / Mathf.sqrt(sum / <f32>n + eps),
    sv = f32x4.splat(scale),
    ov = f32x4.splat(offset)
  for (i = 0; i < whole; i += 16) {
    const v = f32x4.mul(v128.load(x + i), sv)
    v128.store(out + i, w ? f32x4.mul(v, f32x4.add(ov, v128.load(w + i))) : v)
  }
  for (; i < end; i += 4) {
    const v = load<f32>(x + i) * scale
    store<f32>(out + i, w ? v * (offset + load<f32>(w + i)) : v)
  }
}

export function layerNorm(rec: LayerNormRecord): void {
  const rows = rowsOf(rec),
    n = rec.columns
  for (let row = firstOwn(rows), end = endOwn(rows); row < end; row++)
    layerNormRow(rec.xRow(row), rec.weight, rec.bias, rec.outRow(row), n, rec.eps)
}

function layerNormRow(x: usize, w: usize, b: usize, out: usize, n: i32, eps: f32): void {
  const end = (<usize>n) << 2
  let mean: f32 = 0,
    variance: f32 = 0
  for (let i: usize = 0; i < end; i += 4) mean += load<f32>(x + i)
  mean /= <f32>n
  for (let i: usize = 0; i < end; i += 4) {
    const v = load<f32>(x + i) - mean
    variance += v * v
  }
  const scale: f32 = 1 / Mathf.sqrt(variance / <f32>n + eps)
  for (let i: usize = 0; i < end; i += 4)
    store<f32>(out + i, (load<f32>(x + i) - mean) * scale * load<f32>(w + i) + load<f32>(b + i))
}

export function gatedMul(rec: GatedMulRecord): void {
  const rows = rowsOf(rec),
    n = rec.columns
  for (let i = firstOwn(rows), end = endOwn(rows); i < end; i++)
    gatedMulRow(rec.gateRow(i), rec.upRow(i), rec.outRow(i), n, rec.activation, rec.alpha, rec.limit, rec.upOffset)
}

/** silu(g) = g / (1 + exp(-g)); tanh-gelu(g) = g / (1 + exp(-2 sqrt(2/pi) (g + 0.044715 g^3))). @inline */
function activate(g: v128, activation: i32): v128 {
  const z =
    activation == ACTIVATION_SILU
      ? g
      : f32x4.mul(
          f32x4.splat(1.5957691216057308),
          f32x4.add(g, f32x4.mul(f32x4.splat(0.044715), f32x4.mul(g, f32x4.mul(g, g)))),
        )
  return f32x4.div(g, f32x4.add(f32x4.splat(1), exp4(f32x4.neg(z))))
}

/**
 * (u + offset) g / (1 + exp(-alpha g)) of clamped g and u. A NaN stays one: pmin and pmax keep their first operand's.
 * @inline
 */
function clampedSwiglu(gate: v128, up: v128, alpha: f32, limit: f32, offset: f32): v128 {
  const g = f32x4.pmin(gate, f32x4.splat(limit)),
    u = f32x4.pmax(f32x4.pmin(up, f32x4.splat(limit)), f32x4.splat(-limit))
  const silu = f32x4.div(g, f32x4.add(f32x4.splat(1), exp4(f32x4.mul(f32x4.splat(-alpha), g))))
  return f32x4.mul(f32x4.add(u, f32x4.splat(offset)), silu)
}

/** 4 tanh(g / 4) sigmoid(g) * 25 tanh(u / 25) @inline */
function situ(g: v128, u: v128): v128 {
  const gate = f32x4.div(
    f32x4.mul(f32x4.splat(4), tanh4(f32x4.mul(g, f32x4.splat(0.25)))),
    f32x4.add(f32x4.splat(1), exp4(f32x4.neg(g))),
  )
  return f32x4.mul(gate, f32x4.mul(f32x4.splat(25), tanh4(f32x4.mul(u, f32x4.splat(0.04)))))
}

/**
 * 1 - 2 / (exp(2x) + 1), or near zero, where that loses digits, x - x^3/3 + 2x^5/15 - 17x^7/315 + 62x^9/2835. @inline
 */
function tanh4(x: v128): v128 {
  const far = f32x4.sub(f32x4.splat(1), f32x4.div(f32x4.splat(2), f32x4.add(exp4(f32x4.add(x, x)), f32x4.splat(1))))
  const z = f32x4.mul(x, x)
  let p = f32x4.splat(62.0 / 2835)
  p = madd(p, z, f32x4.splat(-17.0 / 315))
  p = madd(p, z, f32x4.splat(2.0 / 15))
  p = madd(p, z, f32x4.splat(-1.0 / 3))
  const near = madd(f32x4.mul(p, z), x, x)
  return v128.bitselect(near, far, f32x4.lt(f32x4.abs(x), f32x4.splat(0.25)))
}

/** n columns; the last three numbers are those of a clamped SwiGLU. */
export function gatedMulRow(
  gate: usize,
  up: usize,
  out: usize,
  n: i32,
  activation: i32,
  alpha: f32,
  limit: f32,
  offset: f32,
): void {
  let i: usize = 0
  const end = (<usize>n) << 2,
    whole = (<usize>(n & ~3)) << 2
  if (activation == ACTIVATION_CLAMPED_SWIGLU) {
    for (; i < whole; i += 16)
      v128.store(out + i, clampedSwiglu(v128.load(gate + i), v128.load(up + i), alpha, limit, offset))
    for (; i < end; i += 4)
      store<f32>(
        out + i,
        f32x4.extract_lane(
          clampedSwiglu(v128.load32_splat(gate + i), v128.load32_splat(up + i), alpha, limit, offset),
          0,
        ),
      )
    return
  }
  if (activation == ACTIVATION_SITU) {
    for (; i < whole; i += 16) v128.store(out + i, situ(v128.load(gate + i), v128.load(up + i)))
    for (; i < end; i += 4)
      store<f32>(out + i, f32x4.extract_lane(situ(v128.load32_splat(gate + i), v128.load32_splat(up + i)), 0))
    return
  }
  for (; i < whole; i += 16)
    v128.store(out + i, f32x4.mul(activate(v128.load(gate + i), activation), v128.load(up + i)))
  for (; i < end; i += 4)
    store<f32>(
      out + i,
      f32x4.extract_lane(activate(f32x4.splat(load<f32>(gate + i)), activation), 0) * load<f32>(up + i),
    )
}

export function scale(rec: ScaleRecord): void {
  const rows = rowsOf(rec),
    n = (<usize>rec.columns) << 2,
    whole = n & ~15,
    length = rec.length
  for (let row = firstOwn(rows), end = endOwn(rows); row < end; row++) {
    const x = rec.xRow(row),
      out = rec.outRow(row)
    let by = rec.factor
    if (length) {
      const position = load<i32>(positionsPtr() + ((<usize>row) << 2)),
        steps = (position + rec.shift) / length
      by *= 1 + rec.beta * log1(<f32>(steps + 1))
    }
    let i: usize = 0
    for (; i < whole; i += 16) v128.store(out + i, f32x4.mul(v128.load(x + i), f32x4.splat(by)))
    for (; i < n; i += 4) store<f32>(out + i, load<f32>(x + i) * by)
  }
}

export function add(rec: AddRecord): void {
  const rows = rowsOf(rec),
    n = (<usize>rec.columns) << 2,
    whole = n & ~15
  for (let row = firstOwn(rows), end = endOwn(rows); row < end; row++) {
    const a = rec.aRow(row),
      b = rec.bRow(row),
      out = rec.outRow(row)
    let i: usize = 0
    for (; i < whole; i += 16) v128.store(out + i, f32x4.add(v128.load(a + i), v128.load(b + i)))
    for (; i < n; i += 4) store<f32>(out + i, load<f32>(a + i) + load<f32>(b + i))
  }
}

export function selectRows(rec: SelectRowsRecord): void {
  const rows = rowsOf(rec)
  for (let r = firstOwn(rows), end = endOwn(rows); r < end; r++) {
    const t = load<i32>(logitRowsPtr() + ((<usize>r) << 2))
    memory.copy(rec.outRow(r), rec.xRow(t), <usize>rec.bytes)
  }
}

export function rope(rec: RopeRecord): void {
  const rows = rowsOf(rec),
    heads = rec.heads,
    half = rec.dim >> 1,
    sign: f32 = rec.inverse ? -1 : 1
  for (let t = firstOwn(rows), end = endOwn(rows); t < end; t++) {
    const cos = rec.angles + ((<usize>(t * 2 * half)) << 2),
      sin = cos + ((<usize>half) << 2)
    for (let h = 0; h < heads; h++) {
      const x = rec.xRow(t) + <usize>h * <usize>rec.xHeadBytes
      const out = rec.outRow(t) + <usize>h * <usize>rec.outHeadBytes
      if (rec.interleaved) rope_interleaved(x, out, cos, sin, half, sign)
      else rope_half(x, out, cos, sin, half, sign)
    }
  }
}

function rope_half(x: usize, out: usize, cos: usize, sin: usize, half: i32, sign: f32): void {
  const far = (<usize>half) << 2
  let i: usize = 0
  for (; i + 16 <= far; i += 16) {
    const a = v128.load(x + i),
      b = v128.load(x + far + i),
      c = v128.load(cos + i),
      s = f32x4.mul(v128.load(sin + i), f32x4.splat(sign))
    v128.store(out + i, f32x4.sub(f32x4.mul(a, c), f32x4.mul(b, s)))
    v128.store(out + far + i, f32x4.add(f32x4.mul(b, c), f32x4.mul(a, s)))
  }
  for (; i < far; i += 4) {
    const a = load<f32>(x + i),
      b = load<f32>(x + far + i),
      c = load<f32>(cos + i),
      s = load<f32>(sin + i) * sign
    store<f32>(out + i, a * c - b * s)
    store<f32>(out + far + i, b * c + a * s)
  }
}

function rope_interleaved(x: usize, out: usize, cos: usize, sin: usize, half: i32, sign: f32): void {
  for (let i: usize = 0; i < <usize>half; i++) {
    const a = load<f32>(x + (i << 3)),
      b = load<f32>(x + (i << 3), 4),
      c = load<f32>(cos + (i << 2)),
      s = load<f32>(sin + (i << 2)) * sign
    store<f32>(out + (i << 3), a * c - b * s)
    store<f32>(out + (i << 3), b * c + a * s, 4)
  }
}
