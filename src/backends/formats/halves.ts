import { RAISE } from '../contract.generated.js'
import type { BlocksLayout } from './weights.js'

/** Takes back that the f16 scales with which runs begin were stored times 2^RAISE (kernels/cpu/weights/pack-blocks.ts). */
export function lowerHalves(
  halves: Uint16Array,
  { groups, groupBytes, runs, runBytes, superBytes }: BlocksLayout,
): void {
  for (let g = 0; g < groups; g++)
    for (let r = 0; r < runs; r++) {
      const first = (g * groupBytes + r * runBytes) / 2
      for (let i = first; i < first + superBytes / 2; i++) halves[i] = lowered(halves[i]!)
    }
}

/** An f16 that was raised, so that no bit is lost where it becomes subnormal. */
function lowered(bits: number): number {
  const exponent = (bits >> 10) & 31
  if (exponent > RAISE) return bits - (RAISE << 10)
  return exponent === 0 ? bits : (bits & 0x8000) | (((bits & 0x3ff) | 0x400) >> (RAISE + 1 - exponent))
}
