// Where threads have to meet between ops, and where not.
import { describe, expect, it } from 'vitest'
import type { Buffer, Call, Operand } from '../../src/backends/plan/calls.js'
import { HazardTracker } from '../../src/backends/plan/hazards.js'

const ROW_BYTES = 64
const T = 10

/** Buffers side by side, of T rows times `multiple`; `same` and `narrow` lie in the memory of `x`. */
const names = ['x', 'y', 'z', 'pairs', 'same', 'narrow'] as const
const buffers = Object.fromEntries(
  names.map((name): [string, Buffer] => [
    name,
    {
      ...{ name, rows: 'T', extra: 0 },
      rowBytes: name === 'narrow' ? ROW_BYTES / 2 : ROW_BYTES,
      multiple: name === 'pairs' ? 2 : 1,
    },
  ]),
) as Record<(typeof names)[number], Buffer>

function rangeOf(b: Buffer): [number, number] {
  const over = b.name === 'same' || b.name === 'narrow'
  const start = (over ? 0 : names.indexOf(b.name as (typeof names)[number])) * T * 2 * ROW_BYTES
  return [start, start + T * b.multiple * b.rowBytes]
}

type Memory = Buffer | { readonly state: number; readonly values: boolean }

function operands(memories: readonly Memory[]): Call['reads'] {
  return Object.fromEntries(
    memories.map((m, i): [string, Operand] => [`operand${i}`, 'state' in m ? m : { buffer: m, offset: 0 }]),
  )
}

function call(kernel: Call['kernel'], reads: readonly Memory[], writes: readonly Memory[], multiple = 1): Call {
  const memories = { reads: operands(reads), writes: operands(writes) }
  return { kernel, name: kernel, bank: 0, rows: 'T', multiple, ...memories, weights: {}, ints: {}, floats: {} }
}

/** Whether each of these calls waits for all threads. */
function barriers(...calls: Call[]): boolean[] {
  const tracker = new HazardTracker(rangeOf)
  return calls.map((c) => tracker.needsBarrier(c))
}

describe('HazardTracker', () => {
  const { x, y, z, pairs, same, narrow } = buffers

  it('lets threads pass between ops that do the same rows one by one', () => {
    expect(barriers(call('add', [x, y], [x]), call('rmsNorm', [x], [z]), call('quantize', [z], [y]))).toEqual([
      false,
      false,
      false,
    ])
  })

  it('makes them meet before a matrix reads rows of all, and before what it wrote is read', () => {
    expect(barriers(call('rmsNorm', [x], [y]), call('linear', [y], [z]), call('add', [z, x], [x]))).toEqual([
      false,
      true,
      true,
    ])
  })

  it('makes them meet before rows are written that a matrix may still read', () => {
    expect(barriers(call('linear', [x], [y]), call('rmsNorm', [z], [x]))).toEqual([false, true])
  })

  it('makes them meet where rows are shared out otherwise', () => {
    expect(barriers(call('gatedMul', [], [pairs], 2), call('combineExperts', [pairs], [x]))).toEqual([false, true])
    expect(barriers(call('gatedMul', [], [pairs], 2), call('quantize', [pairs], [x], 2))).toEqual([false, false])
  })

  it('makes them meet where a buffer of other rows takes the memory of the first', () => {
    expect(barriers(call('rmsNorm', [x], [y]), call('scale', [z], [narrow]))).toEqual([false, true])
  })

  it('lets them pass where one of the same rows does', () => {
    expect(barriers(call('rmsNorm', [x], [y]), call('scale', [z], [same]))).toEqual([false, false])
  })

  it('makes them meet before keys are read that others appended', () => {
    const keys = { state: 0, values: false }
    expect(
      barriers(call('rope', [x], [x]), call('cacheAppend', [x], [keys]), call('attention', [y, keys], [z])),
    ).toEqual([false, false, true])
  })
})
