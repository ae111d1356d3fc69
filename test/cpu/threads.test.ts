// Threads of the cpu backend and the words in shared memory by which they are woken.
import { afterEach, expect, it } from 'vitest'
import type { Runner } from '../../src/backends/backend.js'
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
