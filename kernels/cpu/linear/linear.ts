// Matrix times activations. Work is taken in groups of eight rows; each output is summed in one fixed order whatever
// the number of tokens or threads.
import { GROUP_ROWS, LinearExpertsRecord, LinearRecord, Matrix } from '../contract.generated'
import { beginPieces, claimSize, nextPiece, partEnd, rowsOf } from '../control'
import { linearFloats, listed } from './linear-floats'
import { linearInt } from './linear-int'

export function linear(rec: LinearRecord): void {
  linearPieces(rec.matrix, rec.x, rec.xStride, rec.out, rec.outStride, rec.bias, rec.integer, rowsOf(rec))
}

/** All row groups of a matrix for `n` rows of x, shared out among the threads. */
export function linearPieces(
  d: Matrix,
  x: usize,
  xStride: usize,
  out: usize,
  outStride: usize,
  bias: usize,
  integer: i32,
  n: i32,
): void {
  const groups = (d.rows + GROUP_ROWS - 1) / GROUP_ROWS,
    size = groupsPerPiece(groups, n),
    pieces = (groups + size - 1) / size
  beginPieces()
  for (let i = nextPiece(pieces); i >= 0; i = nextPiece(pieces)) {
    const g1 = min((i + 1) * size, groups),
      last = min(partEnd(i, pieces) * size, groups)
    linearGroups(d, i * size, g1, last, x, xStride, 0, 1, n, out, outStride, bias, integer)
  }
}

/** An even number for more than one row of x, whose panels are two groups (linear-int.ts). */
export function groupsPerPiece(groups: i32, n: i32): i32 {
  const size = claimSize(groups)
  return n > 1 ? (size + 1) & ~1 : size
}

/**
 * Row groups [g0, g1), of [g0, last) that this thread will most likely take, for `n` rows of x: row i of the list is x row list[i] / div and
 * out row list[i] (list 0: i).
 */
function linearGroups(
  d: Matrix,
  g0: i32,
  g1: i32,
  last: i32,
  x: usize,
  xStride: usize,
  list: usize,
  div: i32,
  n: i32,
  out: usize,
  outStride: usize,
  bias: usize,
  quantized: i32,
): void {
  if (!quantized) linearFloats(d, g0, g1, last, x, xStride, list, div, n, out, outStride)
  else linearInt(d, g0, g1, last, x, xStride, list, div, n, out, outStride, true)
  if (bias) {
    const end = min(g1 * GROUP_ROWS, d.rows)
    for (let i = 0; i < n; i++)
      for (let r = g0 * GROUP_ROWS; r < end; r++) {
        const p = out + <usize>listed(list, i) * outStride + ((<usize>r) << 2)
        store<f32>(p, load<f32>(p) + load<f32>(bias + ((<usize>r) << 2)))
      }
  }
}

/**
 * The same for a mixture of experts.
 * plan (route.ts): [0] active experts; [1 + X] their ids; then X + 1 offsets; then pairs sorted by expert.
 */
export function linear_experts(rec: LinearExpertsRecord): void {
  const plan = rec.plan,
    X = rec.experts,
    groups = rec.groups
  const active = load<i32>(plan),
    ids = plan + 4,
    offsets = ids + ((<usize>X) << 2),
    pairs = offsets + ((<usize>(X + 1)) << 2)
  // A piece stays inside one expert, so that its weights are read once.
  const size = min(groups, groupsPerPiece(active * groups, rowsOf(rec))),
    perExpert = (groups + size - 1) / size,
    pieces = active * perExpert
  beginPieces()
  for (let u = nextPiece(pieces); u >= 0; u = nextPiece(pieces)) {
    const at = u / perExpert,
      e = load<i32>(ids + ((<usize>at) << 2)),
      g = (u % perExpert) * size,
      last = min((partEnd(u, pieces) - at * perExpert) * size, groups)
    const from = load<i32>(offsets + ((<usize>e) << 2)),
      to = load<i32>(offsets + ((<usize>e) << 2), 4)
    linearGroups(
      rec.matricesAt(e),
      g,
      min(g + size, groups),
      last,
      rec.x,
      rec.xStride,
      pairs + ((<usize>from) << 2),
      rec.pairsPerRow,
      to - from,
      rec.out,
      rec.outStride,
      rec.biasesAt(e),
      rec.integer,
    )
  }
}
