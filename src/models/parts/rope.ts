import type { Checkpoint } from '../../checkpoint/checkpoint.js'
import { decodeRows } from '../../checkpoint/formats/decode.js'
import { UserError } from '../../errors.js'

/** The rotary part of a config, in either published style. */
export interface RopeConfig {
  readonly rope_theta?: number | undefined
  readonly rope_scaling?: Record<string, unknown> | null | undefined
  readonly rope_parameters?: Record<string, unknown> | null | undefined
  readonly max_position_embeddings: number
}

export interface Rope {
  /** [dim / 2] */
  readonly invFreq: Float32Array
  /** Multiplies cos and sin. */
  readonly attentionFactor: number
  /** YaRN's mscale for DeepSeek's softmax scale (already squared); 1 without. */
  readonly softmaxFactor: number
}

/** Both styles as one: {rope_theta, rope_scaling: {type | rope_type, ...}} and {rope_parameters: {rope_theta, rope_type, ...}}. */
function parametersOf(config: RopeConfig): {
  theta: number
  type: string
  get: (key: string) => number | undefined
  truncate: boolean
} {
  const parameters = config.rope_parameters ?? config.rope_scaling ?? {}
  const get = (key: string): number | undefined => {
    const value = parameters[key]
    if (value === undefined || value === null) return undefined
    if (typeof value === 'number' && Number.isFinite(value)) return value
    throw new UserError(`rope ${key}: expected a number, found ${JSON.stringify(value)}`, 'unsupported_model')
  }
  const type = parameters['rope_type'] ?? parameters['type'] ?? 'default'
  if (typeof type !== 'string')
    throw new UserError(`rope type: expected a string, found ${JSON.stringify(type)}`, 'unsupported_model')
  const truncate = parameters['truncate'] ?? true
  if (typeof truncate !== 'boolean')
    throw new UserError(`rope truncate: expected true or false, found ${JSON.stringify(truncate)}`, 'unsupported_model')
  return { theta: get('rope_theta') ?? config.rope_theta ?? 10000, type, get, truncate }
}

/**
 * Inverse frequencies of `dim` rotated columns, computed in float32 as the reference does.
 * default: RoFormer (arXiv 2104.09864); llama3: Llama 3.1's frequency bands; yarn: arXiv 2309.00071 as in
 * transformers' modeling_rope_utils.py.
 * @throws UserError for another scaling type.
 */
export function makeRope(config: RopeConfig, dim: number, divisors?: Float32Array): Rope {
  const { theta, type, get, truncate } = parametersOf(config)
  const need = (key: string): number => {
    const value = get(key)
    if (value === undefined)
      throw new UserError(`rope scaling ${type}: expected the key ${key}, found none`, 'unsupported_model')
    return value
  }
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
      return yarn(base, dim, theta, config, need, get, truncate)
    default:
      throw new UserError(`rope scaling type ${type}: expected default, linear, llama3 or yarn`, 'unsupported_model')
  }
}

/** GGUF keeps llama3 scaling as one divisor per frequency, [dim / 2]; undefined where there are none. */
export async function frequencyDivisors(checkpoint: Checkpoint, dim: number): Promise<Float32Array | undefined> {
  if (!checkpoint.has('rope_freqs.weight')) return undefined
  return decodeRows(checkpoint.tensor('rope_freqs.weight', [dim / 2]), 0, 1)
}

function llama3(base: Float32Array, need: (key: string) => number): Float32Array {
  const factor = need('factor')
  const low = need('low_freq_factor')
  const high = need('high_freq_factor')
  const original = need('original_max_position_embeddings')
  return base.map((f) => {
    const wavelength = (2 * Math.PI) / f
    if (wavelength < original / high) return f
    if (wavelength > original / low) return f / factor
    if (low === high) return f // Llama 4 has no band between the two
    const smooth = (original / wavelength - low) / (high - low)
    return ((1 - smooth) * f) / factor + smooth * f
  })
}

function yarn(
  base: Float32Array,
  dim: number,
  theta: number,
  config: RopeConfig,
  need: (key: string) => number,
  get: (key: string) => number | undefined,
  truncate: boolean,
): Rope {
  const factor = need('factor')
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
