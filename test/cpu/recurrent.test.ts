// Recurrent ops of the cpu backend against the reference: odd shapes, several sequences in a step, copies of states.
import { describe, expect, it } from 'vitest'
import type { Backend, Runner, Step } from '../../src/backends/backend.js'
import { cpuBackend } from '../../src/backends/cpu/cpu.js'
import { referenceBackend } from '../../src/backends/reference/reference.js'
import type { Checkpoint } from '../../src/checkpoint/checkpoint.js'
import { memorySource } from '../../src/checkpoint/files/memory.js'
import { storedTensor } from '../../src/checkpoint/tensor.js'
import { GraphBuilder, matrix, numbers, vector, view } from '../../src/graph/builder.js'
import type { Program } from '../../src/graph/program.js'
import { loadRunner, logitsOf } from '../runner.js'

const V = 40

interface Shape {
  readonly nHeads: number
  readonly nKeyHeads: number
  readonly keyDim: number
  readonly valueDim: number
  /** Every channel of a head's keys decays by itself. */
  readonly perChannel?: boolean
  readonly bound?: number
  readonly activation?: 'silu' | 'sigmoid'
}

/** q, k, v, decay, beta, gate and one gate for all are columns of an embedding; the logits are what comes out. */
function programOf(s: Shape): Program {
  const [q, v] = [s.nKeyHeads * s.keyDim, s.nHeads * s.valueDim]
  const d = s.perChannel ? s.nHeads * s.keyDim : s.nHeads
  const conv = 2 * q + v
  const b = new GraphBuilder()
  const x = b.embed(matrix('x', V, conv + d + s.nHeads + v + 1))
  b.shortConv(view(x, 0, conv), numbers('conv', [conv, 1, 4]))
  const decay = view(x, conv, d)
  b.decay(decay, numbers('rate', [1, s.nHeads + 3, 1]), vector('bias', d), {
    nHeads: s.nHeads,
    ...(s.bound !== undefined && { bound: s.bound }),
  })
  const out = b.deltaRule(
    { q: view(x, 0, q), k: view(x, q, q), v: view(x, 2 * q, v), decay, beta: view(x, conv + d, s.nHeads) },
    s,
  )
  const gate = view(x, conv + d + s.nHeads, v)
  const { activation = 'silu' } = s
  const gated = b.gatedNorm(out, gate, vector('norm', s.valueDim), { eps: 1e-6, activation })
  b.sigmoidGate(gated, gate)
  b.sigmoidGate(view(gated, 0, v - 1), view(x, conv + d + s.nHeads + v, 1))
  return b.build(b.linear(b.selectRows(gated), matrix('head', V, v)), 4096)
}

/** Random f32 tensors of whatever shape is asked for, the same for the same name. */
const checkpoint = {
  tensor(name: string, shape: readonly number[]) {
    const count = shape.reduce((a, n) => a * n, 1)
    const next = generator(name.length * 7919 + name.charCodeAt(0))
    const values = Float32Array.from({ length: count }, () => (next() - 0.5) * (name === 'x' ? 4 : 2))
    const source = memorySource(name, new Uint8Array(values.buffer))
    return storedTensor({ name, format: 'f32', shape, source, offset: 0 })
  },
} as unknown as Checkpoint

function generator(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
}

interface Sequence {
  readonly slot: number
  readonly ids: number[]
  position: number
}

/** All rows of three sequences that are fed in parts of `most` tokens and less, so that they meet in many ways. */
async function feed(backend: Backend, program: Program, most: number, threads?: number): Promise<Float32Array[]> {
  const runner = await loadRunner(backend, program, checkpoint, {
    precision: 'exact',
    stepTokens: 64,
    maxLogitRows: 64,
    ...(threads !== undefined && { threads }),
  })
  await runner.reserveSlots(3)
  const next = generator(5)
  const ids = (count: number): number[] => Array.from({ length: count }, () => Math.floor(next() * V))
  const sequences = [
    { slot: 2, ids: ids(70), position: 0 },
    { slot: 0, ids: ids(33), position: 0 },
    { slot: 1, ids: ids(50), position: 0 },
  ]
  const rows = sequences.map(({ ids }) => new Float32Array(ids.length * program.vocabSize))
  for (let part = 1; sequences.some((s) => s.position < s.ids.length); part++) await step(runner, part)
  await runner.close()
  return rows

  async function step(runner: Runner, part: number): Promise<void> {
    const shares = sequences.map((s, i) => Math.min(s.ids.length - s.position, 1 + ((part * (i + 2)) % most)))
    const served = sequences.map((s, i) => ({ s, i, count: shares[i]! })).filter(({ count }) => count > 0)
    const logits = await logitsOf(runner, stepOf(served))
    let at = 0
    for (const { s, i, count } of served) {
      rows[i]!.set(logits.subarray(at, (at += count * program.vocabSize)), s.position * program.vocabSize)
      s.position += count
    }
  }
}

function stepOf(served: readonly { s: Sequence; count: number }[]): Step {
  const tokens = served.flatMap(({ s, count }) => s.ids.slice(s.position, s.position + count))
  return {
    tokens: Int32Array.from(tokens),
    positions: Int32Array.from(
      served.flatMap(({ s, count }) => Array.from({ length: count }, (_, i) => s.position + i)),
    ),
    sequences: Int32Array.from(served.flatMap(({ count }, i) => new Array<number>(count).fill(i))),
    pageTables: served.map(() => new Int32Array(0)),
    slots: Int32Array.from(served, ({ s }) => s.slot),
    logitRows: Int32Array.from(tokens, (_, i) => i),
  }
}

const CASES: Record<string, Shape> = {
  'one small head': { nHeads: 1, nKeyHeads: 1, keyDim: 4, valueDim: 4 },
  'values that fill no panel': { nHeads: 2, nKeyHeads: 2, keyDim: 8, valueDim: 20, activation: 'sigmoid' },
  'shared keys': { nHeads: 6, nKeyHeads: 2, keyDim: 12, valueDim: 16 },
  'a decay per channel': { nHeads: 3, nKeyHeads: 3, keyDim: 16, valueDim: 32, perChannel: true },
  'a bounded decay': { nHeads: 2, nKeyHeads: 2, keyDim: 20, valueDim: 8, perChannel: true, bound: -5 },
  'heads as published': { nHeads: 2, nKeyHeads: 1, keyDim: 128, valueDim: 128 },
}

describe.each(Object.entries(CASES))('%s', (_, shape) => {
  const program = programOf(shape)

  it('gives what the reference gives, the same bits for any parts and threads', async () => {
    const truth = await feed(referenceBackend, program, 9)
    const whole = await feed(cpuBackend, program, 20, 1)
    whole.forEach((rows, i) => rows.forEach((x, at) => expect(Math.abs(x - truth[i]![at]!)).toBeLessThan(2e-5)))
    for (const [most, threads] of [
      [1, 2],
      [7, 3],
      [17, 2],
    ] as const)
      expect(await feed(cpuBackend, program, most, threads)).toEqual(whole)
  })
})

it('goes on from a copy of a state as from the state', async () => {
  const program = programOf(CASES['shared keys']!)
  for (const backend of [referenceBackend, cpuBackend]) {
    const runner = await loadRunner(backend, program, checkpoint, {
      precision: 'exact',
      stepTokens: 64,
      maxLogitRows: 64,
      threads: 2,
    })
    await runner.reserveSlots(1)
    const sequence = { slot: 0, ids: Array.from({ length: 60 }, (_, i) => (i * 7) % V), position: 0 }
    await logitsOf(runner, stepOf([{ s: sequence, count: 37 }]))
    await runner.reserveSlots(2)
    runner.copySlot(0, 1)
    const rest = { ...sequence, position: 37 }
    const first = (await logitsOf(runner, stepOf([{ s: rest, count: 23 }]))).slice()
    expect(await logitsOf(runner, stepOf([{ s: { ...rest, slot: 1 }, count: 23 }]))).toEqual(first)
    // A new sequence in a used slot begins with zeros.
    const again = (await logitsOf(runner, stepOf([{ s: sequence, count: 60 }]))).slice()
    await runner.reserveSlots(3)
    expect(await logitsOf(runner, stepOf([{ s: { ...sequence, slot: 2 }, count: 60 }]))).toEqual(again)
    await runner.close()
  }
})
