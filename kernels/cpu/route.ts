// Mixture of experts: who goes where, and the sum of what comes back. The rules are RouteOp's.
import {
  CombineExpertsRecord,
  PlanExpertsRecord,
  RouteRecord,
  SCORING_CHOSEN_SIGMOID,
  SCORING_CHOSEN_SOFTMAX,
  SCORING_SIGMOID,
  SCORING_SOFTMAX,
  SCORING_SQRTSOFTPLUS,
  ScaleExpertsRecord,
  tokensPtr,
} from './contract.generated'
import { claim, endOwn, firstOwn, rowsOf, scratch } from './control'
import { routeGroupsAt } from './scratch.generated'
import { exp1 } from './simd'

/** @inline */
function at(p: usize, i: i32): usize {
  return p + ((<usize>i) << 2)
}

export function route(rec: RouteRecord): void {
  const rows = rowsOf(rec)
  for (let t = firstOwn(rows), end = endOwn(rows); t < end; t++) routeRow(rec, t, rec.logitsRow(t), rec.outRow(t))
}

function routeRow(rec: RouteRecord, t: i32, logits: usize, out: usize): void {
  const X = rec.experts,
    topK = rec.topK,
    bias = rec.bias,
    table = rec.table
  const scores = scratch,
    keys = at(scratch, X),
    groups = scratch + <usize>routeGroupsAt(X)
  const scoring = rec.scoring
  if (scoring == SCORING_SQRTSOFTPLUS)
    for (let e = 0; e < X; e++) store<f32>(at(scores, e), sqrtSoftplus(load<f32>(at(logits, e))))
  else if (scoring == SCORING_SIGMOID || scoring == SCORING_CHOSEN_SIGMOID)
    for (let e = 0; e < X; e++) store<f32>(at(scores, e), 1 / (1 + exp1(-load<f32>(at(logits, e)))))
  else if (scoring == SCORING_SOFTMAX) softmax(logits, scores, X)
  else memory.copy(scores, logits, (<usize>X) << 2)
  if (scoring == SCORING_CHOSEN_SOFTMAX || scoring == SCORING_CHOSEN_SIGMOID) memory.copy(keys, logits, (<usize>X) << 2)
  else
    for (let e = 0; e < X; e++) store<f32>(at(keys, e), load<f32>(at(scores, e)) + (bias ? load<f32>(at(bias, e)) : 0))
  if (rec.groups > 1) keepGroups(keys, groups, X, rec.groups, rec.keptGroups, rec.top2)
  let sum: f32 = 0
  for (let k = 0; k < topK; k++) {
    const e = table ? <i32>load<f32>(at(table, load<i32>(at(tokensPtr(), t)) * topK + k)) : argmax(keys, X)
    store<f32>(at(keys, e), -Infinity)
    // -Infinity keys can only be chosen when fewer than topK experts are left; mark as taken by NaN-free ordering
    store<i32>(at(out, k), e)
    store<f32>(at(out, topK + k), load<f32>(at(scores, e)))
    sum += load<f32>(at(scores, e))
  }
  if (scoring == SCORING_CHOSEN_SOFTMAX) {
    softmax(at(out, topK), at(out, topK), topK)
    sum = 1
  }
  const factor = rec.scale / (rec.normalize ? sum + rec.epsilon : 1)
  for (let k = 0; k < topK; k++) store<f32>(at(out, topK + k), load<f32>(at(out, topK + k)) * factor)
}

/** log(1 + exp(x)) without overflow. @inline */
function sqrtSoftplus(x: f32): f32 {
  return Mathf.sqrt(max<f32>(x, 0) + Mathf.log1p(exp1(-abs(x))))
}

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
    let first: f32 = -Infinity,
      second: f32 = -Infinity
    for (let e = g * size; e < (g + 1) * size; e++) {
      const k = load<f32>(at(keys, e))
      if (k > first) {
        second = first
        first = k
      } else if (k > second) second = k
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
 * Pairs (token, choice) sorted by expert, for linear_experts; pairs of other experts are left out. One thread does it.
 * Rows are T.
 */
export function planExperts(rec: PlanExpertsRecord): void {
  if (claim(rec, 1) != 0) return
  const T = rowsOf(rec),
    topK = rec.topK,
    X = rec.experts,
    first = rec.first,
    plan = rec.plan
  const ids = plan + 4,
    offsets = at(ids, X),
    pairs = at(offsets, X + 1)
  memory.fill(offsets, 0, (<usize>(X + 1)) << 2)
  for (let t = 0; t < T; t++)
    for (let k = 0; k < topK; k++) {
      const e = load<i32>(at(rec.routingRow(t), k)) - first
      if (<u32>e >= <u32>X) continue
      const p = at(offsets, e + 1)
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
      const e = load<i32>(at(rec.routingRow(t), k)) - first
      if (<u32>e >= <u32>X) continue
      const p = at(offsets, e)
      store<i32>(at(pairs, load<i32>(p)), t * topK + k)
      store<i32>(p, load<i32>(p) + 1)
    }
  for (let e = X; e > 0; e--) store<i32>(at(offsets, e), load<i32>(at(offsets, e - 1)))
  store<i32>(offsets, 0)
}

/** Rows for experts whose weights are on their inputs: out[t * topK + choice] = weight * x[t]. Rows are T. */
export function scaleExperts(rec: ScaleExpertsRecord): void {
  const T = rowsOf(rec),
    topK = rec.topK,
    n = rec.columns
  for (let t = firstOwn(T), end = endOwn(T); t < end; t++) {
    const x = rec.xRow(t),
      weights = at(rec.routingRow(t), topK)
    for (let k = 0; k < topK; k++) {
      const out = rec.outRow(t * topK + k),
        weight = load<f32>(at(weights, k))
      for (let i = 0; i < n; i++) store<f32>(at(out, i), weight * load<f32>(at(x, i)))
    }
  }
}

/**
 * out[t] = sum of weight * y[t * topK + choice] over the choices of experts [first, first + X), in order of their ids, so
 * that the sum can continue where those before were added.
 */
export function combineExperts(rec: CombineExpertsRecord): void {
  const T = rowsOf(rec),
    topK = rec.topK,
    n = rec.columns,
    weighted = rec.weighted
  for (let t = firstOwn(T), end = endOwn(T); t < end; t++) {
    const out = rec.outRow(t),
      ids = rec.routingRow(t)
    const count = sortChoices(ids, topK, rec.first, rec.experts)
    if (!rec.adds) memory.fill(out, 0, (<usize>n) << 2)
    for (let i = 0; i < count; i++) {
      const choice = load<i32>(at(scratch, i))
      addScaled(out, rec.yRow(t * topK + choice), weighted ? load<f32>(at(ids, topK + choice)) : 1, n)
    }
  }
}

/** Choices of experts [first, first + X) into scratch, by rising id; returns how many. */
function sortChoices(ids: usize, topK: i32, first: i32, X: i32): i32 {
  let count = 0
  for (let k = 0; k < topK; k++) {
    const id = load<i32>(at(ids, k))
    if (<u32>(id - first) >= <u32>X) continue
    let i = count++
    for (; i > 0 && load<i32>(at(ids, load<i32>(at(scratch, i - 1)))) > id; i--)
      store<i32>(at(scratch, i), load<i32>(at(scratch, i - 1)))
    store<i32>(at(scratch, i), k)
  }
  return count
}

/** out += factor * y, each product rounded: not madd, which may be one instruction or two. */
function addScaled(out: usize, y: usize, factor: f32, n: i32): void {
  const f = f32x4.splat(factor)
  let i = 0
  for (; i + 4 <= n; i += 4, out += 16, y += 16) v128.store(out, f32x4.add(v128.load(out), f32x4.mul(f, v128.load(y))))
  for (; i < n; i++, out += 4, y += 4) store<f32>(out, load<f32>(out) + factor * load<f32>(y))
}
