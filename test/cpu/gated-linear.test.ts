// A gated MLP as one kernel versus the same as three: the same bits, whatever the number of rows and threads.
import { describe, expect, it } from 'vitest'
import { cpuBackend } from '../../src/backends/cpu/cpu.js'
import type { WeightBits } from '../../src/backends/backend.js'
import type { PlannedWeight } from '../../src/backends/formats/weights.js'
import { gatesOf } from '../../src/backends/plan/lower/gates.js'
import { Lowering } from '../../src/backends/plan/lower/lowering.js'
import { GraphBuilder, matrix, vector } from '../../src/graph/builder.js'
import type { Activation, Value, View } from '../../src/graph/ops.js'
import { allOps, type Program } from '../../src/graph/program.js'
import { weightsFor } from '../ops/random-weights.js'
import { loadRunner, logitsOf } from '../runner.js'

// 83 columns: ten groups of eight rows of the matrices, and three rows.
const [D, F, TOKENS] = [96, 83, 150]
const CLAMPED: Activation = { alpha: 1.7, limit: 2, upOffset: 1 }

interface Mlp {
  readonly activation?: Activation
  /** Biases of zero, with which nothing is done in one. */
  readonly bias?: boolean
  /** What else reads the gate. */
  readonly more?: (b: GraphBuilder, gate: Value, product: Value) => Value
  /** What up multiplies instead of what the gate does. */
  readonly upReads?: (b: GraphBuilder, x: Value) => View
}

function programOf({ activation = 'silu', bias = false, more, upReads }: Mlp): Program {
  const b = new GraphBuilder()
  const x = b.embed(matrix('x', TOKENS, D))
  const zero = bias ? vector('zero', F) : undefined
  const gate = b.linear(x, matrix('gate', F, D), zero)
  const up = b.linear(upReads ? upReads(b, x) : x, matrix('up', F, D), zero)
  const product = b.gatedMul(gate, up, activation)
  const result = more?.(b, gate, product) ?? product
  return b.build(b.linear(b.selectRows(result), matrix('down', TOKENS, F)), 256)
}

async function resultsOf(program: Program, quantize: WeightBits, threads: number, counts: readonly number[]) {
  const weights = weightsFor({ zero: () => 0, x: (i) => (i % 211 === 7 ? 40 : Math.sin(i * 0.7)) })
  const runner = await loadRunner(cpuBackend, program, weights, { precision: 'fast', quantize, threads })
  await runner.reservePages(4)
  const results: Float32Array[] = []
  for (const count of counts) {
    const tokens = Int32Array.from({ length: count }, (_, i) => (i * 7) % TOKENS)
    const positions = Int32Array.from(tokens, (_, i) => i)
    const step = { tokens, positions, sequences: new Int32Array(count), logitRows: positions }
    results.push(await logitsOf(runner, { ...step, pageTables: [Int32Array.of(0, 1, 2, 3)] }))
  }
  await runner.close()
  return results
}

describe('a gated MLP in one kernel gives the bits of three', () => {
  it.each([
    { quantize: 'q8', activation: 'silu', threads: 1 },
    { quantize: 'q8', activation: 'gelu_tanh', threads: 2 },
    { quantize: 'q4', activation: CLAMPED, threads: 2 },
    { quantize: 'q5', activation: 'situ', threads: 3 },
    { quantize: 'q6', activation: 'silu', threads: 2 },
  ] as const)('%o', async ({ quantize, activation, threads }) => {
    const counts = [1, 2, 5, 16, 17, 33, 64, 65, 150]
    const [one, three] = [programOf({ activation }), programOf({ activation, bias: true })]
    const expected = await resultsOf(three, quantize, threads, counts)
    expect(await resultsOf(one, quantize, threads, counts)).toEqual(expected)
  })
})

describe('what is done in one', () => {
  const gatesIn = (program: Program, integers = true, bankOf = allOps(program).map(() => 0)): number => {
    const planned = new Map(['gate', 'up', 'down'].map((name) => [name, { format: 'int8' } as PlannedWeight]))
    return gatesOf(program, bankOf, new Lowering(planned, integers, 'f16')).size
  }

  it('is a product of two matrices of blocks that read the same, and that nothing else reads', () => {
    expect(gatesIn(programOf({}))).toBe(1)
    expect(gatesIn(programOf({}), false)).toBe(0)
    expect(gatesIn(programOf({ bias: true }))).toBe(0)
    expect(gatesIn(programOf({ more: (b, gate, product) => b.add(gate, product) }))).toBe(0)
    expect(gatesIn(programOf({ upReads: (b, x) => b.scale(x, 2) }))).toBe(0)
  })

  it('lies in one memory', () => {
    const program = programOf({})
    const apart = allOps(program).map(({ op }) => (op.op === 'gatedMul' ? 1 : 0))
    expect(gatesIn(program, true, apart)).toBe(0)
  })
})
