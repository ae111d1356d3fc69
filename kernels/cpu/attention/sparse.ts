// Attention to chosen positions (src/graph/ops/sparse.ts): attention over gathered rows, and DeepSeek-V4's compressor.
import { copyScaled } from './attention'
import { CompressRecord, PAGE_SIZE, SparseAttentionRecord } from '../contract.generated'
import { claim, rowsOf, scratch } from '../control'
import { heldF16Unit } from '../held'
import { pagePtr, positionOf, sequenceOf } from './page'
import { addValues, scoreKeys } from './products'
import {
  SCRATCH_KEYS,
  SCRATCH_ROWS,
  SCRATCH_VALUES,
  maximaAt,
  scoreSumsAt,
  sparseOutAt,
  sparsePanelAt,
  sparseQueriesAt,
  sparseRowsAt,
  sparseScoresAt,
} from '../scratch.generated'
import { exp4, loadF16x4, madd, nextF16x4 } from '../simd'
import { softmaxPage } from './softmax'

/** @inline */
export function at(p: usize, i: i32): usize {
  return p + ((<usize>i) << 2)
}

/** Row of a state with a row for `every` so many positions. @inline */
function rowPtr(sequence: i32, position: i32, every: i32, offset: usize, rowBytes: usize): usize {
  return (
    pagePtr(sequence, position / PAGE_SIZE) +
    offset +
    <usize>((position % PAGE_SIZE) / min(every, PAGE_SIZE)) * rowBytes
  )
}

/** Columns [0, n) of a cached row to f32; n a multiple of four. */
export function widenRow(row: usize, n: i32, half: i32, out: usize): void {
  if (!half) {
    memory.copy(out, row, (<usize>n) << 2)
    return
  }
  const unbias = heldF16Unit()
  let i = 0
  for (; i + 8 <= n; i += 8, row += 16, out += 32) {
    const w = loadF16x4(row, unbias)
    v128.store(out, nextF16x4(row, unbias), 16)
    v128.store(out, w)
  }
  for (; i < n; i += 4, row += 8, out += 16) v128.store(out, loadF16x4(row, unbias))
}

// ---- attention

export function sparseAttention(rec: SparseAttentionRecord): void {
  const T = rowsOf(rec),
    heads = rec.heads,
    blocks = (heads + SCRATCH_ROWS - 1) / SCRATCH_ROWS
  for (let u = claim(rec, 1); u < T * blocks; u = claim(rec, 1)) {
    const first = (u % blocks) * SCRATCH_ROWS
    attendToken(rec, T - 1 - u / blocks, first, min(SCRATCH_ROWS, heads - first))
  }
}

// In scratch: sums, maxima [rows]; rows' addresses [64]; scores [rows][64]; q; out; a panel of keys or values.
/** @inline */
function rowList(): usize {
  return scratch + <usize>sparseRowsAt()
}
/** @inline */
function scoreRows(): usize {
  return scratch + <usize>sparseScoresAt()
}
/** @inline */
function queryRows(): usize {
  return scratch + <usize>sparseQueriesAt()
}

/** @inline */
function padded(n: i32): i32 {
  return (n + 3) & ~3
}

/** Heads [first, first + n) of a token: its rows, 64 at a time. */
function attendToken(rec: SparseAttentionRecord, t: i32, first: i32, n: i32): void {
  const width = rec.keyDim,
    E = padded(width),
    Ev = rec.valueDim,
    half = rec.half,
    rowBytes = (<usize>E) << (half ? 1 : 2),
    sinks = rec.sinks
  const q = rec.qRow(t),
    out = scratch + <usize>sparseOutAt(E)
  for (let r = 0; r < n; r++) {
    copyScaled(at(q, (first + r) * width), width, 1, at(queryRows(), r * E), E)
    store<f32>(at(scratch, r), sinks ? 1 : 0)
    store<f32>(at(scratch + <usize>maximaAt(), r), sinks ? load<f32>(at(sinks, first + r)) : -Infinity)
  }
  memory.fill(out, 0, (<usize>(n * padded(Ev))) << 2)
  const own = positionOf(t),
    sequence = sequenceOf(t),
    every = rec.every,
    chosen = rec.chosen
  let count = 0
  for (let p = max(0, own + 1 - rec.window); p <= own; p++)
    count = addRow(rec, n, count, rowPtr(sequence, p, 1, rec.latent, rowBytes))
  if (chosen) {
    const list = chosen + <usize>t * rec.chosenStride
    for (let i = 0; i < rec.topK; i++) {
      const p = load<i32>(at(list, i))
      if (p < 0) break
      count = addRow(rec, n, count, rowPtr(sequence, p, every, rec.entries, rowBytes))
    }
  } else if (every)
    for (let p = every - 1; p <= own; p += every)
      count = addRow(rec, n, count, rowPtr(sequence, p, every, rec.entries, rowBytes))
  if (count) attendGathered(rec, n, count)
  const to = rec.outRow(t)
  for (let r = 0; r < n; r++) {
    const mine = at(out, r * padded(Ev))
    copyScaled(mine, padded(Ev), 1 / load<f32>(at(scratch, r)), mine, padded(Ev))
    memory.copy(at(to, (first + r) * Ev), mine, (<usize>Ev) << 2)
  }
}

/** @inline */
function addRow(rec: SparseAttentionRecord, n: i32, count: i32, row: usize): i32 {
  store<u32>(at(rowList(), count), <u32>row)
  if (count + 1 < PAGE_SIZE) return count + 1
  attendGathered(rec, n, PAGE_SIZE)
  return 0
}

/** `count` listed rows, at least one, join the online softmax of n heads. */
function attendGathered(rec: SparseAttentionRecord, n: i32, count: i32): void {
  const E = padded(rec.keyDim),
    Ev = padded(rec.valueDim),
    half = rec.half
  const q = queryRows(),
    out = scratch + <usize>sparseOutAt(E),
    panel = scratch + <usize>sparsePanelAt(E, Ev),
    scores = scoreRows()
  for (let p = 0; p < count; p += SCRATCH_KEYS) {
    // the last panel is filled up with its last row, whose scores are not used
    for (let i = 0; i < SCRATCH_KEYS; i++)
      widenRow(<usize>load<u32>(at(rowList(), min(p + i, count - 1))), E, half, at(panel, i * E))
    scoreKeys(false, n, q, panel, E, at(scores, p), scratch + <usize>scoreSumsAt())
  }
  for (let r = 0; r < n; r++) {
    const factor = softmaxPage(
        at(scores, r * PAGE_SIZE),
        0,
        count,
        count,
        rec.scale,
        1,
        0,
        at(scratch, r),
        at(scratch + <usize>maximaAt(), r),
      ),
      mine = at(out, r * Ev)
    if (factor != 1) copyScaled(mine, Ev, factor, mine, Ev)
  }
  for (let p = 0; p < count; p += SCRATCH_VALUES) {
    const m = min(SCRATCH_VALUES, count - p)
    for (let i = 0; i < m; i++) widenRow(<usize>load<u32>(at(rowList(), p + i)), Ev, half, at(panel, i * Ev))
    addValues(false, n, at(scores, p), panel, (<usize>Ev) << 2, m, out, Ev)
  }
}

// ---- compressor

/** Columns of a unit of work. */
const COLUMNS: i32 = 64

export function compress(rec: CompressRecord): void {
  const T = rowsOf(rec),
    E = rec.width,
    blocks = (E + COLUMNS - 1) / COLUMNS
  for (let u = claim(rec, 1); u < T * blocks; u = claim(rec, 1)) {
    const t = u / blocks,
      col = (u % blocks) * COLUMNS,
      n = min(COLUMNS, E - col)
    const out = at(rec.outRow(t), col)
    if ((positionOf(t) + 1) % rec.ratio) memory.fill(out, 0, (<usize>n) << 2)
    else compressColumns(rec, t, col, n, out)
  }
}

/** Slots of the window that token t ends, in scratch: addresses of column `col` of kv, gate and ape. */
function compressColumns(rec: CompressRecord, t: i32, col: i32, n: i32, out: usize): void {
  const E = rec.width,
    ratio = rec.ratio,
    half = rec.half,
    shift: usize = half ? 1 : 2
  const width = rec.overlap ? 2 * E : E,
    rowBytes = (<usize>width) << shift,
    end = positionOf(t) + 1
  let slots = 0
  for (let p = rec.overlap ? max(0, end - 2 * ratio) : end - ratio; p < end; p++, slots++) {
    const from = rec.overlap && p >= end - ratio ? E + col : col,
      slot = scratch + <usize>(slots * 12)
    const page = pagePtr(sequenceOf(t), p / PAGE_SIZE) + <usize>(p % PAGE_SIZE) * rowBytes + ((<usize>from) << shift)
    store<u32>(slot, <u32>(page + rec.kv))
    store<u32>(slot, <u32>(page + rec.gate), 4)
    store<u32>(slot, <u32>at(rec.ape, (p % ratio) * width + from), 8)
  }
  for (let c = 0; c < n; c += 4, out += 16) {
    let m = f32x4.splat(-Infinity),
      sum = f32x4.splat(0),
      total = sum
    for (let s = 0; s < slots; s++) m = f32x4.pmax(m, gateOf(s, c, half))
    for (let s = 0; s < slots; s++) {
      const e = exp4(f32x4.sub(gateOf(s, c, half), m))
      sum = f32x4.add(sum, e)
      total = madd(e, cached(<usize>load<u32>(scratch + <usize>(s * 12)), c, half), total)
    }
    v128.store(out, f32x4.div(total, sum))
  }
}

/** @inline */
function gateOf(s: i32, c: i32, half: i32): v128 {
  const slot = scratch + <usize>(s * 12)
  return f32x4.add(cached(<usize>load<u32>(slot, 4), c, half), v128.load(at(<usize>load<u32>(slot, 8), c)))
}

/** @inline */
function cached(row: usize, c: i32, half: i32): v128 {
  return half ? loadF16x4(row + ((<usize>c) << 1), heldF16Unit()) : v128.load(at(row, c))
}
