// Integer dot products for blocks with scales of two levels and codes into tables (dequantize-blocks.ts): a few rows
// of x times eight rows of weights, and the panels of sixteen for more. linear-int.ts says how both work.
// A minimum costs one product a block: with the sum of the activations, which comes with them.
import { unpack16, unpackFive, unpackIq4, unpackMin, unpackMx } from './block-panels'
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
} from './block-tiles'
import { INT4_MIN, INT5_MIN, INT6, INT7, IQ4, MXFP4, Matrix } from '../contract.generated'
import { dot4IsFast, products } from '../control'
import { blocksOf } from '../weights/descriptor'
import { BYTES_SIGNED, NIBBLES } from '../simd'
import { tileBothNibbles, tileBytes, tileMx } from './tiles'

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

/** `n` rows of x, two at a time, times the sixteen rows of groups g and g + 1. */
export function blocksPanel(d: Matrix, g: i32, table: usize, n: i32, to: usize): void {
  const nb = blocksOf(d),
    end = table + ((<usize>n) << 3),
    format = d.format
  if (format == INT4_MIN) {
    unpackMin(d, g)
    for (let entry = table; entry < end; entry += 16)
      if (products == NIBBLES) tileMinNibbles(nb, entry, to)
      else tileMinBytes(nb, entry, to)
  } else if (format == INT5_MIN) {
    unpackFive(d, g)
    for (let entry = table; entry < end; entry += 16)
      if (dot4IsFast()) tileMinBytes(nb, entry, to)
      else tileMinPairs(nb, entry, to)
  } else if (format == MXFP4) {
    unpackMx(d, g)
    for (let entry = table; entry < end; entry += 16)
      if (products == NIBBLES) tileMx(nb, entry, to)
      else tileBytes(nb, entry, to, 3)
  } else if (format == IQ4) {
    unpackIq4(d, g)
    for (let entry = table; entry < end; entry += 16)
      if (products == NIBBLES) tileBothNibbles(nb, entry, to)
      else tileBytes(nb, entry, to, products == BYTES_SIGNED ? 0 : 32)
  } else if (format == INT6) {
    unpack16(d, g)
    for (let entry = table; entry < end; entry += 16)
      if (dot4IsFast()) tileSixBytes(nb, entry, to)
      else tileSixPairs(nb, entry, to)
  } else {
    unpack16(d, g)
    const mins = d.mins,
      bytes = dot4IsFast() || !d.narrow
    for (let entry = table; entry < end; entry += 16)
      if (mins)
        if (bytes) tile16MinBytes(nb, entry, to)
        else tile16MinPairs(nb, entry, to)
      else if (bytes) tile16Bytes(nb, entry, to)
      else tile16Pairs(nb, entry, to)
  }
}
