import { expect } from 'vitest'
import { UserError } from '../../src/errors.js'

/**
 * Objects that are drawn with one seed after the other, `count` of them. Some weights write strings or nested parts without an end at a
 * high temperature: an answer that is cut off says nothing of its schema, and is drawn again, but not more often than others come to
 * their end.
 */
export async function drawn<T>(count: number, draw: (seed: number) => Promise<T>): Promise<T[]> {
  const whole: T[] = []
  for (let seed = 0; whole.length < count; seed++) {
    expect(seed, 'seeds for so few whole answers').toBeLessThan(2 * count)
    try {
      whole.push(await draw(seed))
    } catch (error) {
      if (!(error instanceof UserError && /^the answer was cut off after/.test(error.message))) throw error
    }
  }
  return whole
}
