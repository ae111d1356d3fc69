// What a matrix's descriptor says of where its parts lie.
import {
  FP8,
  INT4,
  INT4_CODES,
  INT4_MIN,
  INT4_MIN_SCALES,
  INT5_MIN,
  INT5_MIN_CODES,
  INT6,
  INT6_CODES,
  INT7,
  INT7_CODES,
  INT7_SCALES,
  INT8,
  IQ4,
  IQ4_SCALES,
  MXFP4,
  Matrix,
  NVFP4,
} from '../contract.generated'

/** Its multiplier four times, by a load (held.ts). @inline */
export function multipliersOf(d: Matrix): v128 {
  return v128.load32_splat(changetype<usize>(d), offsetof<Matrix>('multiplier'))
}
/** Blocks of 32 columns, the last one padded with zeros. @inline */
export function blocksOf(d: Matrix): i32 {
  return d.paddedCols >> 5
}

// Rows of bf16, f16 and fp8 that are whole vectors lie interleaved by four, sixteen bytes of each in turn: one stream in
// memory. Rows after the last four are as they are stored.

/** @inline */
export function isInterleaved(d: Matrix, row: i32): boolean {
  return d.interleaved != 0 && row < (d.rows & ~3)
}
/** Where the piece of an interleaved row is that holds its byte `at`; the next is 64 bytes later. @inline */
export function piecesOf(d: Matrix, row: i32, at: i32): usize {
  return d.data + <usize>(row & ~3) * d.stride + ((<usize>(row & 3)) << 4) + ((<usize>at) << 2)
}
/** FP8 lies woven where rows are whole vectors (dequantize.ts). @inline */
export function isWoven(d: Matrix): boolean {
  return d.format == FP8 && (d.cols & 15) == 0
}

// Blocks: of each eight rows lie, one after the other, runs of `per` blocks; a run begins with d and dmin of its rows, where the
// format has them, and a block's scales follow its codes, or those of a run come before the codes of its blocks (run-scales.ts). All that one token reads of a matrix is one stream in memory.

/** Bytes of d and dmin before a run: none where they lie in its scales. */
export function superBytes(d: Matrix): usize {
  const format = d.format
  if (format <= INT4 || format == MXFP4 || format == NVFP4 || d.inScales) return 0
  return d.mins ? 32 : 16
}

/** Blocks of a run; all that there are where they share nothing. */
export function runOf(d: Matrix): i32 {
  return superBytes(d) || d.inScales ? d.per : blocksOf(d)
}

/** Bytes of the codes of a block of eight rows. */
export function codeBytes(d: Matrix): usize {
  const format = d.format
  if (format == INT5_MIN) return INT5_MIN_CODES
  return format == INT8 || format == INT7 ? INT7_CODES : format == INT6 ? INT6_CODES : INT4_CODES
}

/** Bytes of the scales of a block of eight rows. */
export function scaleBytes(d: Matrix): usize {
  const format = d.format
  if (format == INT7) return d.mins ? 2 * INT7_SCALES : INT7_SCALES
  return format == MXFP4 || format == IQ4 ? IQ4_SCALES : INT4_MIN_SCALES
}

/** Bytes of a block of eight rows. */
export function blockBytes(d: Matrix): usize {
  return codeBytes(d) + scaleBytes(d)
}

/** Bytes of eight rows. */
export function groupBytes(d: Matrix): usize {
  const nb = blocksOf(d),
    per = runOf(d)
  return <usize>nb * blockBytes(d) + <usize>((nb + per - 1) / per) * superBytes(d)
}

/** Where the first run of group g begins. */
export function groupAt(d: Matrix, g: i32): usize {
  return d.data + <usize>g * groupBytes(d)
}

/** Whether the scales of a run's blocks come before the codes of all of them (run-scales.ts), and not each after its own. @inline */
export function areScalesApart(d: Matrix): boolean {
  return d.format == INT4_MIN || d.format == INT5_MIN
}

// Of block b of a group, bytes from where the group begins to its run, and from there to its codes and to its scales.
export function runAt(d: Matrix, b: i32): usize {
  const per = runOf(d)
  return <usize>(b / per) * (superBytes(d) + <usize>per * blockBytes(d))
}
export function codesAt(d: Matrix, b: i32): usize {
  const per = runOf(d),
    inRun = b % per
  if (!areScalesApart(d)) return superBytes(d) + <usize>inRun * blockBytes(d)
  return superBytes(d) + <usize>min(per, blocksOf(d) - b + inRun) * scaleBytes(d) + <usize>inRun * codeBytes(d)
}
export function scalesAt(d: Matrix, b: i32): usize {
  if (areScalesApart(d)) return superBytes(d) + <usize>(b % runOf(d)) * scaleBytes(d)
  return codesAt(d, b) + codeBytes(d)
}
