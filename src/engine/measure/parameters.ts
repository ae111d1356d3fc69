import type { StoredTensor } from '../../checkpoint/checkpoint.js'
import { weightsOf, type Weight } from '../../graph/ops.js'
import type { Program } from '../../graph/program.js'

export interface ParameterCount {
  readonly total: number
  /** Parameters that one token uses: all but the experts that it does not choose, and one row of an embedding that is only looked up. */
  readonly active: number
}

/** Every weight that the program uses, once. */
export function programWeights(program: Program): Map<string, Weight> {
  const weights = new Map<string, Weight>()
  for (const { op } of program.ops) for (const weight of weightsOf(op)) weights.set(weight.name, weight)
  return weights
}

/** Counts what the program uses; multi-token-prediction layers are not part of it. */
export function countParameters(program: Program): ParameterCount {
  let total = 0
  for (const weight of programWeights(program).values()) total += sizeOf(weight)
  let idle = 0
  const multiplied = new Set(
    program.ops.flatMap(({ op }) => (op.op === 'embed' ? [] : weightsOf(op).map(({ name }) => name))),
  )
  for (const { op } of program.ops) {
    if (op.op === 'embed' && !multiplied.has(op.weight.name)) idle += sizeOf(op.weight) - op.out.width
    if (op.op !== 'experts') continue
    const experts = [...op.gate, ...op.up, ...op.down].reduce((sum, weight) => sum + sizeOf(weight), 0)
    idle += experts * (1 - op.topK / op.gate.length)
  }
  return { total, active: Math.round(total - idle) }
}

/** Bytes at rest, with the scales that are kept in a tensor of their own (counted as f32). */
export function storedBytes(tensor: StoredTensor): number {
  return tensor.byteLength + (tensor.scales ? tensor.scales.shape[0] * tensor.scales.shape[1] * 4 : 0)
}

function sizeOf(weight: Weight): number {
  return weight.shape.reduce((product, size) => product * size, 1)
}
