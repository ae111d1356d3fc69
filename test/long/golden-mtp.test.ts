// The embedded model's layer for further tokens (MTP) against the same formulas in float64: tools/oracle/make_mtp.py.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { PAGE_SIZE, type Backend } from '../../src/backends/backend.js'
import { cpuBackend } from '../../src/backends/cpu/cpu.js'
import { referenceBackend } from '../../src/backends/reference/reference.js'
import { nodeFiles } from '../../src/checkpoint/files/node.js'
import { openCheckpoint } from '../../src/models/open.js'
import { readSafetensorsHeader } from '../../src/checkpoint/safetensors/header.js'
import { loadEngine } from '../../src/engine/load.js'
import { buildProgram } from '../../src/models/registry.js'
import { FIXTURES } from '../golden/harness.js'
import { draftLogitsOf, loadRunner, logitsOf, type RunnerOptions } from '../runner.js'

const MINI = fileURLToPath(new URL('../../models/mini', import.meta.url))
const TOLERANCE = 1e-3

/** ids [T], logits [T, V], draft [T - 1, V]. */
async function readFixture(): Promise<{ ids: number[]; logits: Float32Array; draft: Float32Array }> {
  const source = (await (await nodeFiles(join(FIXTURES, 'mtp'))).open('mini.safetensors'))!
  const header = await readSafetensorsHeader(source)
  const bytes = async (name: string): Promise<ArrayBuffer> => {
    const { start, end } = header.get(name)!
    return (await source.read(start, end - start)).slice().buffer
  }
  const ids = Array.from(new BigInt64Array(await bytes('ids')), Number)
  const tensors = {
    ids,
    logits: new Float32Array(await bytes('logits')),
    draft: new Float32Array(await bytes('draft')),
  }
  await source.close()
  return tensors
}

const BACKENDS: { name: string; backend: Backend; options: RunnerOptions }[] = [
  { name: 'reference', backend: referenceBackend, options: {} },
  { name: 'cpu, 2 threads', backend: cpuBackend, options: { threads: 2 } },
  // The model and its layer in different memories.
  { name: 'cpu, memories of 1 MB', backend: cpuBackend, options: { threads: 2, bankBytes: 1 << 20 } },
]

describe.each(BACKENDS)('$name', ({ backend, options }) => {
  it('drafts as the formulas say, for chunks of 1, 7 and all', async () => {
    const { ids, logits, draft } = await readFixture()
    const checkpoint = await openCheckpoint(await nodeFiles(MINI))
    const program = await buildProgram(checkpoint, { mtp: true })
    const runner = await loadRunner(backend, program, checkpoint, {
      ...{ precision: 'exact', stepTokens: 128, maxLogitRows: 128 },
      ...options,
    })
    const pages = Math.ceil(ids.length / PAGE_SIZE)
    await runner.reservePages(pages)
    const V = program.vocabSize
    const worst = (found: Float32Array, expected: Float32Array, from: number): number =>
      found.reduce((most, value, i) => Math.max(most, Math.abs(value - expected[from * V + i]!)), 0)
    for (const chunk of [1, 7, ids.length]) {
      for (let from = 0; from < ids.length; from += chunk) {
        const tokens = Int32Array.from(ids.slice(from, from + chunk))
        const rows = tokens.map((_, i) => i)
        const step = {
          tokens,
          positions: rows.map((i) => from + i),
          sequences: new Int32Array(tokens.length),
          pageTables: [Int32Array.from({ length: pages }, (_, i) => i)],
          logitRows: rows,
        }
        expect(worst(await logitsOf(runner, step), logits, from)).toBeLessThan(TOLERANCE)
        // The last token has no successor.
        const known = rows.filter((i) => from + i + 1 < ids.length)
        if (known.length === 0) continue
        const next = { ...step, tokens: known.map((i) => ids[from + i + 1]!), hiddenRows: known, logitRows: known }
        const drafted = await draftLogitsOf(runner, { ...next, positions: known.map((i) => from + i) })
        expect(worst(drafted, draft, from)).toBeLessThan(TOLERANCE)
      }
    }
    await runner.close()
    await checkpoint.close()
  })
})

it('takes the rows that it is told', async () => {
  const { ids, draft } = await readFixture()
  const checkpoint = await openCheckpoint(await nodeFiles(MINI))
  const program = await buildProgram(checkpoint, { mtp: true })
  for (const { backend, options } of BACKENDS) {
    const runner = await loadRunner(backend, program, checkpoint, {
      ...{ precision: 'exact', stepTokens: 128, maxLogitRows: 128 },
      ...options,
    })
    await runner.reservePages(4)
    // Two sequences in one step; the draft takes the second one, which comes after.
    const own = ids.slice(0, 20)
    const tokens = Int32Array.from([...own.slice(0, 9), ...own])
    await logitsOf(runner, {
      tokens,
      positions: tokens.map((_, i) => (i < 9 ? i : i - 9)),
      sequences: tokens.map((_, i) => (i < 9 ? 0 : 1)),
      pageTables: [Int32Array.of(0), Int32Array.of(1)],
      logitRows: Int32Array.of(0),
    })
    const rows = Int32Array.from({ length: 19 }, (_, i) => i)
    const step = {
      tokens: rows.map((i) => own[i + 1]!),
      positions: rows,
      sequences: rows.map(() => 1),
      pageTables: [Int32Array.of(0), Int32Array.of(1)],
      logitRows: rows,
      hiddenRows: rows.map((i) => i + 9),
    }
    const drafted = await draftLogitsOf(runner, step)
    const worst = drafted.reduce((most, value, i) => Math.max(most, Math.abs(value - draft[i]!)), 0)
    expect(worst).toBeLessThan(TOLERANCE)
    await runner.close()
  }
  await checkpoint.close()
})

it.each(['exact', 'fast'] as const)('drafts the first tokens of the vocabulary alone (%s)', async (precision) => {
  const { ids } = await readFixture()
  const checkpoint = await openCheckpoint(await nodeFiles(MINI))
  const program = await buildProgram(checkpoint, { mtp: true })
  const V = program.vocabSize
  for (const { backend, options } of BACKENDS) {
    if (precision === 'fast' && backend === referenceBackend) continue
    const runner = await loadRunner(backend, program, checkpoint, { precision, maxLogitRows: 8, ...options })
    await runner.reservePages(1)
    const tokens = Int32Array.from(ids.slice(0, 8))
    const rows = tokens.map((_, i) => i)
    const place = { positions: rows, sequences: rows.map(() => 0), pageTables: [Int32Array.of(0)], logitRows: rows }
    const logits = await logitsOf(runner, { ...place, tokens })
    const step = { ...place, tokens: Int32Array.from(ids.slice(1, 9)), hiddenRows: rows }
    const all = await draftLogitsOf(runner, step)
    for (const vocab of [64, 192, V]) {
      // The model's own head is as it was.
      expect(await logitsOf(runner, { ...place, tokens })).toEqual(logits)
      const found = await draftLogitsOf(runner, { ...step, vocab })
      expect(found).toEqual(all.filter((_, i) => i % V < vocab))
    }
    await runner.close()
  }
  await checkpoint.close()
})

const heldout = readFileSync(`${MINI}/heldout.jsonl`, 'utf8')
  .trim()
  .split('\n')
  .map((line) => (JSON.parse(line) as { prompt: string }).prompt)

describe('the embedded model with mtp', () => {
  it('answers held-out questions as without, alone and in a batch, and most guesses are right', async () => {
    const prompts = heldout.filter((_, i) => i % 60 === 0)
    const plain = await loadEngine(MINI, { threads: 1 })
    const guessing = await loadEngine(MINI, { threads: 1, speculate: 'mtp' })
    const ask = (engine: typeof plain, prompt: string, sampling: object) =>
      engine.chat([{ role: 'user', content: prompt }], { maxTokens: 160, ...sampling }).result
    let [drafted, accepted] = [0, 0]
    const together = prompts.map((prompt) => ask(guessing, prompt, { temperature: 0 }))
    for (const [i, prompt] of prompts.entries()) {
      for (const sampling of [{ temperature: 0 }, { temperature: 1, seed: 7 }]) {
        const expected = await ask(plain, prompt, sampling)
        const { ids, text, speculation } = await ask(guessing, prompt, sampling)
        expect({ ids, text }).toEqual({ ids: expected.ids, text: expected.text })
        drafted += speculation!.drafted
        accepted += speculation!.accepted
      }
      const alone = await ask(plain, prompt, { temperature: 0 })
      expect((await together[i]!).ids).toEqual(alone.ids)
    }
    // One of 288 by chance.
    expect(accepted / drafted).toBeGreaterThan(0.8)
    await plain.close()
    await guessing.close()
  })

  it('costs memory only where it is asked for, and is refused where there is none', async () => {
    const plain = await loadEngine(MINI, { threads: 1 })
    const guessing = await loadEngine(MINI, { threads: 1, speculate: 'mtp' })
    expect(guessing.info.weightBytes).toBeGreaterThan(plain.info.weightBytes)
    expect(guessing.info.activeWeightBytes).toBe(plain.info.activeWeightBytes)
    expect(guessing.info).toMatchObject({ layers: plain.info.layers, parameters: plain.info.parameters })
    await expect(plain.generate([1], { speculate: 'mtp' }).result).rejects.toThrow(/loaded without its layer/)
    await plain.close()
    await guessing.close()
    const without = (name: string) => loadEngine(join(FIXTURES, 'golden', name), { speculate: 'mtp' })
    await expect(without('qwen3')).rejects.toMatchObject({ code: 'unsupported_model' })
    await expect(without('kimi-k2')).rejects.toThrow(/num_nextn_predict_layers|tensors of the layer/)
  })
})
