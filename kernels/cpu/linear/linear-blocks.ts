// Integer dot products for blocks with scales of two levels and codes into tables (dequantize-blocks.ts): a few rows
// of x times eight rows of weights, and the panels of sixteen for more. linear-int.ts says how both work.
// A minimum costs one product a block: with the sum of the activations, which comes with them.
import { unpack16, unpackFive, unpackIq4, unpackMin, unpackMx, unpackSix } from './block-panels'
import {
  int4MinBytesRows,
  int4MinRows,
  int7BytesRows,
  int7Rows,
  iq4BytesRows,
  iq4Rows,
  mxfp4Rows,
  nvfp4Rows,
} from './block-rows.generated'
import { int5MinBytesRows, int5MinRows, int6BytesRows, int6Rows } from './own-bits-rows.generated'
import {
  tile16Bytes,
  tile16MinBytes,
  tile16MinPairs,
  tile16Pairs,
  tileSixBytes,
  tileSixPairs,
  tileMinBytes,
  tileMinNibbles,
  tileMinPairs,
} from './block-tiles.generated'
import { INT4_MIN, INT5_MIN, INT6, INT7, IQ4, MXFP4, Matrix } from '../contract.generated'
import { dot4IsFast, products } from '../control'
import { blocksOf } from '../weights/descriptor'
import { BYTES_SIGNED, NIBBLES } from '../simd'
import { EIGHTS, TWELVES, tileRows } from './sums'
import { tileBothNibbles, tileBytes, tileMx } from './tiles.generated'

/** At most four rows of x times the eight rows of group g. */
export function blocksRows(d: Matrix, g: i32, table: usize, n: i32, to: usize): void {
  const format = d.format
  if (format == INT4_MIN)
    if (dot4IsFast()) int4MinBytesRows(n, d, g, table, to)
    else int4MinRows(n, d, g, table, to)
  else if (format == INT7)
    if (dot4IsFast() || !d.narrow) int7BytesRows(n, d, g, table, to)
    else int7Rows(n, d, g, table, to)
  else if (format == INT6)
    if (dot4IsFast()) int6BytesRows(n, d, g, table, to)
    else int6Rows(n, d, g, table, to)
  else if (format == INT5_MIN)
    if (dot4IsFast()) int5MinBytesRows(n, d, g, table, to)
    else int5MinRows(n, d, g, table, to)
  else if (format == IQ4)
    if (dot4IsFast()) iq4BytesRows(n, d, g, table, to)
    else iq4Rows(n, d, g, table, to)
  else if (format == MXFP4) mxfp4Rows(n, d, g, table, to)
  else nvfp4Rows(n, d, g, table, to)
}

/** `n` rows of x times the sixteen rows of groups g and g + 1. */
export function blocksPanel(d: Matrix, g: i32, table: usize, n: i32, to: usize): void {
  const end = table + ((<usize>n) << 3)
  unpackBlocks(d, g)
  for (let entry = table, rows = 0; entry < end; entry += (<usize>rows) << 3) {
    // four rows of six bits have more sums in i32 than there are registers
    rows = d.format == INT6 && dot4IsFast() ? 2 : tileRows(entry, end)
    tileBlocks(d, rows, entry, to)
  }
}

/** @inline */
function unpackBlocks(d: Matrix, g: i32): void {
  const format = d.format
  if (format == INT4_MIN) unpackMin(d, g)
  else if (format == INT5_MIN) unpackFive(d, g)
  else if (format == INT6) unpackSix(d, g)
  else if (format == MXFP4) unpackMx(d, g)
  else if (format == IQ4) unpackIq4(d, g)
  else unpack16(d, g)
}

function tileBlocks(d: Matrix, rows: i32, entry: usize, to: usize): void {
  const format = d.format,
    nb = blocksOf(d)
  if (format == INT4_MIN)
    if (products == NIBBLES) tileMinNibbles(rows, nb, entry, to)
    else tileMinBytes(rows, nb, entry, to)
  else if (format == INT5_MIN)
    if (dot4IsFast()) tileMinBytes(rows, nb, entry, to)
    else tileMinPairs(rows, nb, entry, to)
  else if (format == INT6)
    if (dot4IsFast()) tileSixBytes(rows, nb, entry, to)
    else tileSixPairs(rows, nb, entry, to)
  else if (format == MXFP4)
    if (products == NIBBLES) tileMx(rows, nb, entry, to)
    else tileBytes(rows, nb, entry, to, TWELVES, 1)
  else if (format == IQ4)
    if (products == NIBBLES) tileBothNibbles(rows, nb, entry, to)
    else tileBytes(rows, nb, entry, to, EIGHTS, products == BYTES_SIGNED ? 0 : 16)
  else {
    const bytes = dot4IsFast() || !d.narrow
    if (d.mins)
      if (bytes) tile16MinBytes(rows, nb, entry, to)
      else tile16MinPairs(rows, nb, entry, to)
    else if (bytes) tile16Bytes(rows, nb, entry, to)
    else tile16Pairs(rows, nb, entry, to)
  }
}
