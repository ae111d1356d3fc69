// Integer dot products for blocks with scales of two levels and codes into tables (dequantize-blocks.ts): one row of x
// times eight rows of weights, and the panels of sixteen for more rows. linear-int.ts says how both work.
// A minimum costs one product a block: with the sum of the activations, which comes with them.
import { unpack16, unpackIq4, unpackMin, unpackMx } from './block-panels'
import { int4MinOne, int7One, iq4One, mxfp4One, nvfp4One } from './block-rows'
import { tile16, tile16Min, tileMinBytes, tileMinNibbles } from './block-tiles'
import { INT4_MIN, INT7, IQ4, MXFP4, Matrix } from '../contract.generated'
import { products } from '../control'
import { blocksOf } from '../weights/descriptor'
import { BYTES_SIGNED, NIBBLES } from '../simd'
import { tileBothNibbles, tileBytes, tileMx } from './tiles'

/** One row of x times the eight rows of group g. */
export function blocksOne(d: Matrix, g: i32, entry: usize, to: usize): void {
  const format = d.format
  if (format == INT4_MIN) int4MinOne(d, g, entry, to)
  else if (format == INT7) int7One(d, g, entry, to)
  else if (format == MXFP4) mxfp4One(d, g, entry, to)
  else if (format == IQ4) iq4One(d, g, entry, to)
  else nvfp4One(d, g, entry, to)
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
  } else {
    unpack16(d, g)
    const mins = d.mins
    for (let entry = table; entry < end; entry += 16)
      if (mins) tile16Min(nb, entry, to)
      else tile16(nb, entry, to)
  }
}
