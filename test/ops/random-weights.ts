/** Checkpoints without a file: random weights, or those that a formula gives. */
import type { Checkpoint } from '../../src/checkpoint/checkpoint.js'
import { memorySource } from '../../src/checkpoint/files/memory.js'
import { storedTensor } from '../../src/checkpoint/tensor.js'

/** Uniform in [0, 1), the same for the same seed. */
export function generator(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
}

/** A value by its place in the tensor. */
export type Formula = (i: number) => number

/** `count` values of a weight, the same for the same name: of its formula, else uniform in [-1, 1], and `x` in [-2, 2]. */
export function valuesOf(name: string, count: number, formulas: Readonly<Record<string, Formula>> = {}): Float32Array {
  const formula = formulas[name]
  if (formula) return Float32Array.from({ length: count }, (_, i) => formula(i))
  const next = generator(Array.from(name, (c) => c.charCodeAt(0)).reduce((hash, c) => Math.imul(hash, 31) + c, 7))
  return Float32Array.from({ length: count }, () => (next() - 0.5) * (name === 'x' ? 4 : 2))
}

/** A checkpoint that has every tensor asked for, in f32. */
export function weightsFor(formulas: Readonly<Record<string, Formula>> = {}): Checkpoint {
  return {
    tensor(name: string, shape: readonly number[]) {
      const values = valuesOf(
        name,
        shape.reduce((a, n) => a * n, 1),
        formulas,
      )
      const source = memorySource(name, new Uint8Array(values.buffer))
      return storedTensor({ name, format: 'f32', shape, source, offset: 0 })
    },
  } as unknown as Checkpoint
}
