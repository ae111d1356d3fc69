// Scales in f16 are stored times 2^10, which keeps them out of subnormal numbers; where one is too large for that, none is.
import { describe, it } from 'vitest'
import { HALF_SCALES, expectAsStored } from './half-scales.js'

describe.each(HALF_SCALES)('in $format', (own) => {
  it.each([
    { large: undefined, row: 0 },
    // The largest that can be raised, the next one, and the largest f16.
    { large: 0x53ff, row: 71 },
    { large: 0x5400, row: 71 },
    { large: 0xfbff, row: 0 },
  ])('are what the file says: %o', (scale) => expectAsStored(own, 72, scale))
})
