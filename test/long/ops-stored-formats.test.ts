// Every stored format on every backend: what its kernels hold is what the plain decoder says.
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import type { Backend } from '../../src/backends/backend.js'
import { planWeight } from '../../src/backends/formats/weights.js'
import type { Checkpoint, StoredTensor } from '../../src/checkpoint/checkpoint.js'
import { decodeRows } from '../../src/checkpoint/formats/decode.js'
import { FORMATS, type FormatName } from '../../src/checkpoint/formats/formats.js'
import { memoryFiles, memorySource } from '../../src/checkpoint/files/memory.js'
import { openCheckpoint } from '../../src/models/open.js'
import { readSafetensorsHeader } from '../../src/checkpoint/safetensors/header.js'
import { storedTensor } from '../../src/checkpoint/tensor.js'
import { GraphBuilder, matrix } from '../../src/graph/builder.js'
import type { Program } from '../../src/graph/program.js'
import { concat, f32 } from '../checkpoint/build.js'
import { folderOf, STORED } from '../checkpoint/layouts.js'
import { loadRunner, logitsOf, type RunnerOptions } from '../runner.js'
import { BACKENDS, underTest } from '../ops/backends.js'

const fixture = fileURLToPath(new URL('../fixtures/ggml-blocks.safetensors', import.meta.url))
// A whole group of rows, and a part of one.
const ROWS = 11

/** Rows of the fixture's blocks, each row beginning with another one. */
async function ggmlTensors(): Promise<StoredTensor[]> {
  const source = memorySource(fixture, Uint8Array.from(readFileSync(fixture)))
  const entries = [...(await readSafetensorsHeader(source)).values()].filter(({ name }) => name.endsWith('.bytes'))
  return Promise.all(
    entries.map(async ({ name, start, end }) => {
      const format = name.slice(0, -6).toLowerCase() as FormatName
      const bytes = await source.read(start, end - start)
      const { blockBytes, blockCols } = FORMATS[format]
      const rotated = (by: number): Uint8Array =>
        concat(bytes.subarray((by * blockBytes) % bytes.length), bytes.subarray(0, (by * blockBytes) % bytes.length))
      const rows = concat(...Array.from({ length: ROWS }, (_, row) => rotated(row)))
      const cols = (bytes.length / blockBytes) * blockCols
      return storedTensor({ name: 'x', format, shape: [ROWS, cols], source: memorySource('x', rows), offset: 0 })
    }),
  )
}

async function publishedTensors(): Promise<{ label: string; tensor: StoredTensor }[]> {
  return Promise.all(
    STORED.map(async (stored) => {
      const checkpoint = await openCheckpoint(memoryFiles('model', folderOf(stored)))
      return { label: stored.name, tensor: checkpoint.tensor('x.weight', stored.shape) }
    }),
  )
}

const cases = [
  ...(await ggmlTensors()).map((tensor) => ({ label: `GGUF ${tensor.format}`, tensor })),
  ...(await publishedTensors()),
]

/** The tensor as `x`, and activations of the right width as `e`. */
function checkpointOf(x: StoredTensor, activations: Float32Array): Checkpoint {
  const source = memorySource('e', f32(...activations))
  const e = storedTensor({ name: 'e', format: 'f32', shape: [activations.length / x.cols, x.cols], source, offset: 0 })
  return {
    ...{ name: 'test', config: {} },
    names: () => ['x', 'e'],
    has: () => true,
    tensor: (name) => (name === 'x' ? x : e),
    file: () => Promise.resolve(undefined),
    json: () => Promise.resolve(undefined),
    close: () => Promise.resolve(),
  }
}

/** Logits of a backend that is loaded once: of each list of tokens, fed at once. */
async function runEach(
  backend: Backend,
  program: Program,
  checkpoint: Checkpoint,
  lists: readonly (readonly number[])[],
  options: RunnerOptions = {},
): Promise<Float32Array[]> {
  const limits = { stepTokens: 16, maxLogitRows: 16, threads: 2 }
  const runner = await loadRunner(backend, program, checkpoint, { precision: 'exact', ...limits, ...options })
  await runner.reservePages(1)
  const all: Float32Array[] = []
  for (const tokens of lists) {
    const rows = Int32Array.from(tokens, (_, i) => i)
    const step = { positions: rows, sequences: new Int32Array(tokens.length), logitRows: rows }
    all.push(await logitsOf(runner, { tokens: Int32Array.from(tokens), pageTables: [Int32Array.of(0)], ...step }))
  }
  await runner.close()
  return all
}

async function run(...[backend, program, checkpoint, tokens, options]: RunArguments): Promise<Float32Array> {
  return (await runEach(backend, program, checkpoint, [tokens], options))[0]!
}
type RunArguments = [Backend, Program, Checkpoint, readonly number[], RunnerOptions?]

const TOKENS = 5

// The reference holds what the decoder gives.
const others = BACKENDS.filter(({ name }) => name !== 'reference')

describe.each(others)('$name', ({ backend }) =>
  describe.each(cases)('$label', ({ tensor }) => {
    const { rows, cols } = tensor
    const activations = Float32Array.from({ length: TOKENS * cols }, (_, i) => Math.sin(i * 0.7) * (1 + (i % 3)))
    const checkpoint = checkpointOf(tensor, activations)
    const multiply = (): Program => {
      const graph = new GraphBuilder()
      const x = graph.selectRows(graph.embed(matrix('e', TOKENS, cols)))
      return graph.build(graph.linear(x, matrix('x', rows, cols)), 64)
    }

    it('is widened to the same bits as by the plain decoder', async () => {
      const graph = new GraphBuilder()
      const program = graph.build(graph.selectRows(graph.embed(matrix('x', rows, cols))), 64)
      const ids = Array.from({ length: Math.min(rows, cols, 12) }, (_, i) => i)
      const expected = await decodeRows(tensor, 0, ids.length)
      const found = await run(backend, program, checkpoint, ids)
      // Code 8 of e2m1 is -0; the kernels have one zero.
      const zero = (values: Float32Array): Float32Array => values.map((value) => value + 0)
      expect(zero(found)).toEqual(zero(expected))
    })

    it('multiplies as the reference does in exact, and near it in fast, for one token and for many', async () => {
      // Ids are those of a vocabulary of `rows`.
      const tokens = [0, 1, 2, 3, 4].map((i) => i % rows)
      const expected = await run(underTest('reference').backend, multiply(), checkpoint, tokens)
      const distance = (found: Float32Array): number =>
        Math.hypot(...found.map((v, i) => v - expected[i]!)) / Math.hypot(...expected)
      const one = tokens.map((token) => [token])
      const [exact, ...alone] = await runEach(backend, multiply(), checkpoint, [tokens, ...one])
      expect(distance(exact!)).toBeLessThan(1e-5)
      for (const [i, found] of alone.entries()) expect(found).toEqual(exact!.slice(i * rows, (i + 1) * rows))
      const fast = await run(backend, multiply(), checkpoint, tokens, { precision: 'fast' })
      expect(distance(fast)).toBeLessThan(0.03)
      const single = await run(backend, multiply(), checkpoint, tokens.slice(3, 4), { precision: 'fast', threads: 1 })
      expect(single).toEqual(fast.slice(3 * rows, 4 * rows))
    })
  }),
)

describe('memory', () => {
  const bitsOf = (tensor: StoredTensor, precision: 'exact' | 'fast'): number => {
    const weight = { ...matrix('x', 4096, tensor.cols), shape: [4096, tensor.cols] }
    const placed = planWeight(weight, { ...tensor, rows: 4096 }, new Set(['linear']), { precision })
    return (placed.bytes * 8) / (4096 * tensor.cols)
  }

  it('keeps formats of four bits in less than six, and all other blocks in ten', () => {
    const four = ['q4_0', 'q4_1', 'q4_k', 'iq4_nl', 'iq4_xs', 'mxfp4', 'fp4', 'int4_packed', 'tq1_0', 'tq2_0']
    for (const { tensor, label } of cases) {
      const small = four.includes(tensor.format)
      const element = FORMATS[tensor.format].blockCols === 1
      const bits = element ? bitsOf(tensor, 'exact') : Math.max(bitsOf(tensor, 'exact'), bitsOf(tensor, 'fast'))
      if (!element) expect(bits, label).toBeLessThanOrEqual(small ? 6 : 10)
    }
    const q4_k = cases.find(({ tensor }) => tensor.format === 'q4_k')!.tensor
    expect(bitsOf(q4_k, 'fast')).toBe(4.5)
  })
})
