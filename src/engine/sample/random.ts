/** A source of uniform numbers in [0, 1). */
export type Random = () => number

/** sfc32 (Chris Doty-Humphrey, PractRand), seeded through splitmix32: the same seed gives the same numbers everywhere. */
export function seededRandom(seed: number): Random {
  // Both halves of a 53-bit seed count.
  const mix = splitmix32((seed >>> 0) ^ Math.imul(Math.floor(seed / 2 ** 32) | 0, 0x9e3779b9))
  let a = mix()
  let b = mix()
  let c = mix()
  let counter = 1
  const next = (): number => {
    const sum = (a + b + counter) | 0
    counter = (counter + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = ((c << 21) | (c >>> 11)) + sum
    c |= 0
    return sum >>> 0
  }
  for (let i = 0; i < 12; i++) next()
  // 53 bits, so that 1 is never reached and small probabilities are not rounded away.
  return () => (next() * 2 ** 21 + (next() >>> 11)) / 2 ** 53
}

function splitmix32(state: number): () => number {
  return () => {
    state = (state + 0x9e3779b9) | 0
    let z = state
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad)
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97)
    return z ^ (z >>> 15)
  }
}
