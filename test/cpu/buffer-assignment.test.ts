// Where activations lie: reused as soon as they may be, written over where a kernel works element by element.
import { describe, expect, it } from 'vitest'
import { assignBuffers } from '../../src/backends/plan/buffer-assignment.js'
import type { Buffer, Call, Operand } from '../../src/backends/plan/calls.js'

function buffer(name: string, rowBytes = 64): Buffer {
  return { name, rowBytes, rows: 'T', multiple: 1, extra: 0 }
}

function call(kernel: Call['kernel'], reads: Record<string, Buffer>, out: Buffer, offset = 0): Call {
  const at = (b: Buffer): Operand => ({ buffer: b, offset })
  const from = Object.fromEntries(Object.entries(reads).map(([name, b]): [string, Operand] => [name, at(b)]))
  const memory = { reads: from, writes: { out: { buffer: out, offset: 0 } } }
  return { kernel, name: kernel, bank: 0, rows: 'T', multiple: 1, ...memory, weights: {}, ints: {}, floats: {} }
}

/** Where each lies, in rows of 64 bytes, of calls whose last result is kept. */
function places(calls: Call[], keep: Buffer): { at: (b: Buffer) => number; rows: number } {
  const { offsets, bytes } = assignBuffers(calls, [], 1, (b) => b.rowBytes, [keep])
  return { at: (b) => offsets.get(b)! / 64, rows: bytes[0]! / 64 }
}

describe('assignBuffers', () => {
  const [x, gate, up, product, out] = ['x', 'gate', 'up', 'product', 'out'].map((name) => buffer(name)) as [
    Buffer,
    Buffer,
    Buffer,
    Buffer,
    Buffer,
  ]
  const twoProjections = [call('linear', { x }, gate), call('linear', { x }, up)]

  it('writes a product over a factor that nothing reads any more', () => {
    const calls = [...twoProjections, call('gatedMul', { gate, up }, product), call('linear', { x: product }, out)]
    const { at, rows } = places(calls, out)
    expect([at(gate), at(up)]).toContain(at(product))
    expect(rows).toBe(3)
  })

  it('leaves an operand alone that a later call reads', () => {
    const calls = [
      ...twoProjections,
      call('gatedMul', { gate, up }, product),
      call('add', { a: product, b: gate }, out),
    ]
    const { at } = places(calls, out)
    expect(at(product)).toBe(at(up))
    expect([at(product), at(gate)]).toContain(at(out))
  })

  it('leaves it alone where the rows are others, or begin elsewhere', () => {
    const narrow = buffer('narrow', 32)
    const toNarrow = places([...twoProjections, call('gatedMul', { gate, up }, narrow)], narrow)
    const aside = places([...twoProjections, call('gatedMul', { gate, up }, product, 16)], product)
    expect([toNarrow.at(gate), toNarrow.at(up)]).not.toContain(toNarrow.at(narrow))
    expect([aside.at(gate), aside.at(up)]).not.toContain(aside.at(product))
  })

  it('leaves it alone where the kernel reads what it has written', () => {
    const { at } = places([call('linear', { x }, gate), call('rmsNorm', { x: gate }, out)], out)
    expect(at(out)).not.toBe(at(gate))
  })

  it('keeps apart what one thread works on and what others may still read, where there is room', () => {
    const [a, b, sum, normed] = ['a', 'b', 'sum', 'normed'].map((name) => buffer(name)) as [
      Buffer,
      Buffer,
      Buffer,
      Buffer,
    ]
    const layer = [
      call('linear', { x }, a),
      call('linear', { x }, b),
      call('add', { a, b }, sum),
      call('rmsNorm', { x: sum }, normed),
      call('linear', { x: normed }, out),
      call('add', { a: out, b: x }, product),
    ]
    const narrow = places(layer, product)
    expect([narrow.at(normed), narrow.rows]).toEqual([narrow.at(b), 3])
    const wide = buffer('wide', 256)
    const roomy = places([...layer, call('linear', { x: product }, wide)], wide)
    expect(roomy.at(normed)).not.toBe(roomy.at(b))
    expect(roomy.rows).toBe(6)
  })
})
