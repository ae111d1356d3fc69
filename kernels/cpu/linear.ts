// Matrix times activations. Work is taken in groups of eight rows; each output is summed in one fixed order whatever
// the number of tokens or threads.
import { beginPieces, claim, claimSize, field, fieldPtr, nextPiece, rowsOf, scratch } from './control'
import { BF16, CHUNK, F32, GROUP, dequantize, wCols, wData, wFormat, wRows, wStride } from './dequantize'
import { linearInt } from './linear-int'
import { dotBf16, dotFp8, isFp8, isGroup, rowAt, scalesAt, widenFp8 } from './linear-stored'
import { madd, sum4, sums4 } from './simd'

/**
 * Record: 5 x, 6 x row bytes, 7 descriptor, 8 out, 9 out row bytes, 10 bias or 0, 11 quantised x (int path) or 0.
 * x is f32 [T, K], or the quantised rows of quantize.ts where word 11 is 1.
 */
export function linear(rec: usize): void {
  const d = fieldPtr(rec, 7), rows = rowsOf(rec), groups = (wRows(d) + GROUP - 1) / GROUP, size = groupsPerPiece(groups, rows), pieces = (groups + size - 1) / size
  beginPieces()
  for (let i = nextPiece(pieces); i >= 0; i = nextPiece(pieces))
    linearGroups(d, i * size, min((i + 1) * size, groups), fieldPtr(rec, 5), <usize>field(rec, 6), 0, 1, rows, fieldPtr(rec, 8), <usize>field(rec, 9), fieldPtr(rec, 10), field(rec, 11))
}

/** An even number for more than one row of x, whose panels are two groups (linear-int.ts). */
function groupsPerPiece(groups: i32, n: i32): i32 {
  const size = claimSize(groups)
  return n > 1 ? (size + 1) & ~1 : size
}

/** Row groups [g0, g1) for `n` rows of x: row i of the list is x row list[i] / div and out row list[i] (list 0: i). */
function linearGroups(d: usize, g0: i32, g1: i32, x: usize, xStride: usize, list: usize, div: i32, n: i32, out: usize, outStride: usize, bias: usize, quantized: i32): void {
  if (!quantized) linear_f32(d, g0, g1, x, xStride, list, div, n, out, outStride)
  else linearInt(d, g0, g1, x, xStride, list, div, n, out, outStride)
  if (bias) {
    const end = min(g1 * GROUP, wRows(d))
    for (let i = 0; i < n; i++)
      for (let r = g0 * GROUP; r < end; r++) {
        const p = out + <usize>listed(list, i) * outStride + (<usize>r << 2)
        store<f32>(p, load<f32>(p) + load<f32>(bias + (<usize>r << 2)))
      }
  }
}

// @ts-ignore: decorator
@inline function listed(list: usize, i: i32): i32 { return list ? load<i32>(list + (<usize>i << 2)) : i }

/** Exact: four rows are widened to f32 a chunk at a time, unless they are f32, and used for all n rows of x. */
function linear_f32(d: usize, g0: i32, g1: i32, x: usize, xStride: usize, list: usize, div: i32, n: i32, out: usize, outStride: usize): void {
  const K = wCols(d), N = wRows(d)
  for (let row = g0 * GROUP; row < min(g1 * GROUP, N); row += 4) {
    const rows = min(4, N - row), fp8 = isFp8(d), stored = wFormat(d) == F32 && rows == 4
    const inPlace = n == 1 && (fp8 || wFormat(d) == BF16) && isGroup(d, row, rows)
    for (let col = 0; col < K; col += CHUNK) {
      const width = min(CHUNK, K - col)
      // The four rows as f32, and bytes from one to the next.
      let from = scratch, stride = <usize>CHUNK << 2
      if (stored) {
        stride = wStride(d)
        from = wData(d) + <usize>row * stride + (<usize>col << 2)
      } else if (!inPlace) {
        if (fp8) widenFp8(d, row, col, width)
        else dequantize(d, row, col, width, scratch)
      }
      let i = 0
      if ((width & 3) == 0)
        for (; i + 1 < n; i += 2) {
          const a = listed(list, i), b = listed(list, i + 1), xAt = <usize>col << 2, outAt = <usize>row << 2
          twoRows(d, row, col, width, from, stride, x + <usize>(a / div) * xStride + xAt, x + <usize>(b / div) * xStride + xAt)
          addSums(out + <usize>a * outStride + outAt, sumsAt(0), rows, col)
          addSums(out + <usize>b * outStride + outAt, sumsAt(64), rows, col)
        }
      for (; i < n; i++) {
        const id = listed(list, i)
        const px = x + <usize>(id / div) * xStride + (<usize>col << 2)
        let sums: v128
        if (inPlace) sums = fp8 ? dotFp8(d, row, col, width, px) : dotBf16(d, row, col, width, px)
        else if (fp8) {
          // an odd row goes with itself, in the same time
          twoRows(d, row, col, width, from, stride, px, px)
          sums = sumsAt(0)
        } else sums = dot4rows(px, width, from, stride)
        addSums(out + <usize>id * outStride + (<usize>row << 2), sums, rows, col)
      }
    }
  }
}

/** Adds the sums of a chunk to those of the columns before `col`. */
// @ts-ignore: decorator
@inline function addSums(out: usize, sums: v128, rows: i32, col: i32): void {
  for (let r = 0; r < rows; r++) {
    const p = out + (<usize>r << 2), s = lane(sums, r)
    store<f32>(p, col ? load<f32>(p) + s : s)
  }
}

// @ts-ignore: decorator
@inline function lane(v: v128, r: i32): f32 {
  if (r == 0) return f32x4.extract_lane(v, 0)
  if (r == 1) return f32x4.extract_lane(v, 1)
  if (r == 2) return f32x4.extract_lane(v, 2)
  return f32x4.extract_lane(v, 3)
}

/** Where in scratch, behind the widened rows, eight vectors of sums lie: of one row of x with four rows, and of the next. */
const SUMS: usize = <usize>CHUNK << 4

// @ts-ignore: decorator
@inline function sumsAt(offset: usize): v128 {
  const p = scratch + SUMS + offset
  return sums4(v128.load(p), v128.load(p, 16), v128.load(p, 32), v128.load(p, 48))
}

/**
 * Two rows of x at a time, which gives every sum of products time to end before the next is added to it: what dot4rows gives
 * for each, in the same order of sums, or for fp8 sums of blocks times their scales. The four rows lie at `from`, `stride` bytes apart.
 */
function twoRows(d: usize, row: i32, col: i32, width: i32, from: usize, stride: usize, x: usize, y: usize): void {
  const to = scratch + SUMS
  if (!isFp8(d)) {
    eightSums(x, y, from, stride, width, to)
    return
  }
  for (let i: usize = 0; i < 128; i += 16) v128.store(to + i, i32x4.splat(0))
  const blockCols = load<i32>(d, 36), part = to + 128
  for (let end = col + width, stop = col; col < end; col = stop) {
    const block = col / blockCols
    stop = min(end, (block + 1) * blockCols)
    const bytes = <usize>(stop - col) << 2
    eightSums(x, y, from, stride, stop - col, part)
    x += bytes; y += bytes; from += bytes
    for (let r = 0; r < 4; r++) {
      const scale = v128.load32_splat(scalesAt(d, rowAt(d, row, r)) + (<usize>block << 2)), at = <usize>r << 4
      v128.store(to + at, madd(v128.load(part + at), scale, v128.load(to + at)))
      v128.store(to + at, madd(v128.load(part + at, 64), scale, v128.load(to + at, 64)), 64)
    }
  }
}

function eightSums(x: usize, y: usize, p: usize, row: usize, n: i32, to: usize): void {
  const p1 = p + row, p2 = p1 + row, p3 = p2 + row
  let a0 = f32x4.splat(0), a1 = a0, a2 = a0, a3 = a0, b0 = a0, b1 = a0, b2 = a0, b3 = a0
  for (let i: usize = 0, end = <usize>n << 2; i < end; i += 16) {
    const u = v128.load(x + i), v = v128.load(y + i)
    let w = v128.load(p + i)
    a0 = madd(u, w, a0); b0 = madd(v, w, b0)
    w = v128.load(p1 + i)
    a1 = madd(u, w, a1); b1 = madd(v, w, b1)
    w = v128.load(p2 + i)
    a2 = madd(u, w, a2); b2 = madd(v, w, b2)
    w = v128.load(p3 + i)
    a3 = madd(u, w, a3); b3 = madd(v, w, b3)
  }
  v128.store(to, a0); v128.store(to, a1, 16); v128.store(to, a2, 32); v128.store(to, a3, 48)
  v128.store(to, b0, 64); v128.store(to, b1, 80); v128.store(to, b2, 96); v128.store(to, b3, 112)
}

/** Dot products of x with four rows of f32, `row` bytes apart. */
// @ts-ignore: decorator
@inline function dot4rows(px: usize, n: i32, p: usize, row: usize): v128 {
  let a0 = f32x4.splat(0), a1 = f32x4.splat(0), a2 = f32x4.splat(0), a3 = f32x4.splat(0)
  let i = 0
  for (; i + 4 <= n; i += 4, p += 16, px += 16) {
    const x = v128.load(px)
    a0 = madd(x, v128.load(p), a0)
    a1 = madd(x, v128.load(p + row), a1)
    a2 = madd(x, v128.load(p + 2 * row), a2)
    a3 = madd(x, v128.load(p + 3 * row), a3)
  }
  let sums = sums4(a0, a1, a2, a3)
  for (; i < n; i++, p += 4, px += 4) {
    const x = load<f32>(px)
    const w = f32x4.replace_lane(f32x4.replace_lane(f32x4.replace_lane(f32x4.splat(load<f32>(p)), 1, load<f32>(p + row)), 2, load<f32>(p + 2 * row)), 3, load<f32>(p + 3 * row))
    sums = madd(f32x4.splat(x), w, sums)
  }
  return sums
}

/**
 * The same for a mixture of experts. Record: 5 x, 6 x row bytes, 7 descriptors (one pointer per expert), 8 out,
 * 9 out row bytes, 10 plan, 11 quantised, 12 experts, 13 divisor from pair to x row, 14 row groups, 15 biases (one
 * pointer per expert) or 0.
 * plan (route.ts): [0] active experts; [1 + X] their ids; then X + 1 offsets; then pairs sorted by expert.
 */
export function linear_experts(rec: usize): void {
  const plan = fieldPtr(rec, 10), X = field(rec, 12), groups = field(rec, 14)
  const active = load<i32>(plan), ids = plan + 4, offsets = ids + (<usize>X << 2), pairs = offsets + (<usize>(X + 1) << 2)
  // A piece stays inside one expert, so that its weights are read once.
  const size = min(groups, groupsPerPiece(active * groups, rowsOf(rec))), perExpert = (groups + size - 1) / size
  beginPieces()
  for (let u = nextPiece(active * perExpert); u >= 0; u = nextPiece(active * perExpert)) {
    const e = load<i32>(ids + (<usize>(u / perExpert) << 2)), g = (u % perExpert) * size
    const from = load<i32>(offsets + (<usize>e << 2)), to = load<i32>(offsets + (<usize>e << 2), 4)
    const d = <usize>load<u32>(fieldPtr(rec, 7) + (<usize>e << 2)), biases = fieldPtr(rec, 15)
    const bias = biases ? <usize>load<u32>(biases + (<usize>e << 2)) : 0
    linearGroups(d, g, min(g + size, groups), fieldPtr(rec, 5), <usize>field(rec, 6), pairs + (<usize>from << 2), field(rec, 13), to - from, fieldPtr(rec, 8), <usize>field(rec, 9), bias, field(rec, 11))
  }
}

/** Rows of a head's matrix that are one piece of work; in latent attention they are few, in DeepSeek-V4's eight groups many. */
const HEAD_ROWS: i32 = 64

/**
 * One small matrix per head (see HeadLinearOp). Record: 5 x, 6 x row bytes, 7 descriptor, 8 out, 9 out row bytes,
 * 10 heads, 11 x head bytes, 12 out head bytes, 13 first row, 14 rows from head to head, 15 rows, 16 transposed,
 * 17 x is quantised: then words 13 to 15 are whole groups, and it is not transposed.
 */
export function headLinear(rec: usize): void {
  const heads = field(rec, 10), d = fieldPtr(rec, 7), K = wCols(d), rows = field(rec, 15), T = rowsOf(rec)
  const xStride = <usize>field(rec, 6), outStride = <usize>field(rec, 9)
  const blocks = field(rec, 16) ? 1 : (rows + HEAD_ROWS - 1) / HEAD_ROWS
  beginPieces()
  for (let u = nextPiece(heads * blocks); u >= 0; u = nextPiece(heads * blocks)) {
    const h = u / blocks, row = u % blocks * HEAD_ROWS, end = min(row + HEAD_ROWS, rows)
    const x = fieldPtr(rec, 5) + <usize>h * <usize>field(rec, 11), out = fieldPtr(rec, 8) + <usize>h * <usize>field(rec, 12)
    const first = field(rec, 13) + h * field(rec, 14)
    if (field(rec, 17)) linearInt(d, (first + row) / GROUP, (first + end) / GROUP, x, xStride, 0, 1, T, out - (<usize>first << 2), outStride)
    else if (field(rec, 16)) headLinear_transposed(d, first, rows, K, x, xStride, out, outStride, T)
    else headLinear_rows(d, first + row, end - row, K, x, xStride, out + (<usize>row << 2), outStride, T)
  }
}

function headLinear_rows(d: usize, first: i32, rows: i32, K: i32, x: usize, xStride: usize, out: usize, outStride: usize, T: i32): void {
  for (let r = 0; r < rows; r += 4)
    for (let col = 0; col < K; col += CHUNK) {
      const width = min(CHUNK, K - col)
      dequantize(d, first + r, col, width, scratch)
      for (let t = 0; t < T; t++) {
        const sums = dot4rows(x + <usize>t * xStride + (<usize>col << 2), width, scratch, <usize>CHUNK << 2)
        for (let i = 0; i < min(4, rows - r); i++) {
          const p = out + <usize>t * outStride + (<usize>(r + i) << 2), s = lane(sums, i)
          store<f32>(p, col ? load<f32>(p) + s : s)
        }
      }
    }
}

function headLinear_transposed(d: usize, first: i32, rows: i32, K: i32, x: usize, xStride: usize, out: usize, outStride: usize, T: i32): void {
  for (let t = 0; t < T; t++) memory.fill(out + <usize>t * outStride, 0, <usize>K << 2)
  for (let r = 0; r < rows; r += 4)
    for (let col = 0; col < K; col += CHUNK) {
      const width = min(CHUNK, K - col)
      dequantize(d, first + r, col, width, scratch)
      for (let i = 0; i < min(4, rows - r); i++)
        for (let t = 0; t < T; t++)
          axpy(load<f32>(x + <usize>t * xStride + (<usize>(r + i) << 2)), scratch + (<usize>(i * CHUNK) << 2), out + <usize>t * outStride + (<usize>col << 2), width)
    }
}

/** y += a x over n columns. */
// @ts-ignore: decorator
@inline function axpy(a: f32, x: usize, y: usize, n: i32): void {
  const av = f32x4.splat(a)
  let i = 0
  for (; i + 4 <= n; i += 4, x += 16, y += 16) v128.store(y, madd(av, v128.load(x), v128.load(y)))
  for (; i < n; i++, x += 4, y += 4) store<f32>(y, a * load<f32>(x) + load<f32>(y))
}
