import type { Checkpoint } from '../../checkpoint/checkpoint.js'
import { decodeRows } from '../../checkpoint/formats/decode.js'
import { UserError } from '../../errors.js'
import { ropeParameters, type RopeConfig, type RopeParameters } from './rope-config.js'

export interface Rope {
  /** [dim / 2] */
  readonly invFreq: Float32Array
  /** Multiplies cos and sin. */
  readonly attentionFactor: number
  /** YaRN's mscale for DeepSeek's softmax scale (already squared); 1 without. */
  readonly softmaxFactor: number
}

/**
 * Inverse frequencies of `dim` rotated columns, computed in float32 as the reference does.
 * default: RoFormer (arXiv 2104.09864); llama3: Llama 3.1's frequency bands; yarn: arXiv 2309.00071 as in
 * transformers' modeling_rope_utils.py.
 * @throws UserError for another scaling type.
 */
export function makeRope(config: RopeConfig, dim: number, divisors?: Float32Array): Rope {
  const rule = ropeParameters(config)
  const { theta, type, need } = rule
  const base = Float32Array.from({ length: dim / 2 }, (_, i) => 1 / Math.fround(theta ** Math.fround((2 * i) / dim)))
  if (divisors) return { invFreq: base.map((f, i) => f / divisors[i]!), attentionFactor: 1, softmaxFactor: 1 }
  switch (type) {
    case 'default':
      return { invFreq: base, attentionFactor: 1, softmaxFactor: 1 }
    case 'linear':
      return { invFreq: base.map((f) => f / need('factor')), attentionFactor: 1, softmaxFactor: 1 }
    case 'llama3':
      return { invFreq: llama3(base, need), attentionFactor: 1, softmaxFactor: 1 }
    case 'yarn':
      return yarn(base, dim, config, rule)
    default:
      throw new UserError(`rope scaling type ${type}: expected default, linear, llama3 or yarn`, 'unsupported_model')
  }
}

/** GGUF keeps llama3 scaling as one divisor per frequency, [dim / 2]; undefined where there are none. */
export async function frequencyDivisors(checkpoint: Checkpoint, dim: number): Promise<Float32Array | undefined> {
  if (!checkpoint.has('rope_freqs.weight')) return undefined
  return decodeRows(checkpoint.tensor('rope_freqs.weight', [dim / 2]), 0, 1)
}

function llama3(base: Float32Array, need: RopeParameters['need']): Float32Array {
  const factor = need('factor')
  const low = need('low_freq_factor')
  const high = need('high_freq_factor')
  const original = need('original_max_position_embeddings')
  if (low > high)
    throw new UserError(
      `rope scaling llama3: expected low_freq_factor up to high_freq_factor (${high}), found ${low}`,
      'unsupported_model',
    )
  return base.map((f) => {
    const wavelength = (2 * Math.PI) / f
    if (wavelength < original / high) return f
    if (wavelength > original / low) return f / factor
    if (low === high) return f // Llama 4 has no band between the two
    const smooth = (original / wavelength - low) / (high - low)
    return ((1 - smooth) * f) / factor + smooth * f
  })
}

function yarn(base: Float32Array, dim: number, config: RopeConfig, rule: RopeParameters): Rope {
  const { theta, get, truncate } = rule
  if (theta <= 1)
    throw new UserError(`rope scaling yarn: expected rope_theta to be above 1, found ${theta}`, 'unsupported_model')
  const factor = rule.need('factor')
  const original = get('original_max_position_embeddings') ?? config.max_position_embeddings
  const dimOf = (rotations: number): number =>
    (dim * Math.log(original / (rotations * 2 * Math.PI))) / (2 * Math.log(theta))
  const fast = dimOf(get('beta_fast') ?? 32)
  const slow = dimOf(get('beta_slow') ?? 1)
  const low = Math.max(truncate ? Math.floor(fast) : fast, 0)
  let high = Math.min(truncate ? Math.ceil(slow) : slow, dim - 1)
  if (low === high) high += 0.001
  const invFreq = base.map((f, i) => {
    const ramp = Math.min(1, Math.max(0, (i - low) / (high - low)))
    return f * (1 - ramp) + (f / factor) * ramp
  })
  const m = (scale: number): number => (factor <= 1 ? 1 : 0.1 * scale * Math.log(factor) + 1)
  const mscale = get('mscale')
  const allDim = get('mscale_all_dim')
  const attentionFactor = get('attention_factor') ?? (mscale && allDim ? m(mscale) / m(allDim) : m(1))
  return { invFreq, attentionFactor, softmaxFactor: allDim ? m(allDim) ** 2 : 1 }
}
