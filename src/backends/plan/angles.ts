import type { RopeTable } from '../../graph/ops.js'

/**
 * cos and sin of positions times the table's frequencies, [T][cos, sin][dim / 2]. Angles are rounded to f32, as the references do;
 * what is kept of their cos and sin is up to `out`.
 */
export function writeAngles<Out extends Float32Array | Float64Array>(
  { invFreq, attentionFactor, shift }: RopeTable,
  positions: ArrayLike<number>,
  out: Out,
): Out {
  const n = invFreq.length
  for (let t = 0; t < positions.length; t++)
    for (let j = 0; j < n; j++) {
      const angle = Math.fround((positions[t]! + shift) * invFreq[j]!)
      out[t * 2 * n + j] = Math.cos(angle) * attentionFactor
      out[t * 2 * n + n + j] = Math.sin(angle) * attentionFactor
    }
  return out
}
