// Scales in f16 are stored times 2^10, which keeps them out of subnormal numbers; where one is too large for that, none is.
import { describe, expect, it } from 'vitest'
import { lowerHalves } from '../../src/backends/formats/halves.js'
import { HALF_SCALES, expectAsStored } from './half-scales.js'

/** An f16 by its definition (IEEE 754-2019, binary16). */
function valueOf(bits: number): number {
  const [exponent, mantissa] = [(bits >> 10) & 31, bits & 0x3ff]
  const size = exponent === 0 ? mantissa * 2 ** -24 : (1 + mantissa / 1024) * 2 ** (exponent - 15)
  return bits & 0x8000 ? -size : size
}

it('are lowered without a loss, and nothing else is touched', () => {
  // Two groups of two runs, of which the second is shorter; 1 is what lies between.
  const raised = [0x2800, 0x0d00, 0x7bff, 0x8c00, 0x0000, 0x8000, 0x2802, 0x2404]
  const halves = Uint16Array.from(
    [0, 1, 2, 3].flatMap((i) => [...raised.slice(2 * i, 2 * i + 2), 1, ...(i % 2 ? [] : [1])]),
  )
  const before = halves.slice()
  lowerHalves(halves, { bytes: 28, groups: 2, groupBytes: 14, runs: 2, runBytes: 8, superBytes: 4 })
  const scales = [0, 1, 4, 5, 7, 8, 11, 12]
  expect(scales.map((i) => valueOf(halves[i]!))).toEqual(scales.map((i) => valueOf(before[i]!) / 1024))
  expect([2, 3, 6, 9, 10, 13].map((i) => halves[i])).toEqual([1, 1, 1, 1, 1, 1])
})

describe.each(HALF_SCALES)('in $format', (own) => {
  it.each([
    { large: undefined, row: 0 },
    // The largest that can be raised, the next one, and the largest f16.
    { large: 0x53ff, row: 71 },
    { large: 0x5400, row: 71 },
    { large: 0xfbff, row: 0 },
  ])('are what the file says: %o', (scale) => expectAsStored(own, 72, scale))
})
