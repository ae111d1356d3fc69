/**
 * Where kernels keep what in their thread's scratch: bytes from its beginning, and for each kernel with a large need
 * its end. It is written in what TypeScript and AssemblyScript share, whole numbers and calls of functions of this
 * file; the build makes `i32` of `number` for the kernels, and a copy for the host, which lays scratch out.
 */
import { CHUNK_COLUMNS, DELTA_CHUNK, PAGE_SIZE } from './contract'

/** Query rows (token, head), or heads, that share what is widened or gathered for them. */
export const SCRATCH_ROWS = 16
/** Keys, and rows of values, that are widened at a time. */
export const SCRATCH_KEYS = 4
export const SCRATCH_VALUES = 16

function larger(a: number, b: number): number {
  return a > b ? a : b
}

// ---- attention begins with what a row has one of, f32 [rows]: its sum, its maximum, its factor.

export function maximaAt(): number {
  return SCRATCH_ROWS * 4
}
export function factorsAt(): number {
  return 2 * SCRATCH_ROWS * 4
}
/** Where touch leaves what nobody reads. */
export function touchedAt(): number {
  return 3 * SCRATCH_ROWS * 4
}

// ---- over pages, E and Ev in whole vectors

/** Sixteen vectors, the sums of the scores of four keys for two rows. */
export function scoreSumsAt(): number {
  return touchedAt() + 64
}
export function attentionScoresAt(): number {
  return scoreSumsAt() + 256
}
/** f32 [rows][E]; before it scores f32 [rows][page]. */
export function attentionQueriesAt(): number {
  return attentionScoresAt() + SCRATCH_ROWS * PAGE_SIZE * 4
}
export function attentionOutAt(E: number): number {
  return attentionQueriesAt() + SCRATCH_ROWS * E * 4
}
/** Keys or values, f32. */
export function attentionPanelAt(E: number, Ev: number): number {
  return attentionOutAt(E) + SCRATCH_ROWS * Ev * 4
}
export function attentionEnd(E: number, Ev: number): number {
  return attentionPanelAt(E, Ev) + larger(SCRATCH_KEYS * E, SCRATCH_VALUES * Ev) * 4
}

// ---- the same over a cache in q8, E and Ev in whole blocks

/** f32 [rows], of the queries. */
export function attentionQ8QueryScalesAt(): number {
  return touchedAt() + 64
}
export function attentionQ8ScoresAt(): number {
  return attentionQ8QueryScalesAt() + SCRATCH_ROWS * 4
}
/** f32 [rows][Ev]. */
export function attentionQ8OutAt(): number {
  return attentionQ8ScoresAt() + SCRATCH_ROWS * PAGE_SIZE * 4
}
/** i16 [rows][E]. */
export function attentionQ8QueriesAt(Ev: number): number {
  return attentionQ8OutAt() + SCRATCH_ROWS * Ev * 4
}
/** Of a page's keys or values, f32 [blocks][page]. */
export function attentionQ8ScalesAt(E: number, Ev: number): number {
  return attentionQ8QueriesAt(Ev) + SCRATCH_ROWS * E * 2
}
/** How the scores of a page's keys add up, f32 [page / 4][3][4]. */
export function attentionQ8ChainAt(E: number, Ev: number): number {
  return attentionQ8ScalesAt(E, Ev) + (larger(E, Ev) >> 5) * PAGE_SIZE * 4
}
/** f32 [rows][blocks], of the weights. */
export function attentionQ8UnitsAt(E: number, Ev: number): number {
  return attentionQ8ChainAt(E, Ev) + PAGE_SIZE * 3 * 4
}
/** i16 [rows][blocks][page]. */
export function attentionQ8WeightsAt(E: number, Ev: number): number {
  return attentionQ8UnitsAt(E, Ev) + SCRATCH_ROWS * (Ev >> 5) * 4
}
export function attentionQ8End(E: number, Ev: number): number {
  return attentionQ8WeightsAt(E, Ev) + SCRATCH_ROWS * (Ev >> 5) * PAGE_SIZE * 2
}

// ---- what is appended to it. All of this is less than attention over it takes.

/** f32 [E], after what a block's scale and codes pass through. */
export function appendedRowAt(): number {
  return 64
}
/** The key before it, f32 [E]. */
export function appendedBeforeAt(E: number): number {
  return appendedRowAt() + E * 4
}
/** The difference of the two, f32 [E]. */
export function appendedRestAt(E: number): number {
  return appendedBeforeAt(E) + E * 4
}

// ---- attention over gathered rows, E and Ev in whole vectors. It begins as the one over pages.

/** Addresses of the rows, u32 [page]. */
export function sparseRowsAt(): number {
  return attentionScoresAt()
}
/** f32 [rows][page]. */
export function sparseScoresAt(): number {
  return sparseRowsAt() + PAGE_SIZE * 4
}
export function sparseQueriesAt(): number {
  return sparseScoresAt() + SCRATCH_ROWS * PAGE_SIZE * 4
}
export function sparseOutAt(E: number): number {
  return sparseQueriesAt() + SCRATCH_ROWS * E * 4
}
/** Keys or values, f32. */
export function sparsePanelAt(E: number, Ev: number): number {
  return sparseOutAt(E) + SCRATCH_ROWS * Ev * 4
}
export function sparseEnd(E: number, Ev: number): number {
  return sparsePanelAt(E, Ev) + larger(SCRATCH_KEYS * E, SCRATCH_VALUES * Ev) * 4
}

// ---- the indexer. First counts of a digit, i32 [256].

/** The best so far: scores f32 [2 topK], then positions i32 [2 topK]. */
export function bestScoresAt(): number {
  return 1024
}
export function bestPositionsAt(topK: number): number {
  return bestScoresAt() + 2 * topK * 4
}
export function fourScoresAt(topK: number): number {
  return bestPositionsAt(topK) + 2 * topK * 4
}
export function keyPanelAt(topK: number): number {
  return fourScoresAt(topK) + SCRATCH_KEYS * 4
}
/** Of a whole text of n rows: scores f32 [n], then their order i32 [n]. */
export function wholeRowAt(topK: number, dim: number): number {
  return keyPanelAt(topK) + SCRATCH_KEYS * dim * 4
}
export function indexerEnd(topK: number, dim: number, n: number): number {
  return wholeRowAt(topK, dim) + 2 * n * 4
}

/** Three addresses for each position of a compressor's window. */
export function compressEnd(positions: number): number {
  return positions * 12
}

// ---- the delta rule

/** For each token of a chunk: products of k and of q with the chunk's keys, then k and q as the state sees them. */
export function deltaTokenBytes(E: number): number {
  return (2 * DELTA_CHUNK + 2 * E) * 4
}
/** q, k and decay of one token [E] each; or the edge of a panel, sixteen floats. */
export function deltaRowsAt(E: number): number {
  return DELTA_CHUNK * deltaTokenBytes(E)
}
export function deltaEnd(E: number): number {
  return deltaRowsAt(E) + larger(3 * E, 16) * 4
}

// ---- routing: scores and keys f32 [experts], then of groups their scores and marks

export function routeGroupsAt(experts: number): number {
  return 2 * experts * 4
}
export function routeEnd(experts: number, groups: number): number {
  return routeGroupsAt(experts) + 2 * groups * 4
}

// ---- matrices of floats: four rows of a chunk, f32

/** Sums of two rows of x with four of weights, f32 [2][4], and each in eight lanes. */
export function linearSumsAt(): number {
  return 4 * CHUNK_COLUMNS * 4
}
export function linearEnd(): number {
  return linearSumsAt() + 288
}

// ---- matrices of blocks: sums of rows that do not exist, then pointers to rows of x and out

/** Columns of a strip of rows of gates, and as many of what they are multiplied with, f32. */
export const GATED_FLOATS = 1024
export function gatedAt(): number {
  return 1024
}
export function panelAt(): number {
  return gatedAt() + 2 * GATED_FLOATS * 4
}
/** Sixteen rows unpacked, a block of 32 columns after the other. */
export function panelEnd(blocks: number, panelBytes: number): number {
  return panelAt() + blocks * panelBytes
}
