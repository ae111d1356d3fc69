import { describe, expect, it } from 'vitest'
import { UserError } from '../../src/errors.js'
import { makeRope } from '../../src/models/parts/rope.js'
import type { RopeConfig } from '../../src/models/parts/rope-config.js'

const DIM = 8
const THETA = 10000
const base = Array.from({ length: DIM / 2 }, (_, i) => THETA ** ((-2 * i) / DIM))

function frequencies(scaling: Record<string, unknown>, more: Partial<RopeConfig> = {}): number[] {
  const config = { rope_theta: THETA, max_position_embeddings: 64, rope_scaling: scaling, ...more }
  return [...makeRope(config, DIM).invFreq]
}

function expectNear(found: readonly number[], expected: readonly number[]): void {
  expect(found).toHaveLength(expected.length)
  found.forEach((value, i) => expect(value / expected[i]!).toBeCloseTo(1, 5))
}

describe('yarn', () => {
  const yarn = { type: 'yarn', factor: 4 }

  it('where the band has no width, keeps what is below it and divides what is above', () => {
    // Both bounds are dimension 0: the ramp's slope would be 0 / 0.
    const narrow = { ...yarn, original_max_position_embeddings: 4 }
    expectNear(frequencies(narrow), [base[0]!, ...base.slice(1).map((f) => f / 4)])
    // The same rate twice, without rounding, at a whole dimension: 2 = 8 ln(L / 2 pi) / (2 ln theta).
    const rate = 64 / (2 * Math.PI * THETA ** (2 / 4))
    const flat = { ...yarn, original_max_position_embeddings: 64, truncate: false, beta_fast: rate, beta_slow: rate }
    const found = frequencies(flat)
    expect(found.every(Number.isFinite)).toBe(true)
    expectNear([found[0]!, found[1]!, found[3]!], [base[0]!, base[1]!, base[3]! / 4])
  })

  it('ramps between its bounds', () => {
    // Rates 32 and 1 of 4096 positions: dimensions 1.3 and 2.8, rounded outward to 1 and 3.
    const wide = { ...yarn, original_max_position_embeddings: 4096 }
    const half = (base[2]! + base[2]! / 4) / 2
    expectNear(frequencies(wide), [base[0]!, base[1]!, half, base[3]! / 4])
  })

  it('scales attention by 0.1 ln(factor) + 1, by what the config says, or by the ratio of its two scales', () => {
    const rope = (more: object): { attentionFactor: number; softmaxFactor: number } =>
      makeRope({ rope_theta: THETA, max_position_embeddings: 64, rope_scaling: { ...yarn, ...more } }, DIM)
    const m = (scale: number): number => 0.1 * scale * Math.log(4) + 1
    expect(rope({}).attentionFactor).toBeCloseTo(m(1), 12)
    expect(rope({ factor: 1 }).attentionFactor).toBe(1)
    expect(rope({ attention_factor: 3 }).attentionFactor).toBe(3)
    expect(rope({ mscale: 2, mscale_all_dim: 0.5 }).attentionFactor).toBeCloseTo(m(2) / m(0.5), 12)
    expect(rope({ mscale: 2 }).attentionFactor).toBeCloseTo(m(1), 12)
    expect(rope({ mscale_all_dim: 0.5 }).softmaxFactor).toBeCloseTo(m(0.5) ** 2, 12)
    expect(rope({}).softmaxFactor).toBe(1)
  })
})

describe('other scalings', () => {
  it('linear divides all', () => {
    expectNear(
      frequencies({ type: 'linear', factor: 8 }),
      base.map((f) => f / 8),
    )
  })

  it('llama3 keeps short waves, divides long ones, and blends between', () => {
    const llama3 = { rope_type: 'llama3', factor: 8, low_freq_factor: 1, high_freq_factor: 4 }
    // Wavelengths 6.3, 63, 628, 6283 against 200 / 4 = 50 and 200 / 1.
    const smooth = (200 / (2 * Math.PI * 10) - 1) / 3
    const blended = ((1 - smooth) * base[1]!) / 8 + smooth * base[1]!
    const found = frequencies({ ...llama3, original_max_position_embeddings: 200 })
    expectNear(found, [base[0]!, blended, base[2]! / 8, base[3]! / 8])
  })

  it('llama3 without a band between keeps or divides', () => {
    const llama4 = { rope_type: 'llama3', factor: 16, low_freq_factor: 1, high_freq_factor: 1 }
    const found = frequencies({ ...llama4, original_max_position_embeddings: 200 })
    expectNear(found, [base[0]!, base[1]!, base[2]! / 16, base[3]! / 16])
  })

  it('a rope_scaling that was added to rope_parameters counts alone, as in transformers', () => {
    const parameters = { rope_type: 'linear', factor: 2, rope_theta: 100 }
    const found = frequencies({ type: 'linear', factor: 8, rope_theta: 100 }, { rope_parameters: parameters })
    expectNear(
      found,
      Array.from({ length: 4 }, (_, i) => 100 ** (-i / 4) / 8),
    )
  })

  it('unless it would lose what only rope_parameters says', () => {
    const parameters = { rope_type: 'default', rope_theta: 100, partial_rotary_factor: 0.5 }
    expect(() => frequencies({ type: 'linear', factor: 8 }, { rope_parameters: parameters })).toThrow(
      /rope_scaling next to rope_parameters: expected it to have partial_rotary_factor and rope_theta too/,
    )
  })
})

describe('a config that would give wrong angles is refused', () => {
  it.each([
    [{ type: 'spiral' }, /spiral: expected default, linear, llama3 or yarn/],
    [{ type: 3 }, /rope type: expected a string, found 3/],
    [{ type: 'linear' }, /expected the key factor/],
    [{ type: 'linear', factor: '8' }, /rope factor: expected a number above 0, found "8"/],
    [{ factor: 8 }, /rope type: expected the name of the rule that factor belongs to, found none/],
    [{ type: 'yarn', factor: -4 }, /rope factor: expected a number above 0, found -4/],
    [{ type: 'yarn', factor: 4, attention_factor: 0 }, /rope attention_factor: expected a number above 0/],
    [{ type: 'yarn', factor: 4, mscale_all_dim: -1 }, /rope mscale_all_dim: expected a number from 0/],
    [{ full_attention: { rope_type: 'default' } }, /rope full_attention: expected one rule for all layers/],
    [{ type: 'yarn' }, /expected the key factor/],
    [{ type: 'yarn', factor: 4, truncate: 'no' }, /rope truncate: expected true or false/],
    [{ type: 'yarn', factor: 4, beta_fast: 'quick' }, /rope beta_fast: expected a number/],
    [{ type: 'llama3', factor: 8, low_freq_factor: 1, high_freq_factor: 4 }, /original_max_position_embeddings/],
    [{ type: 'llama3', factor: 8, low_freq_factor: 1, original_max_position_embeddings: 64 }, /high_freq_factor/],
  ])('%j', (scaling, message) => {
    expect(() => frequencies(scaling)).toThrow(UserError)
    expect(() => frequencies(scaling)).toThrow(message)
  })
})
