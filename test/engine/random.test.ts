import { describe, expect, it } from 'vitest'
import { seededRandom } from '../../src/engine/sample/random.js'

const MASK = 2n ** 32n - 1n

/** splitmix32, in whole numbers without end. */
function* splitmix32(seed: bigint): Generator<bigint> {
  for (let state = seed; ;) {
    state = (state + 0x9e3779b9n) & MASK
    let z = state
    z = ((z ^ (z >> 16n)) * 0x21f0aaadn) & MASK
    z = ((z ^ (z >> 15n)) * 0x735a2d97n) & MASK
    yield z ^ (z >> 15n)
  }
}

/** sfc32 as its author gives it, after its twelve rounds of warming up. */
function* sfc32(a: bigint, b: bigint, c: bigint): Generator<bigint> {
  for (let counter = 1n, round = 0; ; round++) {
    const sum = (a + b + counter) & MASK
    counter = (counter + 1n) & MASK
    a = b ^ (b >> 9n)
    b = (c + (c << 3n)) & MASK
    c = ((((c << 21n) | (c >> 11n)) & MASK) + sum) & MASK
    if (round >= 12) yield sum
  }
}

function expected(seed: number, count: number): number[] {
  const low = BigInt(seed) & MASK
  // The upper half counts too, for seeds that have one.
  const high = (BigInt(Math.floor(seed / 2 ** 32)) * 0x9e3779b9n) & MASK
  const mix = splitmix32(low ^ high)
  const next = (): bigint => mix.next().value as bigint
  const words = sfc32(next(), next(), next())
  const word = (): bigint => words.next().value as bigint
  return Array.from({ length: count }, () => Number(((word() << 21n) + (word() >> 11n)) & (2n ** 53n - 1n)) / 2 ** 53)
}

describe('random numbers of a seed', () => {
  it.each([0, 1, 42, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 40 + 7, -1, Number.MAX_SAFE_INTEGER])('%i', (seed) => {
    const random = seededRandom(seed)
    expect(Array.from({ length: 50 }, random)).toEqual(expected(seed, 50))
  })

  it('stay below 1 and use all 53 bits', () => {
    const random = seededRandom(3)
    const numbers = Array.from({ length: 5000 }, random)
    expect(numbers.every((u) => u >= 0 && u < 1)).toBe(true)
    for (const bit of [1, 10, 21, 22, 32, 33, 52, 53]) {
      const ones = numbers.filter((u) => Math.floor(u * 2 ** bit) % 2 === 1).length
      expect(Math.abs(ones - 2500)).toBeLessThan(200)
    }
  })
})
