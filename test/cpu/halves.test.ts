import { describe, expect, it } from 'vitest'
import { raiseSubnormals, type HalfPlaces } from '../../src/backends/formats/halves.js'

/** An f16 by its definition (IEEE 754-2019, binary16). */
function valueOf(bits: number): number {
  const [exponent, mantissa] = [(bits >> 10) & 31, bits & 0x3ff]
  const size = exponent === 0 ? mantissa * 2 ** -24 : (1 + mantissa / 1024) * 2 ** (exponent - 15)
  return bits & 0x8000 ? -size : size
}
const isSubnormal = (bits: number): boolean => (bits & 0x7fff) !== 0 && (bits & 0x7c00) === 0
/** All finite ones up to a size, both signs. */
const upTo = (largest: number): Uint16Array =>
  Uint16Array.from({ length: 2 * (largest + 1) }, (_, i) => (i >> 1) | (i & 1 ? 0x8000 : 0))

/** Nothing between them. */
const all = ({ length }: Uint16Array): HalfPlaces => ({
  groups: 1,
  groupStep: length,
  runs: 1,
  runStep: length,
  count: length,
})

describe('f16 scales', () => {
  it.each([0x0001, 0x0060, 0x03ff, 0x0400, 0x1234, 0x2c00, 0x7bff])(
    'of which %d is the largest are multiplied by a power of two, without a loss',
    (largest) => {
      const before = upTo(largest)
      const after = before.slice()
      const power = raiseSubnormals(after, all(after))
      expect(power).toBe(30 - Math.max(1, largest >> 10))
      expect(before.findIndex((bits, i) => valueOf(after[i]!) !== valueOf(bits) * 2 ** power)).toBe(-1)
      // The smallest is 2^-24, the smallest normal one 2^-14.
      expect(after.some(isSubnormal)).toBe(power < 10)
    },
  )

  it('are found among other bytes, and nothing else is touched', () => {
    // Two groups of two runs; the second run of a group is shorter, and 0x0001 is what lies between.
    const halves = Uint16Array.of(0x0400, 0x0002, 1, 1, 0x0800, 0x0000, 1, 0x0003, 0x0400, 1, 1, 0x0000, 0x0400, 1)
    const power = raiseSubnormals(halves, { groups: 2, groupStep: 7, runs: 2, runStep: 4, count: 2 })
    expect(power).toBe(28)
    expect([2, 3, 6, 9, 10, 13].map((i) => halves[i])).toEqual([1, 1, 1, 1, 1, 1])
    expect([0, 1, 4, 7].map((i) => valueOf(halves[i]!))).toEqual([
      ...[2 ** 14, 2 * 2 ** (28 - 24), 2 ** 15, 3 * 2 ** (28 - 24)],
    ])
  })

  it('stay as they are where none is subnormal', () => {
    const halves = Uint16Array.of(0, 0x8000, 0x0400, 0x8400, 0x2c00)
    expect(raiseSubnormals(halves, all(halves))).toBe(0)
    expect([...halves]).toEqual([0, 0x8000, 0x0400, 0x8400, 0x2c00])
  })
})
