/** Scales in f16, as the kernels widen them: by moving bits into an f32 and multiplying, for which Intel's cores need long where it is subnormal. */

const MANTISSA = 0x3ff
const LARGEST_EXPONENT = 30

/**
 * Multiplies f16 values by the largest power of two that the largest of them bears, where some are subnormal: those become normal
 * ones, and no value loses a bit. Finite values, as loaders let through.
 * @param halves their bits, among others; changed in place
 * @param places where they lie
 * @returns the power's exponent; 0 where nothing was to be done
 */
export function raiseSubnormals(halves: Uint16Array, { groups, groupStep, runs, runStep, count }: HalfPlaces): number {
  // Written out twice: a gigabyte of weights has fifteen million places, and a call for each takes half a second.
  let largest = 0
  let isAnySubnormal = false
  for (let g = 0; g < groups; g++)
    for (let r = 0, first = g * groupStep; r < runs; r++, first += runStep)
      for (let i = first; i < first + count; i++) {
        const size = halves[i]! & 0x7fff
        if (size > largest) largest = size
        if (size !== 0 && size <= MANTISSA) isAnySubnormal = true
      }
  const power = LARGEST_EXPONENT - Math.max(1, largest >> 10)
  if (!isAnySubnormal || power <= 0) return 0
  for (let g = 0; g < groups; g++)
    for (let r = 0, first = g * groupStep; r < runs; r++, first += runStep)
      for (let i = first; i < first + count; i++) halves[i] = raised(halves[i]!, power)
  return power
}

/** Groups of runs, each of which begins with so many values. Steps are in values. */
export interface HalfPlaces {
  readonly groups: number
  readonly groupStep: number
  readonly runs: number
  readonly runStep: number
  readonly count: number
}

function raised(bits: number, power: number): number {
  const size = bits & 0x7fff
  if (size === 0) return bits
  if (size > MANTISSA) return bits + (power << 10)
  // The highest bit moves to where a normal number has it without saying so.
  const moved = Math.clz32(size) - 21
  const exponent = 1 - moved + power
  const mantissa = exponent > 0 ? ((size << moved) & MANTISSA) | (exponent << 10) : size << power
  return (bits & 0x8000) | mantissa
}
