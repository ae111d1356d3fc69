// Matrix times activations. Work is taken in groups of eight rows; each output is summed in one fixed order whatever
// the number of tokens or threads.
import { BF16, CHUNK_COLUMNS, F32, GROUP_ROWS, LinearExpertsRecord, LinearRecord, Matrix } from '../contract.generated'
import { beginPieces, claimSize, nextPiece, rowsOf, scratch, fused } from '../control'
import { dequantize } from '../weights/dequantize'
import { linearInt } from './linear-int'
import { dotBf16, dotFp8, isFp8, isGroup, rowAt, scales4, scalesAt, widenFp8 } from './linear-stored'
import { beginPiece, endPiece } from './read-ahead'
import { linearSumsAt } from '../scratch.generated'
import { halves4, madd, sums4 } from '../simd'
import { touch } from '../touch'

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
  for (let i = nextPiece(pieces); i >= 0; i = nextPiece(pieces))
    linearGroups(d, i * size, min((i + 1) * size, groups), x, xStride, 0, 1, n, out, outStride, bias, integer)
}

/** An even number for more than one row of x, whose panels are two groups (linear-int.ts). */
export function groupsPerPiece(groups: i32, n: i32): i32 {
  const size = claimSize(groups)
  return n > 1 ? (size + 1) & ~1 : size
}

/** Row groups [g0, g1) for `n` rows of x: row i of the list is x row list[i] / div and out row list[i] (list 0: i). */
function linearGroups(
  d: Matrix,
  g0: i32,
  g1: i32,
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
  if (!quantized) linear_f32(d, g0, g1, x, xStride, list, div, n, out, outStride)
  else linearInt(d, g0, g1, x, xStride, list, div, n, out, outStride, true)
  if (bias) {
    const end = min(g1 * GROUP_ROWS, d.rows)
    for (let i = 0; i < n; i++)
      for (let r = g0 * GROUP_ROWS; r < end; r++) {
        const p = out + <usize>listed(list, i) * outStride + ((<usize>r) << 2)
        store<f32>(p, load<f32>(p) + load<f32>(bias + ((<usize>r) << 2)))
      }
  }
}

/** @inline */
function listed(list: usize, i: i32): i32 {
  return list ? load<i32>(list + ((<usize>i) << 2)) : i
}

/** Exact: four rows are widened to f32 a chunk at a time, unless they are f32, and used for all n rows of x. */
function linear_f32(
  d: Matrix,
  g0: i32,
  g1: i32,
  x: usize,
  xStride: usize,
  list: usize,
  div: i32,
  n: i32,
  out: usize,
  outStride: usize,
): void {
  const K = d.cols,
    N = d.rows,
    first = g0 * GROUP_ROWS,
    end = min(g1 * GROUP_ROWS, N),
    stride = d.stride, // 0 for blocks
    ahead = beginPiece(<usize>(end - first) * stride, n),
    atOnce = ahead ? max(4, (<i32>(ahead / stride)) & ~3) : 0
  for (let row = first; row < end; row += 4) {
    if (ahead && (row - first) % atOnce == 0)
      touch(d.data + <usize>row * stride, <usize>min(atOnce, end - row) * stride)
    const rows = min(4, N - row),
      fp8 = isFp8(d),
      stored = d.format == F32 && rows == 4
    const inPlace = n == 1 && (fp8 || d.format == BF16) && isGroup(d, row, rows)
    for (let col = 0; col < K; col += CHUNK_COLUMNS) {
      const width = min(CHUNK_COLUMNS, K - col)
      // The four rows as f32, and bytes from one to the next.
      let from = scratch,
        apart = (<usize>CHUNK_COLUMNS) << 2
      if (stored) {
        apart = stride
        from = d.data + <usize>row * stride + ((<usize>col) << 2)
      } else if (!inPlace) {
        if (fp8) widenFp8(d, row, col, width)
        else dequantize(d, row, col, width, scratch)
      }
      let i = 0
      if ((width & 7) == 0)
        for (; i + 1 < n; i += 2) {
          const a = listed(list, i),
            b = listed(list, i + 1),
            xAt = (<usize>col) << 2,
            outAt = (<usize>row) << 2
          twoRows(
            d,
            row,
            col,
            width,
            from,
            apart,
            x + <usize>(a / div) * xStride + xAt,
            x + <usize>(b / div) * xStride + xAt,
          )
          addSums(out + <usize>a * outStride + outAt, sumsAt(0), rows, col)
          addSums(out + <usize>b * outStride + outAt, sumsAt(16), rows, col)
        }
      for (; i < n; i++) {
        const id = listed(list, i)
        const px = x + <usize>(id / div) * xStride + ((<usize>col) << 2)
        let sums: v128
        if (inPlace) sums = fp8 ? dotFp8(d, row, col, width, px) : dotBf16(d, row, col, width, px)
        else if (fp8) {
          // an odd row goes with itself, in the same time
          twoRows(d, row, col, width, from, apart, px, px)
          sums = sumsAt(0)
        } else sums = dot4rows(px, width, from, apart)
        addSums(out + <usize>id * outStride + ((<usize>row) << 2), sums, rows, col)
      }
    }
  }
  endPiece()
}

/** Adds the sums of a chunk to those of the columns before `col`. @inline */
function addSums(out: usize, sums: v128, rows: i32, col: i32): void {
  for (let r = 0; r < rows; r++) {
    const p = out + ((<usize>r) << 2),
      s = lane(sums, r)
    store<f32>(p, col ? load<f32>(p) + s : s)
  }
}

/** @inline */
export function lane(v: v128, r: i32): f32 {
  if (r == 0) return f32x4.extract_lane(v, 0)
  if (r == 1) return f32x4.extract_lane(v, 1)
  if (r == 2) return f32x4.extract_lane(v, 2)
  return f32x4.extract_lane(v, 3)
}

/** Of eight vectors of sums in scratch, those of one row of x with four rows, or those of the next. @inline */
function sumsAt(offset: usize): v128 {
  return v128.load(scratch + <usize>linearSumsAt() + offset)
}

/**
 * Two rows of x at a time, to scratch: what dot4rows gives for each, in the same order of sums, or for fp8 sums of blocks times their scales. The four
 * rows lie at `from`, `stride` bytes apart.
 */
function twoRows(d: Matrix, row: i32, col: i32, width: i32, from: usize, stride: usize, x: usize, y: usize): void {
  const to = scratch + <usize>linearSumsAt(),
    part = to + 32
  if (!isFp8(d)) {
    sums8(x, y, from, stride, width, part)
    v128.store(to, halves4(part))
    v128.store(to, halves4(part + 128), 16)
    return
  }
  const blockCols = d.blockCols
  let a = f32x4.splat(0),
    b = a
  for (let end = col + width, stop = col; col < end; col = stop) {
    const block = col / blockCols
    stop = min(end, (block + 1) * blockCols)
    sums8(x, y, from, stride, stop - col, part)
    const scales = scales4(
      scalesAt(d, rowAt(d, row, 0)),
      scalesAt(d, rowAt(d, row, 1)),
      scalesAt(d, rowAt(d, row, 2)),
      scalesAt(d, rowAt(d, row, 3)),
      (<usize>block) << 2,
    )
    a = madd(halves4(part), scales, a)
    b = madd(halves4(part + 128), scales, b)
    const bytes = (<usize>(stop - col)) << 2
    x += bytes
    y += bytes
    from += bytes
  }
  v128.store(to, a)
  v128.store(to, b, 16)
}

/**
 * to[x, y][4 rows][8]: products of two rows of x with four rows of weights, summed in eight lanes. Where the compiler makes one vector of 256 bits of two
 * neighbours, all sums have registers; else those of four lanes after those of the other four.
 */
function sums8(x: usize, y: usize, p: usize, row: usize, n: i32, to: usize): void {
  if (fused()) {
    wideSums8(x, y, p, row, n, to)
    return
  }
  halfSums8(x, y, p, row, n, to)
  halfSums8(x + 16, y + 16, p + 16, row, n, to + 16)
}

function halfSums8(x: usize, y: usize, p: usize, row: usize, n: i32, to: usize): void {
  const p1 = p + row,
    p2 = p1 + row,
    p3 = p2 + row
  let a0 = f32x4.splat(0),
    a1 = a0,
    a2 = a0,
    a3 = a0,
    b0 = a0,
    b1 = a0,
    b2 = a0,
    b3 = a0
  for (let i: usize = 0, end = (<usize>n) << 2; i < end; i += 32) {
    const u = v128.load(x + i),
      v = v128.load(y + i)
    let w = v128.load(p + i)
    a0 = madd(u, w, a0)
    b0 = madd(v, w, b0)
    w = v128.load(p1 + i)
    a1 = madd(u, w, a1)
    b1 = madd(v, w, b1)
    w = v128.load(p2 + i)
    a2 = madd(u, w, a2)
    b2 = madd(v, w, b2)
    w = v128.load(p3 + i)
    a3 = madd(u, w, a3)
    b3 = madd(v, w, b3)
  }
  v128.store(to, a0)
  v128.store(to, a1, 32)
  v128.store(to, a2, 64)
  v128.store(to, a3, 96)
  v128.store(to, b0, 128)
  v128.store(to, b1, 160)
  v128.store(to, b2, 192)
  v128.store(to, b3, 224)
}

function wideSums8(x: usize, y: usize, p: usize, row: usize, n: i32, to: usize): void {
  const p1 = p + row,
    p2 = p1 + row,
    p3 = p2 + row
  let a0 = f32x4.splat(0),
    a1 = a0,
    a2 = a0,
    a3 = a0,
    b0 = a0,
    b1 = a0,
    b2 = a0,
    b3 = a0,
    c0 = a0,
    c1 = a0,
    c2 = a0,
    c3 = a0,
    d0 = a0,
    d1 = a0,
    d2 = a0,
    d3 = a0
  for (let i: usize = 0, end = (<usize>n) << 2; i < end; i += 32) {
    let u = v128.load(x + i),
      v = v128.load(y + i)
    let w = v128.load(p + i)
    a0 = madd(u, w, a0)
    c0 = madd(v, w, c0)
    w = v128.load(p1 + i)
    a1 = madd(u, w, a1)
    c1 = madd(v, w, c1)
    w = v128.load(p2 + i)
    a2 = madd(u, w, a2)
    c2 = madd(v, w, c2)
    w = v128.load(p3 + i)
    a3 = madd(u, w, a3)
    c3 = madd(v, w, c3)
    u = v128.load(x + i, 16)
    v = v128.load(y + i, 16)
    w = v128.load(p + i, 16)
    b0 = madd(u, w, b0)
    d0 = madd(v, w, d0)
    w = v128.load(p1 + i, 16)
    b1 = madd(u, w, b1)
    d1 = madd(v, w, d1)
    w = v128.load(p2 + i, 16)
    b2 = madd(u, w, b2)
    d2 = madd(v, w, d2)
    w = v128.load(p3 + i, 16)
    b3 = madd(u, w, b3)
    d3 = madd(v, w, d3)
  }
  // of two neighbours the upper one first (docs/kernels.md)
  v128.store(to, b0, 16)
  v128.store(to, a0)
  v128.store(to, b1, 48)
  v128.store(to, a1, 32)
  v128.store(to, b2, 80)
  v128.store(to, a2, 64)
  v128.store(to, b3, 112)
  v128.store(to, a3, 96)
  v128.store(to, d0, 144)
  v128.store(to, c0, 128)
  v128.store(to, d1, 176)
  v128.store(to, c1, 160)
  v128.store(to, d2, 208)
  v128.store(to, c2, 192)
  v128.store(to, d3, 240)
  v128.store(to, c3, 224)
}

/** Dot products of x with four rows of f32, `row` bytes apart. @inline */
export function dot4rows(px: usize, n: i32, p: usize, row: usize): v128 {
  let a0 = f32x4.splat(0),
    a1 = a0,
    a2 = a0,
    a3 = a0,
    b0 = a0,
    b1 = a0,
    b2 = a0,
    b3 = a0
  let i = 0
  for (; i + 8 <= n; i += 8, p += 32, px += 32) {
    const x = v128.load(px),
      y = v128.load(px, 16)
    a0 = madd(x, v128.load(p), a0)
    b0 = madd(y, v128.load(p, 16), b0)
    a1 = madd(x, v128.load(p + row), a1)
    b1 = madd(y, v128.load(p + row, 16), b1)
    a2 = madd(x, v128.load(p + 2 * row), a2)
    b2 = madd(y, v128.load(p + 2 * row, 16), b2)
    a3 = madd(x, v128.load(p + 3 * row), a3)
    b3 = madd(y, v128.load(p + 3 * row, 16), b3)
  }
  let sums = sums4(f32x4.add(a0, b0), f32x4.add(a1, b1), f32x4.add(a2, b2), f32x4.add(a3, b3))
  for (; i < n; i++, p += 4, px += 4) {
    const x = load<f32>(px)
    const w = f32x4.replace_lane(
      f32x4.replace_lane(
        f32x4.replace_lane(f32x4.splat(load<f32>(p)), 1, load<f32>(p + row)),
        2,
        load<f32>(p + 2 * row),
      ),
      3,
      load<f32>(p + 3 * row),
    )
    sums = madd(f32x4.splat(x), w, sums)
  }
  return sums
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
    perExpert = (groups + size - 1) / size
  beginPieces()
  for (let u = nextPiece(active * perExpert); u >= 0; u = nextPiece(active * perExpert)) {
    const e = load<i32>(ids + ((<usize>(u / perExpert)) << 2)),
      g = (u % perExpert) * size
    const from = load<i32>(offsets + ((<usize>e) << 2)),
      to = load<i32>(offsets + ((<usize>e) << 2), 4)
    linearGroups(
      rec.matricesAt(e),
      g,
      min(g + size, groups),
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
