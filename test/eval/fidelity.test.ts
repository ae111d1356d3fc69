// Divergences against closed forms.
import { expect, it } from 'vitest'
import { divergence } from '../../src/eval/fidelity/divergence.js'

it('is the divergence of two distributions, with what each says of the next token', () => {
  const [reference, measured] = [
    [0.5, 0.25, 0.25],
    [0.25, 0.5, 0.25],
  ].map((shares) => Float32Array.from(shares, (share) => Math.log(share) + 7))
  const found = divergence(reference!, measured!, 1)
  // 0.5 ln(0.5 / 0.25) + 0.25 ln(0.25 / 0.5)
  expect(found.divergence).toBeCloseTo(0.25 * Math.LN2, 6)
  expect(found.agrees).toBe(false)
  expect(Math.exp(found.logprob)).toBeCloseTo(0.5, 6)
  expect(Math.exp(found.referenceLogprob)).toBeCloseTo(0.25, 6)
  expect(divergence(reference!, reference!, 0)).toMatchObject({ divergence: 0, agrees: true })
  // A token that is masked in both has no share.
  const masked = Float32Array.of(0, -Infinity)
  expect(divergence(masked, masked, 0).divergence).toBe(0)
})
