// Threads of the cpu backend and the words in shared memory by which they are woken.
import { afterEach, expect, it } from 'vitest'
import { StepCancelled, type Runner } from '../../src/backends/backend.js'
import { cpuBackend } from '../../src/backends/cpu/cpu.js'
import { CONTROL_BLOCK } from '../../src/backends/contract.generated.js'
import { GraphBuilder, matrix, vector } from '../../src/graph/builder.js'
import type { Program } from '../../src/graph/program.js'
import { weightsFor } from '../ops/random-weights.js'
import { loadRunner, logitsOf } from '../runner.js'

const [V, D] = [64, 256]

function programOf(): Program {
  const b = new GraphBuilder()
  let x = b.embed(matrix('x', V, D))
  for (let i = 0; i < 8; i++) x = b.add(x, b.linear(b.rmsNorm(x, vector(`norm${i}`, D), 1e-6), matrix(`w${i}`, D, D)))
  return b.build(b.linear(b.selectRows(x), matrix('head', V, D)), 4096)
}

const { Memory } = WebAssembly
afterEach(() => {
  WebAssembly.Memory = Memory
})

async function logitsAfter(runner: Runner, id: number): Promise<Float32Array> {
  const one = { tokens: Int32Array.of(id), positions: Int32Array.of(0), sequences: new Int32Array(1) }
  return (await logitsOf(runner, { ...one, pageTables: [Int32Array.of(0)], logitRows: Int32Array.of(0) })).slice()
}

it.each([1, 2])('takes a late notice for what it is, %i threads', async (threads) => {
  const memories: WebAssembly.Memory[] = []
  WebAssembly.Memory = class extends Memory {
    constructor(descriptor: WebAssembly.MemoryDescriptor) {
      super(descriptor)
      memories.push(this)
    }
  }
  const options = { precision: 'exact', stepTokens: 4, maxLogitRows: 4, threads } as const
  const runner = await loadRunner(cpuBackend, programOf(), weightsFor(), options)
  await runner.reservePages(1)
  const expected: Float32Array[] = []
  for (let id = 0; id < V; id++) expected.push(await logitsAfter(runner, id))
  const control = new Int32Array(memories[0]!.buffer, CONTROL_BLOCK.control, 2)
  for (let id = 0; id < V; id++) {
    Atomics.notify(control, 0)
    expect(await logitsAfter(runner, id)).toEqual(expected[id])
  }
  await runner.close()
})

it.each([
  { threads: 1, bankBytes: undefined },
  { threads: 2, bankBytes: undefined },
  { threads: 2, bankBytes: 6 << 20 },
])('leave a step that is cancelled, and the next one is whole: %o', async ({ threads, bankBytes }) => {
  const [T, W, layers] = [256, 512, 16]
  const b = new GraphBuilder()
  let x = b.embed(matrix('x', V, W))
  for (let i = 0; i < layers; i++) {
    b.layer(i)
    x = b.add(x, b.linear(b.rmsNorm(x, vector(`norm${i}`, W), 1e-6), matrix(`w${i}`, W, W)))
  }
  const program = b.build(b.linear(b.selectRows(x), matrix('head', V, W)), 4096)
  const options = { threads, ...(bankBytes !== undefined && { bankBytes }), stepTokens: T, profile: true }
  const runner = await loadRunner(cpuBackend, program, weightsFor(), options)
  await runner.reservePages(4)
  const step = {
    tokens: Int32Array.from({ length: T }, (_, i) => i % V),
    positions: Int32Array.from({ length: T }, (_, i) => i),
    sequences: new Int32Array(T),
    pageTables: [Int32Array.of(0, 1, 2, 3)],
    logitRows: Int32Array.of(T - 1),
  }
  const whole = (await logitsOf(runner, step)).slice()
  await runner.takeProfile!()
  const ticket = runner.submit(step)
  ticket.cancel?.()
  await expect(ticket.done).rejects.toThrow(StepCancelled)
  const last = (await runner.takeProfile!()).findLast(({ name }) => name !== 'end of step')!
  expect(Math.max(...last.work)).toBe(0)
  expect(await logitsOf(runner, step)).toEqual(whole)
  // What was cancelled is over: a late word about it does nothing.
  const done = runner.submit(step).done
  ticket.cancel?.()
  expect((await done).rows).toHaveLength(1)
  await runner.close()
})
