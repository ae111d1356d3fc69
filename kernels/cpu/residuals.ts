// Attention over residuals: a softmax over the rows of a few blocks. The formula is MixResidualsOp's.
import { MixResidualsRecord } from './contract.generated'
import { claim, rowsOf, scratch } from './control'
import { exp1, madd, sum4 } from './simd'

export function mixResiduals(rec: MixResidualsRecord): void {
  const T = rowsOf(rec),
    count = rec.blocks,
    bytes = (<usize>rec.columns) << 2,
    whole = bytes & ~15
  for (let t = claim(rec, 1); t < T; t = claim(rec, 1)) {
    let top: f32 = -Infinity
    for (let b = 0; b < count; b++) {
      const logit = blockLogit(rec, rec.blocksRow(b, t))
      store<f32>(scratch + ((<usize>b) << 2), logit)
      top = max(top, logit)
    }
    let total: f32 = 0
    for (let b = 0; b < count; b++) {
      const e = exp1(load<f32>(scratch + ((<usize>b) << 2)) - top)
      store<f32>(scratch + ((<usize>b) << 2), e)
      total += e
    }
    const out = rec.outRow(t)
    let i: usize = 0
    for (; i < whole; i += 16) {
      let sum = f32x4.splat(0)
      for (let b = 0; b < count; b++)
        sum = madd(v128.load32_splat(scratch + ((<usize>b) << 2)), v128.load(rec.blocksRow(b, t) + i), sum)
      v128.store(out + i, f32x4.div(sum, f32x4.splat(total)))
    }
    for (; i < bytes; i += 4) {
      let sum: f32 = 0
      for (let b = 0; b < count; b++) sum += load<f32>(scratch + ((<usize>b) << 2)) * load<f32>(rec.blocksRow(b, t) + i)
      store<f32>(out + i, sum / total)
    }
  }
}

function blockLogit(rec: MixResidualsRecord, x: usize): f32 {
  const norm = rec.norm,
    proj = rec.proj,
    n = rec.columns,
    bytes = (<usize>n) << 2,
    whole = bytes & ~15
  let dots = f32x4.splat(0),
    squares = dots,
    i: usize = 0
  for (; i < whole; i += 16) {
    const v = v128.load(x + i)
    dots = madd(f32x4.mul(v128.load(norm + i), v128.load(proj + i)), v, dots)
    squares = madd(v, v, squares)
  }
  let dot = sum4(dots),
    square = sum4(squares)
  for (; i < bytes; i += 4) {
    const v = load<f32>(x + i)
    dot += load<f32>(norm + i) * load<f32>(proj + i) * v
    square += v * v
  }
  return dot / Mathf.sqrt(square / <f32>n + rec.eps)
}
