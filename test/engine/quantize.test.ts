import { expect, it } from 'vitest'
import { memoryFiles } from '../../src/checkpoint/files/memory.js'
import { nodeFiles } from '../../src/checkpoint/files/node.js'
import type { FileSet } from '../../src/checkpoint/files/source.js'
import { decodeBytes, decodeRows } from '../../src/checkpoint/formats/decode.js'
import type { WrittenFormat } from '../../src/checkpoint/formats/ggml-writers.js'
import { openGgufFile } from '../../src/checkpoint/gguf/file.js'
import { storedTensor } from '../../src/checkpoint/tensor.js'
import { BlockEncoder } from '../../src/backends/cpu/quantize/encoder.js'
import { quantizeModel } from '../../src/engine/quantize/quantize.js'
import { formatOf, type QuantizeTarget } from '../../src/checkpoint/gguf/mixes.js'
import { loadEngineFrom } from '../../src/engine/load.js'
import type { LoadOptions } from '../../src/engine/options.js'
import { openCheckpoint } from '../../src/models/open.js'
import { concat } from '../checkpoint/build.js'

const PLAIN = 'test/fixtures/golden-gguf/llama-plain/model.gguf'

/** Weights as models have them: a bell, with an outlier here and there. */
function weights(count: number): Float32Array {
  let state = 1
  const uniform = (): number => ((state = (Math.imul(state, 1664525) + 1013904223) >>> 0) + 0.5) / 2 ** 32
  return Float32Array.from({ length: count }, (_, i) => {
    const bell = Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform())
    return bell * (i % 97 === 0 ? 0.08 : 0.02)
  })
}

/** Root of the mean squared error, by that of the weights. */
function error(values: Float32Array, rounded: Float32Array): number {
  const [wrong, all] = [0, 0].map((_, which) =>
    values.reduce((sum, value, i) => sum + (which === 0 ? value - rounded[i]! : value) ** 2, 0),
  )
  return Math.sqrt(wrong! / all!)
}

it('rounds with less error than the bits allow by plain rounding', async () => {
  const encoder = await BlockEncoder.create()
  const values = weights(4 * 768)
  const errorIn = (format: WrittenFormat): number =>
    error(values, decodeBytes(format, encoder.encode(format, values, 768), 4, 768))
  // Plain rounding to Q4_0, the largest value to code -8, and to Q4_1, the smallest and the largest to 0 and 15.
  const plain = values.map((value, i) => {
    const block = values.subarray(i - (i % 32), i - (i % 32) + 32)
    const extreme = block.reduce((a, b) => (Math.abs(b) > Math.abs(a) ? b : a))
    return Math.max(-8, Math.min(7, Math.round(value / (extreme / -8)))) * (extreme / -8)
  })
  const between = values.map((value, i) => {
    const block = values.subarray(i - (i % 32), i - (i % 32) + 32)
    const [least, step] = [Math.min(...block), (Math.max(...block) - Math.min(...block)) / 15]
    return least + Math.round((value - least) / step) * step
  })
  expect(errorIn('q4_0')).toBeLessThan(0.98 * error(values, plain))
  expect(errorIn('iq4_nl')).toBeLessThan(0.82 * error(values, plain))
  for (const format of ['q4_1', 'q4_k'] as const) expect(errorIn(format)).toBeLessThan(0.98 * error(values, between))
  for (const format of ['q5_1', 'q5_k'] as const) expect(errorIn(format)).toBeLessThan(0.5 * errorIn('q4_1'))
  expect(errorIn('q5_0')).toBeLessThan(0.052)
  expect(errorIn('q6_k')).toBeLessThan(0.021)
  expect(errorIn('q8_0')).toBeLessThan(0.0067)
})

async function quantized(files: FileSet, to: QuantizeTarget): Promise<Uint8Array> {
  const pieces: Uint8Array[] = []
  const { bytes } = await quantizeModel(files, to, (piece) => Promise.resolve(void pieces.push(piece.slice())))
  const all = concat(...pieces)
  expect(all.length).toBe(bytes)
  return all
}

it.each(['q4', 'Q5_K_S', 'IQ4_NL'] as const)(
  '%s: writes a file that opens, with matrices near those of the source',
  async (to) => {
    const bytes = await quantized(await nodeFiles(PLAIN), to)
    const [source, out] = await Promise.all([
      openGgufFile(await nodeFiles(PLAIN), 'model.gguf'),
      openGgufFile(memoryFiles('memory', { 'model.gguf': bytes }), 'model.gguf'),
    ])
    expect(out.tensors.map(({ name, shape }) => ({ name, shape }))).toEqual(
      source.tensors.map(({ name, shape }) => ({ name, shape })),
    )
    for (const [i, tensor] of out.tensors.entries()) {
      const [before, after] = [source.tensors[i]!, tensor].map((each) =>
        storedTensor({ ...each, format: each.type!.format!, offset: each.start }),
      )
      const values = await decodeRows(before!, 0, before!.rows)
      expect(error(values, await decodeRows(after!, 0, after!.rows)), tensor.name).toBeLessThan(0.12)
      const wanted = formatOf(to, { name: tensor.name, cols: before!.cols, layers: 2 })
      expect(after!.format).toBe(tensor.shape.length > 1 ? (wanted ?? before!.format) : before!.format)
    }
    await Promise.all([source.close(), out.close()])
  },
)

it('writes a model that answers, and refuses to round it again', async () => {
  const files = memoryFiles('memory', { 'model.gguf': await quantized(await nodeFiles(PLAIN), 'q4') }, 'model.gguf')
  await using engine = await loadEngineFrom(await openCheckpoint(files), { threads: 1 })
  const { ids } = await engine.generate([1, 2, 3], { maxTokens: 4, ignoreEos: true }).result
  expect(ids).toHaveLength(4)
  await expect(quantized(files, 'q8')).rejects.toThrow(/expected a model in F32, F16 or BF16, found the tensor .* in Q/)
})

it('loads floats in four bits with scales that are searched for, nearer to exact than plain rounding (0.2)', async () => {
  const { logits: exact } = await logitsWith({ precision: 'exact' })
  expect(error(exact, (await logitsWith({ quantize: 'q4' })).logits)).toBeLessThan(0.13)
})

it.each(['q4', 'q5', 'q6'] as const)('finds the same scales with any number of threads, %s', async (quantize) => {
  const { logits } = await logitsWith({ quantize })
  for (const threads of [2, 3]) expect((await logitsWith({ quantize, threads })).logits).toEqual(logits)
})

async function logitsWith(options: LoadOptions): Promise<{ logits: Float32Array; weightBytes: number }> {
  const files = await nodeFiles(PLAIN)
  await using engine = await loadEngineFrom(await openCheckpoint(files), { threads: 1, ...options })
  const logits = await engine.logits(Array.from({ length: 24 }, (_, i) => (7 * i) % 50))
  return { logits, weightBytes: engine.info.weightBytes }
}

it('loads floats in five and in six bits: between four and eight, in memory and in what is lost', async () => {
  const { logits: exact } = await logitsWith({ precision: 'exact' })
  const found = await Promise.all(
    (['q4', 'q5', 'q6', 'q8'] as const).map(async (quantize) => {
      const { logits, weightBytes } = await logitsWith({ quantize })
      return { weightBytes, error: error(exact, logits) }
    }),
  )
  for (const [i, { weightBytes, error: lost }] of found.slice(1).entries()) {
    expect(weightBytes).toBeGreaterThan(found[i]!.weightBytes)
    expect(lost).toBeLessThan(0.75 * found[i]!.error)
  }
})
