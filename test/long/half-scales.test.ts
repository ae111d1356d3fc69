// Scales in f16 that are too large to be raised, found when a part of the matrix is packed already; see test/cpu/halves.test.ts.
import { expect, it } from 'vitest'
import { rowBytes } from '../../src/checkpoint/formats/formats.js'
import { HALF_SCALES, expectAsStored } from '../cpu/half-scales.js'

const ROWS = 9000

it.each(HALF_SCALES)('$format is what the file says, whichever piece has one', async (own) => {
  // Pieces are of a megabyte at most.
  expect(ROWS * rowBytes(own.format, 512)).toBeGreaterThan(1.4 * 2 ** 20)
  for (const row of [0, 4500, ROWS - 1]) await expectAsStored(own, ROWS, { large: 0x7bff, row })
})
