/** Where a plan's weights and states lie in the banks. */
import { align } from '../align.js'
import type { PlannedWeight } from '../formats/weights.js'
import { DESCRIPTOR_BYTES } from './records.js'

/** A weight with its place, which assignBanks and layOut decide. */
export interface PlacedWeight extends PlannedWeight {
  bank: number
  /** Of the descriptor; data follows, aligned. */
  descriptor: number
  data: number
}

export function unplaced(weight: PlannedWeight): PlacedWeight {
  return { ...weight, bank: 0, descriptor: 0, data: 0 }
}

/** Bytes that a weight takes in its bank, descriptor included. */
export function placedBytes(weight: PlannedWeight): number {
  return align(DESCRIPTOR_BYTES) + weight.bytes
}
