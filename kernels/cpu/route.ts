// Mixture of experts: who goes where, and the sum of what comes back. The rules are RouteOp's.
import { claim, field, fieldF32, fieldPtr, rowsOf, scratch, tokensPtr } from './control'
import { exp1 } from './simd'

// @ts-ignore: decorator
@inline function at(p: usize, i: i32): usize { return p + (<usize>i << 2) }

/**
 * Record: 5 logits, 6 row bytes, 7 bias f32 or 0, 8 out, 9 out row bytes, 10 experts, 11 topK, 12 scoring
 * (0 softmax, 1 sigmoid, 2 softmax and 3 sigmoid of those chosen by their logits, 4 sqrt of softplus), 13 groups,
 * 14 groups kept, 15 group score is the sum of the two best, 16 normalize, 17 scale, 18 epsilon (f32),
 * 20 ids f32 [tokens of the vocabulary][topK] that are taken instead, or 0.
 */
export function route(rec: usize): void {
  const rows = rowsOf(rec)
  for (let t = claim(rec, 1); t < rows; t = claim(rec, 1))
    routeRow(rec, t, fieldPtr(rec, 5) + <usize>t * <usize>field(rec, 6), fieldPtr(rec, 8) + <usize>t * <usize>field(rec, 9))
}

function routeRow(rec: usize, t: i32, logits: usize, out: usize): void {
  const X = field(rec, 10), topK = field(rec, 11), bias = fieldPtr(rec, 7), table = fieldPtr(rec, 20)
  const scores = scratch, keys = at(scratch, X), groups = at(scratch, 2 * X)
  const scoring = field(rec, 12)
  if (scoring == 4) for (let e = 0; e < X; e++) store<f32>(at(scores, e), sqrtSoftplus(load<f32>(at(logits, e))))
  else if (scoring & 1) for (let e = 0; e < X; e++) store<f32>(at(scores, e), 1 / (1 + exp1(-load<f32>(at(logits, e)))))
  else if (scoring == 0) softmax(logits, scores, X)
  else memory.copy(scores, logits, <usize>X << 2)
  if (scoring == 2 || scoring == 3) memory.copy(keys, logits, <usize>X << 2)
  else for (let e = 0; e < X; e++) store<f32>(at(keys, e), load<f32>(at(scores, e)) + (bias ? load<f32>(at(bias, e)) : 0))
  if (field(rec, 13) > 1) keepGroups(keys, groups, X, field(rec, 13), field(rec, 14), field(rec, 15))
  let sum: f32 = 0
  for (let k = 0; k < topK; k++) {
    const e = table ? <i32>load<f32>(at(table, load<i32>(at(tokensPtr(), t)) * topK + k)) : argmax(keys, X)
    store<f32>(at(keys, e), -Infinity)
    // -Infinity keys can only be chosen when fewer than topK experts are left; mark as taken by NaN-free ordering
    store<i32>(at(out, k), e)
    store<f32>(at(out, topK + k), load<f32>(at(scores, e)))
    sum += load<f32>(at(scores, e))
  }
  if (scoring == 2) {
    softmax(at(out, topK), at(out, topK), topK)
    sum = 1
  }
  const factor = fieldF32(rec, 17) / (field(rec, 16) ? sum + fieldF32(rec, 18) : 1)
  for (let k = 0; k < topK; k++) store<f32>(at(out, topK + k), load<f32>(at(out, topK + k)) * factor)
}

/** log(1 + exp(x)) without overflow. */
// @ts-ignore: decorator
@inline function sqrtSoftplus(x: f32): f32 { return Mathf.sqrt(max<f32>(x, 0) + Mathf.log1p(exp1(-abs(x)))) }

/** Index of the largest; the lowest wins ties. */
function argmax(p: usize, n: i32): i32 {
  let best = 0
  for (let i = 1; i < n; i++) if (load<f32>(at(p, i)) > load<f32>(at(p, best))) best = i
  return best
}

function softmax(x: usize, out: usize, n: i32): void {
  const m = load<f32>(at(x, argmax(x, n)))
  let sum: f32 = 0
  for (let i = 0; i < n; i++) {
    const e = exp1(load<f32>(at(x, i)) - m)
    store<f32>(at(out, i), e)
    sum += e
  }
  for (let i = 0; i < n; i++) store<f32>(at(out, i), load<f32>(at(out, i)) / sum)
}

/** Keys outside of the best groups become -Infinity. */
function keepGroups(keys: usize, groups: usize, X: i32, nGroups: i32, kept: i32, top2: i32): void {
  const size = X / nGroups
  for (let g = 0; g < nGroups; g++) {
    let first: f32 = -Infinity, second: f32 = -Infinity
    for (let e = g * size; e < (g + 1) * size; e++) {
      const k = load<f32>(at(keys, e))
      if (k > first) { second = first; first = k } else if (k > second) second = k
    }
    store<f32>(at(groups, g), top2 ? first + second : first)
  }
  // mark the kept groups, best first, then drop the rest
  const marks = at(groups, nGroups)
  for (let g = 0; g < nGroups; g++) store<i32>(at(marks, g), 0)
  for (let k = 0; k < kept; k++) {
    const g = argmax(groups, nGroups)
    store<f32>(at(groups, g), -Infinity)
    store<i32>(at(marks, g), 1)
  }
  for (let g = 0; g < nGroups; g++)
    if (!load<i32>(at(marks, g))) for (let e = g * size; e < (g + 1) * size; e++) store<f32>(at(keys, e), -Infinity)
}

/**
 * Pairs (token, slot) sorted by expert, for linear_experts. One thread does it.
 * Record: 5 routing, 6 row bytes, 7 topK, 8 plan, 9 experts. Rows are T.
 */
export function planExperts(rec: usize): void {
  if (claim(rec, 1) != 0) return
  const T = rowsOf(rec), topK = field(rec, 7), X = field(rec, 9), plan = fieldPtr(rec, 8)
  const ids = plan + 4, offsets = at(ids, X), pairs = at(offsets, X + 1)
  memory.fill(offsets, 0, <usize>(X + 1) << 2)
  for (let t = 0; t < T; t++)
    for (let k = 0; k < topK; k++) {
      const p = at(offsets, load<i32>(at(fieldPtr(rec, 5) + <usize>t * <usize>field(rec, 6), k)) + 1)
      store<i32>(p, load<i32>(p) + 1)
    }
  let active = 0
  for (let e = 0; e < X; e++) {
    const count = load<i32>(at(offsets, e + 1))
    if (count) store<i32>(at(ids, active++), e)
    store<i32>(at(offsets, e + 1), load<i32>(at(offsets, e)) + count)
  }
  store<i32>(plan, active)
  // fill, moving each expert's offset; afterwards offset e is where e ends, so shift them back
  for (let t = 0; t < T; t++)
    for (let k = 0; k < topK; k++) {
      const p = at(offsets, load<i32>(at(fieldPtr(rec, 5) + <usize>t * <usize>field(rec, 6), k)))
      store<i32>(at(pairs, load<i32>(p)), t * topK + k)
      store<i32>(p, load<i32>(p) + 1)
    }
  for (let e = X; e > 0; e--) store<i32>(at(offsets, e), load<i32>(at(offsets, e - 1)))
  store<i32>(offsets, 0)
}

/**
 * Rows for experts whose weights are on their inputs: out[t * topK + slot] = weight * x[t].
 * Record: 5 x, 6 x row bytes, 7 routing, 8 row bytes, 9 topK, 10 out, 11 out row bytes, 12 columns. Rows are T.
 */
export function scaleExperts(rec: usize): void {
  const T = rowsOf(rec), topK = field(rec, 9), n = field(rec, 12)
  for (let t = claim(rec, 1); t < T; t = claim(rec, 1)) {
    const x = fieldPtr(rec, 5) + <usize>t * <usize>field(rec, 6), weights = at(fieldPtr(rec, 7) + <usize>t * <usize>field(rec, 8), topK)
    for (let k = 0; k < topK; k++) {
      const out = fieldPtr(rec, 10) + <usize>(t * topK + k) * <usize>field(rec, 11), weight = load<f32>(at(weights, k))
      for (let i = 0; i < n; i++) store<f32>(at(out, i), weight * load<f32>(at(x, i)))
    }
  }
}

/**
 * out[t] = sum over slots of weight * y[t * topK + slot]. Record: 5 y, 6 y row bytes, 7 routing, 8 row bytes, 9 topK, 10 out,
 * 11 out row bytes, 12 columns, 13 weighted (0: the sum of y alone).
 */
export function combineExperts(rec: usize): void {
  const T = rowsOf(rec), topK = field(rec, 9), n = field(rec, 12), weighted = field(rec, 13)
  for (let t = claim(rec, 1); t < T; t = claim(rec, 1)) {
    const out = fieldPtr(rec, 10) + <usize>t * <usize>field(rec, 11), weights = at(fieldPtr(rec, 7) + <usize>t * <usize>field(rec, 8), topK)
    for (let i = 0; i < n; i++) {
      let sum: f32 = 0
      for (let k = 0; k < topK; k++) sum += (weighted ? load<f32>(at(weights, k)) : 1) * load<f32>(at(fieldPtr(rec, 5) + <usize>(t * topK + k) * <usize>field(rec, 6), i))
      store<f32>(at(out, i), sum)
    }
  }
}
