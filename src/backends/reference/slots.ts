import type { RecurrentState } from '../../graph/ops.js'
import type { Program } from '../../graph/program.js'
import type { Step } from '../backend.js'

/** Recurrent states, in slots made when first used. */
export class Slots {
  /** By slot: all states of one sequence, side by side. */
  private readonly slots = new Map<number, Float32Array>()
  private readonly offsets: number[] = []
  private readonly floats: number

  constructor(program: Program) {
    let floats = 0
    for (const state of program.recurrents) {
      this.offsets.push(floats)
      floats += state.floats
    }
    this.floats = floats
  }

  get bytes(): number {
    return this.floats * 4
  }

  /** The state of token t's sequence; zeros before position 0. */
  of(state: RecurrentState, step: Step, t: number): Float32Array {
    const slot = this.slot(step.slots![step.sequences[t]!]!)
    const floats = slot.subarray(this.offsets[state.id], this.offsets[state.id]! + state.floats)
    return step.positions[t] === 0 ? floats.fill(0) : floats
  }

  copy(from: number, to: number): void {
    this.slot(to).set(this.slot(from))
  }

  private slot(id: number): Float32Array {
    let slot = this.slots.get(id)
    if (!slot) this.slots.set(id, (slot = new Float32Array(this.floats)))
    return slot
  }
}
