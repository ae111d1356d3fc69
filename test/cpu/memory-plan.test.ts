// Where threads have to meet between ops, and where not.
import { describe, expect, it } from 'vitest'
import { HazardTracker } from '../../src/backends/plan/memory-plan.js'
import type { Buffer, LoweredOp } from '../../src/backends/plan/lower/lowering.js'

const ROW_BYTES = 64
const T = 10

/** Buffers side by side, of T rows times `multiple`; `same` lies in the memory of `x`. */
const names = ['x', 'y', 'z', 'pairs', 'same'] as const
const buffers = Object.fromEntries(
  names.map((name): [string, Buffer] => [
    name,
    { name, rowBytes: ROW_BYTES, rows: 'T', multiple: name === 'pairs' ? 2 : 1, extra: 0 },
  ]),
) as Record<(typeof names)[number], Buffer>

function rangeOf(b: Buffer): [number, number] {
  const start = (b.name === 'same' ? 0 : names.indexOf(b.name as (typeof names)[number])) * T * 2 * ROW_BYTES
  return [start, start + T * b.multiple * ROW_BYTES]
}

function op(
  kernel: LoweredOp['kernel'],
  reads: readonly (Buffer | string)[],
  writes: readonly (Buffer | string)[],
  multiple = 1,
): LoweredOp {
  return { kernel, name: kernel, bank: 0, rows: 'T', multiple, words: [], reads, writes }
}

/** Whether each of these ops waits for all threads. */
function barriers(...ops: LoweredOp[]): boolean[] {
  const tracker = new HazardTracker(rangeOf)
  return ops.map((o) => tracker.needsBarrier(o))
}

describe('HazardTracker', () => {
  const { x, y, z, pairs, same } = buffers

  it('lets threads pass between ops that do the same rows one by one', () => {
    expect(barriers(op('add', [x, y], [x]), op('rmsNorm', [x], [z]), op('quantize', [z], [y]))).toEqual([
      false,
      false,
      false,
    ])
  })

  it('makes them meet before a matrix reads rows of all, and before what it wrote is read', () => {
    expect(barriers(op('rmsNorm', [x], [y]), op('linear', [y], [z]), op('add', [z, x], [x]))).toEqual([
      false,
      true,
      true,
    ])
  })

  it('makes them meet before rows are written that a matrix may still read', () => {
    expect(barriers(op('linear', [x], [y]), op('rmsNorm', [z], [x]))).toEqual([false, true])
  })

  it('makes them meet where rows are shared out otherwise', () => {
    expect(barriers(op('gatedMul', [], [pairs], 2), op('combineExperts', [pairs], [x]))).toEqual([false, true])
    expect(barriers(op('gatedMul', [], [pairs], 2), op('quantize', [pairs], [x], 2))).toEqual([false, false])
  })

  it('makes them meet where another buffer takes the memory of the first', () => {
    expect(barriers(op('rmsNorm', [x], [y]), op('scale', [z], [same]))).toEqual([false, true])
  })

  it('makes them meet before keys are read that others appended', () => {
    const keys = 'cache 0 keys'
    expect(barriers(op('rope', [x], [x]), op('cacheAppend', [x], [keys]), op('attention', [y, keys], [z]))).toEqual([
      false,
      false,
      true,
    ])
  })
})
